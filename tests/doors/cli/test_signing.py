"""Signing in, seen to from the command line, with a real guard behind it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.doors.cli.house import Outcome, invoke
from tests.guard.lodge import secret_of
from tests.guard.processes import Processes, trading

from remit.doors.cli.signing import ADDRESS
from remit.guard.totp import code_at
from remit.guard.wire import Client, GuardRefused
from remit.kernel import access
from remit.kernel import command as c

GOOD, BETTER = "correct horse battery", "plough the narrow field"


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """A guard with two people: the operator `owner`, and the approver `bob`, each with a token."""
    for processes in trading(Path(tmp_path_factory.mktemp("signing"))):
        for name, role in (("owner", "operator"), ("bob", "approver")):
            processes.say(c.AddPerson(person=access.Person(name=name, role=role)))  # type: ignore[arg-type]
        asked = {"kind": "new_token", "role": "approver", "name": "bob", "owner": "bob"}
        processes.secrets["bob"] = processes.say(asked)["secret"]
        yield processes


def run(guard: Processes, *words: str, who: str = "operator", given: str | None = None) -> Outcome:
    env = {"REMIT_HOME": str(guard.home), "REMIT_TOKEN": guard.secrets[who], "REMIT_SOCKET": None, "COLUMNS": "200"}
    found = invoke(*words, given=given, **env)
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return Outcome(found.exit_code, found.stdout, found.stderr)


def sign_in(guard: Processes, **body: Any) -> Any:
    with Client(guard.home / "guard.sock", "", door="test") as client:
        return client.ask("sign_in", {"kind": "password", **body})


def test_a_first_password_and_ones_own(guard: Processes) -> None:
    assert run(guard, "person", "password", "bob", "--stdin", given=f"{GOOD}\n").code == 0
    with pytest.raises(GuardRefused, match="password_change_needed"):
        sign_in(guard, person="bob", password=GOOD)
    assert sign_in(guard, person="bob", password=GOOD, new_password=BETTER)["person"] == "bob"
    wrong = run(guard, "person", "password", "--stdin", who="bob", given=f"nothing like it\n{GOOD}\n")
    assert (wrong.code, "sign_in_failed" in wrong.err) == (1, True)
    right = run(guard, "person", "password", "--stdin", "--json", who="bob", given=f"{BETTER}\n{GOOD}\n")
    assert right.json == {"person": "bob", "must_change": False, "signed_out": 1}
    other = run(guard, "person", "password", "owner", "--stdin", who="bob", given=f"{GOOD}\n")
    assert (other.code, "not_authorised" in other.err) == (1, True)
    for shown in (wrong, right, other):
        assert GOOD not in shown.out + shown.err and BETTER not in shown.out + shown.err


def test_nothing_secret_is_asked_where_nobody_sits(guard: Processes) -> None:
    asked = run(guard, "person", "password", "bob", given="")
    assert (asked.code, "no_terminal" in asked.err) == (2, True)


def test_an_app_for_codes(guard: Processes) -> None:
    begun = run(guard, "person", "totp", "--json").json
    assert begun["uri"].startswith("otpauth://totp/Remit%3Aowner?secret=" + begun["secret"])
    code = code_at(secret_of(begun["secret"]), int(time.time()) // 30)
    assert run(guard, "person", "totp", "--code", code).code == 0
    listed = run(guard, "person", "list", "--json").json
    assert next(row for row in listed if row["name"] == "owner")["totp"] is True
    alone = run(guard, "person", "totp", who="bob")
    assert (alone.code, "sign_in_again" in alone.err) == (1, True), "a token alone, where there is a password"
    assert run(guard, "person", "totp", "owner", who="bob").code == 2
    assert run(guard, "person", "totp", "owner", "--remove").code == 0
    gone = run(guard, "person", "totp", "bob", "--remove")
    assert (gone.code, "credential_invalid" in gone.err) == (1, True)


def test_passkeys_are_listed(guard: Processes) -> None:
    assert run(guard, "person", "passkeys", "--json", who="bob").json == []
    assert run(guard, "person", "passkeys", "bob", "--remove", "00").code == 1


def test_sessions_end_from_here(guard: Processes) -> None:
    run(guard, "person", "password", "bob", "--stdin", given=f"{GOOD}\n")
    sign_in(guard, person="bob", password=GOOD, new_password=BETTER)
    assert run(guard, "person", "sign-out", "bob", "--json").json == {"person": "bob", "signed_out": 1}


def test_a_browser_is_opened_once(guard: Processes) -> None:
    closed = run(guard, "open", "--print")
    assert (closed.code, "doors_not_running" in closed.err) == (1, True)
    (guard.home / ADDRESS).write_text("http://127.0.0.1:9999\n")
    url, _, code = run(guard, "open", "--print").out.strip().partition("/#code=")
    assert url == "http://localhost:9999"
    with Client(guard.home / "guard.sock", "", door="test") as client:
        begun = client.ask("sign_in", {"kind": "code", "code": code})
        assert (begun["person"], begun["role"]) == ("owner", "operator")
        with pytest.raises(GuardRefused, match="sign_in_failed"):
            client.ask("sign_in", {"kind": "code", "code": code})


def test_tokens_are_told_apart_and_rotated(guard: Processes) -> None:
    rows = run(guard, "token", "list", "--json").json
    assert not any(row["session"] for row in rows)
    assert any(row["session"] for row in run(guard, "token", "list", "--sessions", "--json").json)
    row = next(row for row in rows if row["name"] == "bob")
    assert guard.secrets["bob"].startswith(row["prefix"]) and row["last_use"] is not None
    rotated = run(guard, "token", "rotate", row["token"], "--overlap", "0s", "--json").json
    listed = {row["token"]: row for row in run(guard, "token", "list", "--json").json}
    grant = rotated["command"]["body"]["grant"]
    assert (listed[row["token"]]["state"], listed[grant["token"]]["state"]) == ("expired", "valid")
    assert rotated["secret"] not in json.dumps(listed)
    assert run(guard, "token", "rotate", row["token"]).code == 1
    shown = run(guard, "token", "list")
    assert row["prefix"] in shown.out
