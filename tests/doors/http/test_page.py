"""The page of approvals: the bytes that are served, and what a person does with it, before a real guard."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.doors.http.conftest import LIMITS, Door
from tests.guard.lodge import secret_of

import remit.doors.http
from remit.guard.totp import code_at
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.numbers import Money, parse

FOLDER = Path(remit.doors.http.__file__).parent / "page"
FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/approvals/r1a2b3c4d-17": ("page.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="no node on this machine to run the page's script")
FIRST, GOOD = "first of all words", "correct horse battery"


@pytest.mark.parametrize("path", FILES)
def test_the_page_is_served_as_it_stands_in_the_package(door: Door, path: str) -> None:
    name, media = FILES[path]
    answer = door.http("nobody").get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    assert answer.content == (FOLDER / name).read_bytes()
    assert answer.headers["cache-control"] == "no-cache"
    tag = answer.headers["etag"]
    for known in (tag, f'W/{tag}, "other"'):
        again = door.http("nobody").get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert "default-src 'none'" in again.headers["content-security-policy"]
    assert door.http("nobody").get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    bare = door.http("nobody").head(path, headers={"If-None-Match": tag})
    assert (bare.status_code, bare.headers["content-length"]) == (200, str(len(answer.content)))


def test_the_policy_lets_the_page_work_and_nothing_else() -> None:
    """No script or style within the page, nothing from elsewhere, and no way for a text to become markup."""
    html, script, style = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.html", "page.js", "page.css"))
    assert re.findall(r"<script[^>]*>", html) == ['<script src="/page.js" type="module">'] and "></script>" in html
    assert "<style" not in html and not re.search(r'\s(style|on\w+)="', html)
    for text in (html, script, style):
        assert not re.search(r"https?://|[\"'(]//", text)
    for way in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "setAttribute",
                "DOMParser", ".style", "localStorage", "sessionStorage", "document.cookie", "srcdoc"):  # fmt: skip
        assert way not in script, way
    assert "url(" not in style and "@import" not in style
    assert len(script.splitlines()) < 300 and len(style.splitlines()) < 80
    asked = set(re.findall(r"[\"`](/v1/[a-z/-]+)", script))
    assert asked == {"/v1/session", "/v1/session/code", "/v1/session/password", "/v1/session/sign-out", "/v1/approvals",
                     "/v1/approvals/", "/v1/orders/"}  # fmt: skip


def test_the_wheel_brings_the_page() -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    root = Path(__file__).resolve().parents[3]
    packed = {found.distribution_path for found in wheel.WheelBuilder(str(root)).recurse_included_files()}
    assert {f"remit/doors/http/page/{name}" for name, _ in FILES.values()} <= packed


# What a person does


class Browser:
    """The page in as much of a browser as its script needs; `shown` is what can be seen after each step."""

    def __init__(self, door: Door) -> None:
        command = [str(NODE), str(Path(__file__).with_name("browser.mjs")), FOLDER / "page.js", FOLDER / "page.html"]
        self._url = door.url
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.shown: dict[str, Any] = {}

    def step(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        self.shown = json.loads(self._process.stdout.readline())
        assert self.shown["fault"] == "", self.shown
        return self.shown

    def open(self, path: str) -> dict[str, Any]:
        return self.step(open=self._url + path)

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@pytest.fixture
def browser(door: Door) -> Iterator[Browser]:
    browser = Browser(door)
    try:
        yield browser
    finally:
        browser.close()


def code_of(door: Door, who: str = "operator") -> str:
    return str(door.processes.say({"kind": "new_code"}, who)["code"])


def held(door: Door, quantity: str = "10") -> str:
    said = door.http("momentum").post("/v1/orders", json=door.order(quantity)).json()
    assert said["verdict"] == "hold", said
    return str(said["order"])


def answer_of(door: Door, order: str) -> tuple[str, str]:
    told = door.http("momentum").get(f"/v1/orders/{order}/approval").json()
    return told["answer"], told["why"]


@needs_node
def test_remit_open_leads_to_what_waits_and_an_approval_lets_it_go(door: Door, browser: Browser) -> None:
    assert "Nothing waits for approval." in browser.open(f"/#code={code_of(door)}")["main"]
    assert browser.shown["address"] == door.url + "/", "the code is gone from the address"
    assert (browser.shown["who"], browser.shown["out"]) == ("owner, operator", True)
    small, large = held(door, "10"), held(door, "12")
    shown = browser.step(press="Look again")
    assert shown["links"] == [f"/approvals/{large}", f"/approvals/{small}"]
    shown = browser.open(shown["links"][0])
    digest = door.http("ada").get(f"/v1/approvals/{large}").json()["digest"]
    for text in ("Worth at most\n1200 USD", "Worst price\n100", "0 bps, from 100", "no limit on it", "momentum",
                 "Time left\n4 min", "training", digest, "1000"):  # fmt: skip
        assert text in shown["main"], (text, shown["main"])
    assert browser.step(press="Approve")["note"] == "Approved: the order may go out."
    sent = browser.shown["sent"][-1]
    assert (sent["path"], json.loads(sent["body"])) == (f"/v1/approvals/{large}/approve", {"digest": digest})
    assert sent["key"].startswith("page-")
    assert answer_of(door, large)[0] == "released"
    assert "Its answer: released" in browser.open(f"/approvals/{large}")["note"]
    browser.open(f"/approvals/{small}")
    asked = len(browser.shown["sent"])
    assert len(browser.step(press="Decline")["sent"]) == asked, "not without a reason"
    hostile = "<img src=x onerror=alert(1)>"
    assert browser.step(fill={"Why not": hostile}, press="Decline")["note"] == "Declined: nothing goes out."
    assert answer_of(door, small) == ("declined", hostile)
    assert hostile in browser.open(f"/approvals/{small}")["note"]
    shown = browser.step(press="Sign out")
    assert (shown["note"], shown["who"], shown["out"]) == ("You are signed out.", "", False)
    assert browser.open("/")["note"] == "You are signed out."


@needs_node
def test_an_approval_is_of_what_was_shown(door: Door, browser: Browser) -> None:
    """A mandate that changed meanwhile ends the order, and a price that ran away denies it: both are said."""
    limits = msgspec.structs.replace(LIMITS, approval_drift_max_bps=10)
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=limits, why="no further than that"))
    browser.open(f"/#code={code_of(door)}")
    browser.open(f"/approvals/{held(door)}")
    assert "at most 10 bps" in browser.shown["main"]
    door.processes.say(c.Marked(marks=(door.processes.quote("100.60"),)), "bars")
    shown = browser.step(press="Approve")
    assert shown["note"].startswith("Judged again and denied") and "approval_drift_max_bps" in shown["main"]
    door.processes.say(c.Marked(marks=(door.processes.quote("100"),)), "bars")
    order = held(door)
    browser.open(f"/approvals/{order}")
    wider = msgspec.structs.replace(LIMITS, order_notional_max=parse(Money, "6000"))
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=wider, why="another version"))
    assert browser.step(press="Approve")["note"]
    assert answer_of(door, order)[0] != "released"
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=LIMITS, why="as before"))


@needs_node
def test_a_first_password_is_changed_and_an_app_is_asked_for(door: Door, browser: Browser) -> None:
    door.processes.say(c.AddPerson(person=access.Person(name="bob", role="approver")))
    door.http().post("/v1/people/bob/password", json={"password": FIRST})
    order = held(door)
    assert browser.open(f"/approvals/{order}")["note"] == "You are signed out."
    assert browser.step(fill={"Name": "bob", "Password": "wrong"}, press="Sign in")["note"].startswith(
        "the sign-in failed"
    )
    assert "New password" not in browser.shown["main"] and "Code of your app" not in browser.shown["main"]
    browser.step(fill={"Password": FIRST}, press="Sign in")
    assert "somebody else set this password" in browser.shown["note"]
    new = "New password (12 characters or more)"
    browser.step(fill={new: GOOD, "New password again": GOOD + "!"}, press="Sign in")
    assert browser.shown["note"] == "The two new passwords differ."
    browser.step(fill={"New password again": GOOD}, press="Sign in")
    assert browser.shown["who"] == "bob, approver" and "Approve" in browser.shown["main"]
    secret = app_of(door)
    browser.step(press="Sign out")
    browser.step(fill={"Name": "bob", "Password": GOOD}, press="Sign in")
    assert "a password alone is not enough" in browser.shown["note"] and browser.shown["who"] == ""
    browser.step(fill={"Code of your app": code_at(secret, int(time.time()) // 30 + 1)}, press="Sign in")
    assert browser.shown["who"] == "bob, approver"
    assert browser.step(press="Approve")["note"] == "Approved: the order may go out."
    assert answer_of(door, order)[0] == "released"


def app_of(door: Door) -> bytes:
    """Give bob an app for codes, from another browser; its secret."""
    http = door.http("nobody")
    begun = http.post("/v1/session/password", json={"person": "bob", "password": GOOD}).json()
    value = {"X-Remit-CSRF": begun["csrf"]}
    secret = secret_of(http.post("/v1/me/totp", headers=value).json()["secret"])
    code = code_at(secret, int(time.time()) // 30)
    assert http.post("/v1/me/totp/confirm", headers=value, json={"code": code}).json()["totp"] is True
    http.cookies.clear()
    return secret


@needs_node
def test_an_answer_that_is_sent_again_after_a_broken_link_acts_once(door: Door, browser: Browser) -> None:
    browser.open(f"/#code={code_of(door)}")
    order = held(door)
    browser.open(f"/approvals/{order}")
    assert browser.step(cut=True, press="Approve")["note"].startswith("It is not known whether this took effect.")
    assert answer_of(door, order)[0] == "released"
    assert browser.step(cut=False, press="Approve")["note"] == "Approved: the order may go out."
    first, again = browser.shown["sent"][-2:]
    assert first["key"] == again["key"] != "" and first["body"] == again["body"]


@needs_node
def test_who_only_looks_is_told_so_and_an_ended_session_too(door: Door, browser: Browser) -> None:
    order = held(door)
    browser.open(f"/#code={code_of(door, 'otto')}")
    shown = browser.open(f"/approvals/{order}")
    assert shown["who"] == "otto, auditor" and "You see this as auditor; others answer it." in shown["main"]
    browser.open(f"/#code={code_of(door)}")
    browser.open(f"/approvals/{order}")
    for row in door.http().get("/v1/tokens").json()["items"]:
        if row["session"] and row["state"] == "valid" and row["name"] == "owner":
            door.http().post(f"/v1/tokens/{row['token']}/revoke", json={"why": "laptop lost"})
    shown = browser.step(press="Approve")
    assert shown["note"] == "You are signed out. Your session has ended." and "Sign in" in shown["main"]
    assert answer_of(door, order)[0] == "waiting"


@needs_node
def test_what_cannot_be_is_said_plainly(door: Door, browser: Browser) -> None:
    assert browser.open("/#code=" + "0" * 48)["note"].startswith("This code does not sign in")
    assert browser.shown["address"] == door.url + "/"
    browser.open(f"/#code={code_of(door)}")
    assert browser.open("/approvals/none-1")["note"] != "" and "Try again" in browser.shown["main"]
    assert browser.open("/#code=" + "0" * 48)["note"].startswith("This code does not sign in")
    assert browser.shown["who"] == "owner, operator", "the session from before goes on"


@needs_node
def test_a_guard_that_is_away_is_said_and_comes_back(door: Door, browser: Browser) -> None:
    browser.open(f"/#code={code_of(door)}")
    order = held(door)
    browser.open(f"/approvals/{order}")
    door.processes.kill_guard()
    try:
        assert browser.step(press="Approve")["note"].startswith("The guard is away")
        assert browser.open("/")["note"].startswith("The guard is away")
    finally:
        door.processes.start_guard()
    assert order in str(browser.step(press="Try again")["links"])
