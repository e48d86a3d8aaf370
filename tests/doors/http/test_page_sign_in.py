"""How people come in at the page, in a real browser: passwords, codes of an app, passkeys."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx2
from tests.doors.http.approver import FIRST, GOOD, Approver, add_person, answer_of, app_of, held, set_password
from tests.doors.http.conftest import Door

from remit.guard.totp import code_at

NEW = "New password (12 characters or more)"
WITH = "Sign in with a passkey"


def sign_in(approver: Approver, name: str, password: str = GOOD) -> None:
    approver.fill(Name=name, Password=password)
    approver.press("Sign in")


def test_a_first_password_is_changed_and_an_app_is_asked_for(door: Door, approver: Approver) -> None:
    add_person(door, "bob")
    door.http().post("/v1/people/bob/password", json={"password": FIRST})
    order = held(door)
    approver.open(f"/approvals/{order}")
    assert approver.note == "You are signed out."
    sign_in(approver, "bob", "wrong")
    approver.told("The sign-in failed. Check the name, the password, and the code if one was asked for.")
    assert approver.page.get_by_label("Name").input_value() == "bob", "what was typed stays"
    assert "New password" not in approver.main and "Code of your app" not in approver.main
    sign_in(approver, "bob", FIRST)
    approver.told("Somebody else set this password.")
    approver.fill(**{NEW: GOOD, "New password again": GOOD + "!"})
    approver.press("Sign in")
    approver.told("The two new passwords differ.")
    approver.fill(**{"New password again": GOOD})
    approver.press("Sign in")
    approver.page.get_by_role("button", name="Approve").wait_for()
    assert approver.who == "bob, approver"
    secret = app_of(door, "bob")
    approver.press("Sign out")
    sign_in(approver, "bob")
    approver.told("A password alone is not enough.")
    assert approver.who == ""
    approver.page.keyboard.type(code_at(secret, int(time.time()) // 30 + 1))  # the field has the focus
    approver.page.keyboard.press("Enter")
    approver.page.get_by_role("button", name="Approve").wait_for()
    assert approver.who == "bob, approver"
    approver.press("Approve")
    approver.told("Approved: the order may go out.")
    assert answer_of(door, order)[0] == "released"


def test_a_passkey_is_added_and_signs_in_and_is_done_without(door: Door, approver: Approver) -> None:
    add_person(door, "eve")
    set_password(door, "eve")
    order = held(door)
    approver.open(f"/approvals/{order}")
    session, device = approver.device()
    sign_in(approver, "eve")
    approver.press("Passkeys")
    assert "You have none." in approver.main
    approver.press("Add a passkey")
    assert "You have none." in approver.main, "not without a name"
    approver.fill(What_you_call_it="phone")
    approver.press("Add a passkey")
    approver.told("Added: phone. From now on you can sign in with it.")
    assert re.search(r"phone added \d+ \w+ 20\d\d", approver.main)
    approver.fill(What_you_call_it="once more")
    approver.press("Add a passkey")
    approver.told("This device has a passkey of yours already. Sign in with it.")
    approver.press("Close")
    approver.press("Sign out")

    sign_in(approver, "eve")
    approver.told("A password alone is not enough. Sign in with your passkey.")
    assert approver.page.locator(":focus").inner_text() == WITH
    approver.page.keyboard.press("Enter")
    approver.page.get_by_role("button", name="Approve").wait_for()
    assert approver.who == "eve, approver"
    approver.press("Approve")
    approver.told("Approved: the order may go out.")
    assert answer_of(door, order)[0] == "released"

    approver.press("Passkeys")
    approver.press("Remove phone")
    approver.told("Removed: phone.")
    assert "You have none." in approver.main
    approver.press("Close")
    approver.press("Sign out")
    approver.press(WITH)
    approver.told("This passkey signs nobody in: it may have been removed here.")  # the device has it still
    session.send("WebAuthn.clearCredentials", {"authenticatorId": device})
    session.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    approver.press(WITH)
    approver.told("The device gave no passkey: it was refused, or took too long. Try again.")
    sign_in(approver, "eve")
    assert approver.who == "eve, approver", "without a second factor the password is enough again"


def test_what_a_device_proved_is_worth_nothing_again(door: Door, approver: Approver) -> None:
    """What a device proved to one challenge is no answer to another, nor after it was used."""
    add_person(door, "gus")
    approver.device()
    approver.enter(door, who="gus")
    approver.press("Passkeys")
    approver.fill(What_you_call_it="key")
    approver.press("Add a passkey")
    approver.told("Added: key.")
    approver.press("Close")
    approver.press("Sign out")
    approver.press(WITH)
    approver.page.locator("#who", has_text="gus, approver").wait_for()
    proof = next(sent for sent in reversed(approver.sent) if sent.url.endswith("/v1/session/passkey")).post_data_json
    with httpx2.Client(base_url=door.url) as thief:
        assert thief.post("/v1/session/passkey", json=proof).json()["code"] == "sign_in_failed"
        fresh = thief.post("/v1/session/passkey/options").json()["ceremony"]
        answer = thief.post("/v1/session/passkey", json={**proof, "ceremony": fresh})
        assert answer.json()["code"] == "sign_in_failed"


def test_a_bare_address_is_told_where_passkeys_work(door: Door, chromium: Any) -> None:
    approver = Approver(chromium, door.url)
    approver.device()
    approver.open("/")
    approver.press(WITH)
    approver.told(
        f"Passkeys belong to localhost, and this page is open at 127.0.0.1. Open it at http://localhost:{door.port}."
    )
    approver.close()


def test_who_is_no_person_of_the_book_is_told_how_to_become_one(door: Door, approver: Approver) -> None:
    approver.enter(door)
    approver.press("Passkeys")
    assert "owner is no person of the book yet" in approver.main
    assert "remit person add owner --role operator" in approver.main
    assert approver.page.get_by_role("button", name="Add a passkey").count() == 0


def test_an_old_session_signs_in_anew_before_it_adds_a_passkey(door: Door, approver: Approver) -> None:
    add_person(door, "ida")
    approver.device()
    approver.enter(door, who="ida")
    approver.press("Passkeys")
    said = ("this session is too old to change credentials", "Sign in again, then do it at once")
    told = {"status": 401, "code": "sign_in_again", "detail": said[0], "fix": said[1]}
    approver.page.route("**/v1/me/passkeys/options", lambda route: route.fulfill(status=401, json=told))
    approver.fill(What_you_call_it="key")
    approver.press("Add a passkey")
    approver.page.get_by_role("form", name="Sign in again").wait_for()
    assert approver.page.get_by_label("What you call it").input_value() == "key", "what was typed stays"
    assert approver.page.get_by_label("Name", exact=True).count() == 0, "the page stays, and who looks at it"
