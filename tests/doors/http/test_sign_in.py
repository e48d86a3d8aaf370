"""Signing in over HTTP: a session in a cookie that scripts cannot read, and that changes nothing by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tests.doors.http.conftest import Door
from tests.guard.device import Device
from tests.guard.lodge import secret_of

from remit.guard.totp import code_at
from remit.kernel import access
from remit.kernel import command as c

FIRST, GOOD = "first of all words", "correct horse battery"


@pytest.fixture(scope="module")
def bob(door: Door) -> str:
    """A person with a password of their own."""
    door.processes.say(c.AddPerson(person=access.Person(name="bob", role="approver")))
    operator = door.http()
    assert operator.post("/v1/people/bob/password", json={"password": FIRST}).json()["must_change"] is True
    with httpx2.Client(base_url=door.url) as browser:
        body = {"person": "bob", "password": FIRST}
        told = browser.post("/v1/session/password", json=body)
        assert (told.status_code, told.json()["code"]) == (401, "password_change_needed")
        assert browser.post("/v1/session/password", json={**body, "new_password": GOOD}).status_code == 200
    return "bob"


@pytest.fixture
def browser(door: Door, bob: str) -> Iterator[httpx2.Client]:
    """A browser in which bob is signed in; it does not send the CSRF value by itself."""
    with httpx2.Client(base_url=door.url) as browser:
        begun = browser.post("/v1/session/password", json={"person": bob, "password": GOOD})
        assert begun.status_code == 200, begun.text
        yield browser


def csrf(browser: httpx2.Client) -> dict[str, str]:
    return {"X-Remit-CSRF": browser.get("/v1/session").json()["csrf"]}


def test_the_cookie_and_nothing_else_has_the_secret(door: Door, bob: str) -> None:
    with httpx2.Client(base_url=door.url) as browser:
        begun = browser.post("/v1/session/password", json={"person": bob, "password": GOOD})
        cookie = begun.headers["set-cookie"]
        for flag in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
            assert flag in cookie
        secret = cookie.partition("=")[2].partition(";")[0]
        assert secret.startswith("remit_session_") and secret not in begun.text
        assert begun.headers["cache-control"] == "no-store"
        me = browser.get("/v1/session")
        assert secret not in me.text
        assert (me.json()["name"], me.json()["session"], me.json()["csrf"]) == ("bob", True, begun.json()["csrf"])


def test_a_wrong_password_is_told_like_a_wrong_name(door: Door, bob: str) -> None:
    with httpx2.Client(base_url=door.url) as browser:
        told = [
            browser.post("/v1/session/password", json={"person": person, "password": "x"}) for person in (bob, "zoe")
        ]
        assert [answer.status_code for answer in told] == [401, 401]
        assert told[0].json() == told[1].json() and "set-cookie" not in told[0].headers


def test_a_cookie_changes_nothing_by_itself(browser: httpx2.Client) -> None:
    """Not without the value that only the page can read, and not from another site's page."""
    body: dict[str, Any] = {"json": {"everywhere": False}}
    assert browser.post("/v1/session/sign-out", **body).json()["code"] == "csrf_refused"
    value = csrf(browser)
    for more in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.post("/v1/session/sign-out", headers={**value, **more}, **body).json()["code"] == "csrf_refused"
    assert browser.get("/v1/session").status_code == 200
    done = browser.post("/v1/session/sign-out", headers=value, **body)
    assert done.json() == {"person": "bob", "signed_out": 1} and "Max-Age=0" in done.headers["set-cookie"]


def test_another_sites_page_signs_nobody_in(door: Door, bob: str) -> None:
    with httpx2.Client(base_url=door.url, headers={"Origin": "https://evil.example"}) as browser:
        told = browser.post("/v1/session/password", json={"person": bob, "password": GOOD})
        assert told.json()["code"] == "csrf_refused" and "set-cookie" not in told.headers


def test_a_session_that_was_signed_out_is_worth_nothing(door: Door, browser: httpx2.Client) -> None:
    secret = browser.cookies["remit_session"]
    assert browser.post("/v1/session/sign-out", headers=csrf(browser), json={}).status_code == 200
    with httpx2.Client(base_url=door.url, cookies={"remit_session": secret}) as again:
        assert again.get("/v1/session").status_code == 401


