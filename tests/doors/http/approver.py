"""Somebody at the page, and what the rest of the house does meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.doors.http.browser import Visit
from tests.guard.lodge import secret_of

from remit.guard.totp import code_at
from remit.kernel import access
from remit.kernel import command as c

if TYPE_CHECKING:
    from tests.doors.http.conftest import Door

NOTES = ".banner, .field [role=alert], .toasts p"
FIRST, GOOD = "first of all words", "correct horse battery"


class Approver(Visit):
    """Presses and fills what they can see; `note` and `main` are what the page then says."""

    def open(self, path: str) -> None:
        """Open a path, and wait until the page shows something."""
        super().open(path)
        self.settled()

    def settled(self) -> None:
        """Wait until a screen is there and nothing of it is loading."""
        self.page.locator("main h1").first.wait_for()
        self.page.locator(".waiting").first.wait_for(state="detached")

    def press(self, name: str) -> None:
        """Press a button, and wait until what it does is done."""
        self.page.get_by_role("button", name=name, exact=True).click()
        self.done()

    def done(self) -> None:
        """Wait until nothing is under way."""
        self.page.locator("[aria-busy=true]").first.wait_for(state="detached")
        self.settled()

    def fill(self, **fields: str) -> None:
        """Fill in fields by their label, with `_` for each blank."""
        for label, value in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)

    def told(self, *words: str) -> None:
        """Wait until the page says these words in its notes, each of them."""
        for word in words:
            self.page.locator(NOTES, has_text=word).first.wait_for()

    @property
    def note(self) -> str:
        """What the page says of what was done, and of what went wrong."""
        return " ".join(self.page.locator(NOTES).all_inner_texts()).strip()

    @property
    def main(self) -> str:
        """What is shown, and in a dialog before it."""
        return "\n".join(self.page.locator("main, dialog[open]").all_inner_texts()).replace("\u00a0", " ")

    @property
    def who(self) -> str:
        found = self.page.locator("#who")
        return str(found.inner_text()) if found.count() else ""

    @property
    def links(self) -> list[str]:
        """Where the links to held orders lead."""
        return [link.get_attribute("href") for link in self.page.locator("main a[href^='/approvals/']").all()]

    def enter(self, door: Door, path: str = "/approvals", who: str = "operator") -> None:
        """Open a path, signed in by the code of `remit open`."""
        self.open(f"{path}#code={code_of(door, who)}")
        self.page.locator("#who").wait_for()
        self.settled()


def code_of(door: Door, who: str = "operator") -> str:
    return str(door.processes.say({"kind": "new_code"}, who)["code"])


def held(door: Door, quantity: str = "10") -> str:
    """An order of the agent that waits for a person."""
    said = door.http("momentum").post("/v1/orders", json=door.order(quantity)).json()
    assert said["verdict"] == "hold", said
    return str(said["order"])


def decline_all(door: Door) -> None:
    """Leave nothing that waits."""
    for row in door.http().get("/v1/approvals").json()["items"]:
        assert door.http().post(f"/v1/approvals/{row['order']}/decline", json={"why": "tidy"}).status_code == 200


def answer_of(door: Door, order: str) -> tuple[str, str]:
    told = door.http("momentum").get(f"/v1/orders/{order}/approval").json()
    return told["answer"], told["why"]


def add_person(door: Door, name: str) -> None:
    """Let there be an approver, with a token of their own."""
    door.processes.say(c.AddPerson(person=access.Person(name=name, role="approver")))
    asked = {"kind": "new_token", "role": "approver", "name": name, "owner": name}
    door.processes.secrets[name] = door.processes.say(asked)["secret"]


def set_password(door: Door, name: str) -> None:
    """Let a person sign in with the password `GOOD`."""
    assert door.http(name).post("/v1/me/password", json={"password": GOOD}).status_code == 200


def app_of(door: Door, name: str) -> bytes:
    """Give a person an app for codes, from another browser; its secret."""
    http = door.http("nobody")
    begun = http.post("/v1/session/password", json={"person": name, "password": GOOD}).json()
    value = {"X-Remit-CSRF": begun["csrf"]}
    secret = secret_of(http.post("/v1/me/totp", headers=value).json()["secret"])
    code = code_at(secret, int(time.time()) // 30)
    assert http.post("/v1/me/totp/confirm", headers=value, json={"code": code}).json()["totp"] is True
    http.cookies.clear()
    return secret


def end_sessions(door: Door, name: str) -> None:
    """Revoke every session of a name, as for a laptop that is lost."""
    for row in door.http().get("/v1/tokens").json()["items"]:
        if row["session"] and row["state"] == "valid" and row["name"] == name:
            door.http().post(f"/v1/tokens/{row['token']}/revoke", json={"why": "laptop lost"})