def test_an_app_for_codes_from_the_browser(door: Door, browser: httpx2.Client) -> None:
    value = csrf(browser)
    shown = browser.post("/v1/me/totp", headers=value).json()
    secret = secret_of(shown["secret"])
    assert shown["uri"].startswith("otpauth://totp/Remit%3Abob?")
    code = code_at(secret, int(time.time()) // 30)
    assert browser.post("/v1/me/totp/confirm", headers=value, json={"code": code}).json()["totp"] is True
    with httpx2.Client(base_url=door.url) as other:
        told = other.post("/v1/session/password", json={"person": "bob", "password": GOOD})
        assert (told.json()["code"], told.json()["more"]) == ("second_factor_needed", {"factors": ["totp"]})
    gone = door.http().delete("/v1/people/bob/totp")
    assert gone.json()["totp"] is False and browser.get("/v1/session").status_code == 401


def test_a_passkey_from_the_browser(door: Door, browser: httpx2.Client) -> None:
    value, device = csrf(browser), Device()
    asked = browser.post("/v1/me/passkeys/options", headers=value).json()
    answer = {"ceremony": asked["ceremony"], "response": device.make(asked["options"]), "name": "phone"}
    added = browser.post("/v1/me/passkeys", headers=value, json=answer).json()
    assert (added["person"], added["name"]) == ("bob", "phone")
    with httpx2.Client(base_url=door.url) as other:
        asked = other.post("/v1/session/passkey/options").json()
        proof = {"ceremony": asked["ceremony"], "response": device.prove(asked["options"])}
        assert other.post("/v1/session/passkey", json=proof).json()["person"] == "bob"
        assert other.post("/v1/session/passkey", json=proof).json()["code"] == "sign_in_failed"
        gone = other.delete(f"/v1/me/passkeys/{added['passkey']}", headers=csrf(other))
        assert gone.json()["passkey"] == added["passkey"]


def test_a_code_of_the_command_line_opens_a_browser(door: Door) -> None:
    code = door.processes.say({"kind": "new_code"})["code"]
    with httpx2.Client(base_url=door.url) as browser:
        assert browser.post("/v1/session/code", json={"code": code}).json()["role"] == "operator"
        assert browser.get("/v1/session").json()["session"] is True
        assert browser.post("/v1/session/code", json={"code": code}).json()["code"] == "sign_in_failed"


def test_tokens_are_listed_issued_rotated_and_revoked(door: Door) -> None:
    operator = door.http()
    issued = operator.post("/v1/tokens", json={"role": "auditor", "name": "vera", "owner": "vera"}).json()
    rotated = operator.post(f"/v1/tokens/{issued['token']}/rotate", json={"overlap_s": 0}).json()
    with httpx2.Client(base_url=door.url) as vera:
        for secret, status in ((issued["secret"], 401), (rotated["secret"], 200)):
            assert vera.get("/v1/session", headers={"Authorization": f"Bearer {secret}"}).status_code == status
        rows = {row["token"]: row for row in operator.get("/v1/tokens").json()["items"]}
        row = rows[rotated["token"]]
        assert rotated["secret"].startswith(row["prefix"]) and len(row["prefix"]) == len("remit_auditor_") + 6
        assert (row["replaces"], row["state"], rows[issued["token"]]["state"]) == (issued["token"], "valid", "expired")
        assert row["last_use"] is not None and rotated["secret"] not in json.dumps(rows)
        own = {"Authorization": f"Bearer {rotated['secret']}"}
        refused = vera.post("/v1/tokens", headers=own, json={"role": "operator", "name": "vera", "owner": "vera"})
        assert refused.status_code == 403
        done = vera.post(f"/v1/tokens/{rotated['token']}/revoke", headers=own, json={"why": "done"})
        assert done.status_code == 200 and vera.get("/v1/session", headers=own).status_code == 401


def test_the_door_asks_before_anything_is_known(door: Door) -> None:
    with httpx2.Client(base_url=door.url) as browser:
        assert browser.get("/v1/session").json()["code"] == "token_missing"
        assert browser.post("/v1/me/totp").json()["code"] == "token_missing"
        agent = door.http("momentum").post("/v1/me/totp")
        assert (agent.status_code, agent.json()["code"]) == (403, "not_authorised")
