"""Credentials, tokens and sessions: who may change whose, what ends with what, and that it ends at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.guard.core import AGENT, OPERATOR
from tests.guard.device import Device
from tests.guard.lodge import BETTER, GOOD, Lodge, lodged, secret_of

from remit.guard.credentials import FRESH_NS
from remit.guard.errors import NotAuthenticated
from remit.guard.issuing import SESSIONS_MAX, NewToken
from remit.guard.uses import IDLE_NS, Uses
from remit.kernel import command as c
from remit.kernel.names import Role
from remit.kernel.numbers import NANOSECONDS

MINUTE = 60 * NANOSECONDS


async def token(lodge: Lodge, role: Role, name: str) -> str:
    secret, _ = await lodge.handle.issue(OPERATOR, NewToken(role=role, name=name, owner=name))
    return secret


async def following(lodge: Lodge, secret: str) -> asyncio.Task[str]:
    """Follow the journal with a token; the task's result is how the stream ended."""
    by = lodge.identity.authenticate(secret, "http")

    async def follow() -> str:
        try:
            async for _ in lodge.handle.followers.stream(by, 0):
                pass
        except NotAuthenticated as fault:
            return fault.code
        return "ended"

    task = asyncio.ensure_future(follow())
    await lodge.core.rest()
    return task


# Credentials


def test_ones_own_password_takes_the_current_one() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        here, there = [(await lodge.sign_in(person="bob", password=GOOD))["secret"] for _ in range(2)]
        change = {"kind": "set_password", "password": BETTER}
        assert await lodge.code_of(lodge.ask(here, change)) == "sign_in_failed"
        assert await lodge.code_of(lodge.ask(here, {**change, "current": BETTER})) == "sign_in_failed"
        done = await lodge.ask(here, {**change, "current": GOOD})
        assert done["signed_out"] >= 1
        assert await lodge.code_of(lodge.me(there)) == "not_authenticated"
        assert (await lodge.me(here))["name"] == "bob"
        assert (await lodge.sign_in(person="bob", password=BETTER))["person"] == "bob"

    lodged(main)


def test_who_is_shut_out_while_a_password_is_hashed_sets_none() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        here = (await lodge.sign_in(person="bob", password=GOOD))["secret"]
        before = len(lodge.entered(c.CredentialSet))
        lodge.core.world.working.clear()
        change = {"kind": "set_password", "password": BETTER, "current": GOOD}
        changing = asyncio.ensure_future(lodge.ask(here, change))
        await lodge.core.rest()
        await lodge.core.enter(OPERATOR, c.SetPerson(name="bob", role="approver", disabled=True, why="was it bob?"))
        lodge.core.world.working.set()
        assert await lodge.code_of(changing) == "not_authenticated"
        assert len(lodge.entered(c.CredentialSet)) == before
        await lodge.core.enter(OPERATOR, c.SetPerson(name="bob", role="approver", why="back"))
        assert await lodge.code_of(lodge.sign_in(person="bob", password=BETTER)) == "sign_in_failed"

    lodged(main)


def test_an_operators_own_file_sets_a_password_without_one() -> None:
    async def main(lodge: Lodge) -> None:
        for password in (GOOD, BETTER):
            assert (await lodge.ask(lodge.ann, {"kind": "set_password", "password": password}))["must_change"] is False
        begun = await lodge.sign_in(person="ann", password=BETTER)
        again = {"kind": "set_password", "password": GOOD}
        assert await lodge.code_of(lodge.ask(begun["secret"], again)) == "sign_in_failed"

    lodged(main)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "set_password", "person": "ann", "password": BETTER},
        {"kind": "remove_totp", "person": "ann"},
        {"kind": "remove_passkey", "person": "ann", "passkey": "00"},
        {"kind": "sign_out", "person": "ann", "everywhere": True},
    ],
)
def test_nobody_but_an_operator_changes_anothers(body: dict[str, Any]) -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        begun = await lodge.sign_in(person="bob", password=GOOD)
        assert await lodge.code_of(lodge.ask(begun["secret"], body)) == "not_authorised"
        if body["kind"] != "sign_out":
            stranger = {**body, "person": "zoe"}
            assert await lodge.code_of(lodge.ask(lodge.ann, stranger)) == "person_unknown"

    lodged(main)


@pytest.mark.parametrize("kind", ["set_password", "begin_totp", "new_code", "sign_out"])
def test_machines_have_no_credentials(kind: str) -> None:
    async def main(lodge: Lodge) -> None:
        secret, _ = await lodge.handle.issue(OPERATOR, NewToken(role="agent", name=AGENT.name, owner="ann"))
        body = {"kind": kind, **({"password": GOOD} if kind == "set_password" else {})}
        assert await lodge.code_of(lodge.ask(secret, body)) == "not_authorised"

    lodged(main)


def test_an_old_session_changes_nothing_of_itself() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        begun = await lodge.sign_in(person="bob", password=GOOD)
        lodge.core.world.pass_time(FRESH_NS + 1)
        for body in ({"kind": "begin_totp"}, {"kind": "begin_passkey"}, {"kind": "set_password", "password": BETTER}):
            assert await lodge.code_of(lodge.ask(begun["secret"], body)) == "sign_in_again"
        assert (await lodge.ask(begun["secret"], {"kind": "sign_out"}))["signed_out"] == 1

    lodged(main)


def test_a_lost_factor_is_taken_away_by_an_operator() -> None:
    """It is journalled with who did it, and it ends what was open."""

    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        device = Device()
        key = await lodge.with_passkey("bob", device)
        begun = await lodge.by_passkey(device)
        await lodge.ask(lodge.ann, {"kind": "remove_passkey", "person": "bob", "passkey": key})
        assert lodge.entered(c.CredentialSet)[-1] == c.CredentialSet(
            person="bob", credential="passkey", by_person="ann", removed=True
        )
        assert await lodge.code_of(lodge.me(begun["secret"])) == "not_authenticated"
        assert await lodge.code_of(lodge.by_passkey(device)) == "sign_in_failed"
        assert (await lodge.sign_in(person="bob", password=GOOD))["person"] == "bob"
        await lodge.with_app("bob")
        await lodge.ask(lodge.ann, {"kind": "remove_totp", "person": "bob"})
        assert (await lodge.sign_in(person="bob", password=GOOD))["person"] == "bob"
        assert await lodge.code_of(lodge.ask(lodge.ann, {"kind": "remove_totp", "person": "bob"})) == (
            "credential_invalid"
        )

    lodged(main)


def test_an_app_counts_once_it_has_shown_its_code() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        begun = await lodge.sign_in(person="bob", password=GOOD)
        wrong = lodge.ask(begun["secret"], {"kind": "confirm_totp", "code": "000000"})
        assert await lodge.code_of(wrong) == "credential_invalid"
        await lodge.ask(begun["secret"], {"kind": "begin_totp"})
        assert (await lodge.sign_in(person="bob", password=GOOD))["person"] == "bob"
        lodge.core.world.pass_time(601 * NANOSECONDS)
        assert (await lodge.me(begun["secret"]))["totp"] is False

    lodged(main)


# A token that leaked


async def leaks(lodge: Lodge) -> tuple[str, str]:
    """A token of bob's in other hands: its secret and its id."""
    secret = await token(lodge, "approver", "bob")
    return secret, lodge.identity.authenticate(secret, "http").token


@pytest.mark.parametrize("way", ["token", "code"])
@pytest.mark.parametrize("has", ["password", "totp", "passkey"])
def test_a_token_alone_changes_no_credential_where_its_person_has_one(has: str, way: str) -> None:
    async def main(lodge: Lodge) -> None:
        secret, _ = await leaks(lodge)
        await lodge.with_password("bob")
        device, key = Device(), "00"
        if has == "totp":
            await lodge.with_app("bob")
        elif has == "passkey":
            key = await lodge.with_passkey("bob", device)
        if way == "code":
            code = (await lodge.ask(secret, {"kind": "new_code"}))["code"]
            secret = (await lodge.sign_in("code", code=code))["secret"]
        asking = [
            {"kind": "begin_totp"},
            {"kind": "confirm_totp", "code": "000000"},
            {"kind": "remove_totp"},
            {"kind": "remove_totp", "person": "bob"},
            {"kind": "begin_passkey"},
            {"kind": "finish_passkey", "ceremony": "0", "response": {}, "name": "x"},
            {"kind": "remove_passkey", "passkey": key},
        ]
        before = len(lodge.entered(c.CredentialSet))
        for body in asking:
            assert await lodge.code_of(lodge.ask(secret, body)) == "sign_in_again", body
        assert await lodge.code_of(lodge.ask(secret, {"kind": "set_password", "password": BETTER})) == "sign_in_failed"
        assert len(lodge.entered(c.CredentialSet)) == before

    lodged(main)


@pytest.mark.parametrize("way", ["token", "code"])
@pytest.mark.parametrize("what", ["password", "totp", "passkey", "passkey by password"])
def test_what_a_token_alone_set_ends_when_it_is_revoked(what: str, way: str) -> None:
    """However far the thief went with it: what was set by what it set, and every session of those."""

    async def main(lodge: Lodge) -> None:
        secret, id_ = await leaks(lodge)
        device, sessions = Device(), []
        if way == "code":
            code = (await lodge.ask(secret, {"kind": "new_code"}))["code"]
            secret = (await lodge.sign_in("code", code=code))["secret"]
        if what in ("password", "passkey by password"):
            await lodge.ask(secret, {"kind": "set_password", "password": GOOD})
            secret = (await lodge.sign_in(person="bob", password=GOOD))["secret"]
            sessions.append(secret)
        if what == "totp":
            shown = await lodge.ask(secret, {"kind": "begin_totp"})
            await lodge.ask(secret, {"kind": "confirm_totp", "code": lodge.code(secret_of(shown["secret"]))})
        if what.startswith("passkey"):
            asked = await lodge.ask(secret, {"kind": "begin_passkey"})
            answer = {"ceremony": asked["ceremony"], "response": device.make(asked["options"]), "name": "phone"}
            await lodge.ask(secret, {"kind": "finish_passkey", **answer})
            sessions.append((await lodge.by_passkey(device))["secret"])
        assert {body.through for body in lodge.entered(c.CredentialSet)} == {id_}
        for session in sessions:
            assert (await lodge.me(session))["name"] == "bob"
        await lodge.core.enter(OPERATOR, c.RevokeToken(token=id_, why="it leaked"))
        for session in sessions:
            assert await lodge.code_of(lodge.me(session)) == "not_authenticated"
        if what in ("password", "passkey by password"):
            assert await lodge.code_of(lodge.sign_in(person="bob", password=GOOD)) == "sign_in_failed"
        if what.startswith("passkey"):
            assert await lodge.code_of(lodge.by_passkey(device)) == "sign_in_failed"
        rows = await lodge.ask(lodge.ann, {"view": "people"}, "read")
        (bob,) = [row for row in rows if row["name"] == "bob"]
        assert (bob["password"], bob["totp"], bob["passkeys"]) == (False, False, [])
        await lodge.with_password("bob", BETTER)  # bob himself comes in again
        await lodge.with_passkey("bob", own := Device(), BETTER)
        assert (await lodge.by_passkey(own))["person"] == "bob"

    lodged(main)


def test_what_a_token_set_outlives_its_expiry_and_another_password() -> None:
    """Only a revocation says that it was in other hands; and who signs in with a password that was set anew owes the
    token nothing."""

    async def main(lodge: Lodge) -> None:
        grant = NewToken(role="approver", name="bob", owner="bob", expires_at=lodge.core.loop.now() + MINUTE)
        secret, record = await lodge.handle.issue(OPERATOR, grant)
        await lodge.ask(secret, {"kind": "set_password", "password": GOOD})
        lodge.core.world.pass_time(2 * MINUTE)
        assert await lodge.code_of(lodge.me(secret)) == "not_authenticated"
        assert (await lodge.sign_in(person="bob", password=GOOD))["person"] == "bob"
        await lodge.with_password("bob", BETTER)
        body = record.command.body
        assert isinstance(body, c.IssueToken)
        await lodge.core.enter(OPERATOR, c.RevokeToken(token=body.grant.token, why="it leaked"))
        assert (await lodge.sign_in(person="bob", password=BETTER))["person"] == "bob"

    lodged(main)


def test_a_secret_that_was_shown_to_a_token_is_not_the_one_its_person_is_shown() -> None:
    async def main(lodge: Lodge) -> None:
        secret, _ = await leaks(lodge)
        shown = await lodge.ask(secret, {"kind": "begin_totp"})
        await lodge.with_password("bob")
        begun = await lodge.sign_in(person="bob", password=GOOD)
        assert (await lodge.ask(begun["secret"], {"kind": "begin_totp"}))["secret"] != shown["secret"]

    lodged(main)


# Sessions


def test_signing_out_here_and_everywhere() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        secrets = [(await lodge.sign_in(person="bob", password=GOOD))["secret"] for _ in range(4)]
        await lodge.ask(secrets[0], {"kind": "sign_out"})
        assert await lodge.code_of(lodge.me(secrets[0])) == "not_authenticated"
        assert (await lodge.me(secrets[1]))["name"] == "bob"
        await lodge.ask(secrets[1], {"kind": "sign_out", "everywhere": True})
        for secret in secrets:
            assert await lodge.code_of(lodge.me(secret)) == "not_authenticated"
        again = (await lodge.sign_in(person="bob", password=GOOD))["secret"]
        assert (await lodge.ask(lodge.ann, {"kind": "sign_out", "person": "bob"}))["signed_out"] == 1
        assert await lodge.code_of(lodge.me(again)) == "not_authenticated"
        not_one = lodge.ask(lodge.ann, {"kind": "sign_out"})
        assert await lodge.code_of(not_one) == "request_malformed"

    lodged(main)


def test_a_session_ends_after_twelve_hours_and_after_an_idle_one() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        used, idle = [(await lodge.sign_in(person="bob", password=GOOD))["secret"] for _ in range(2)]
        for _ in range(12 * 60 - 1):
            lodge.core.world.pass_time(MINUTE)
            assert (await lodge.me(used))["name"] == "bob"
        assert await lodge.code_of(lodge.me(idle)) == "not_authenticated"
        lodge.core.world.pass_time(MINUTE)
        assert await lodge.code_of(lodge.me(used)) == "not_authenticated"

    lodged(main)


def test_uses_survive_a_restart() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.me(lodge.ann)
        rows = await lodge.ask(lodge.ann, {"view": "tokens"}, "read")
        (row,) = [row for row in rows if row["name"] == "ann"]
        assert row["prefix"] == lodge.ann[: len("remit_op_") + 6]
        assert row["last_use"] == lodge.core.loop.now() // MINUTE * MINUTE
        lodge.identity.write(now=True)
        again = Uses(lodge.core.world.store("tokens"))
        assert again.last(row["token"]) == row["last_use"]

    lodged(main)


def test_a_person_has_so_many_sessions() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        begun = []
        for _ in range(SESSIONS_MAX + 2):
            lodge.core.world.pass_time(NANOSECONDS)
            begun.append((await lodge.sign_in(person="bob", password=GOOD))["secret"])
        assert await lodge.code_of(lodge.me(begun[0])) == "not_authenticated"
        assert len((await lodge.me(begun[-1]))["sessions"]) == SESSIONS_MAX
        kept = len(lodge.core.vault.tokens(lodge.core.world).ids())
        assert kept <= SESSIONS_MAX + 3  # the hashes of what ended are gone with the next sign-in

    lodged(main)


def test_idle_is_counted_from_the_last_use() -> None:
    assert IDLE_NS == 60 * MINUTE


# Tokens


def test_a_token_is_rotated_with_an_overlap() -> None:
    async def main(lodge: Lodge) -> None:
        old = await token(lodge, "approver", "bob")
        id_ = lodge.identity.authenticate(old, "http").token
        made = await lodge.ask(lodge.ann, {"kind": "rotate_token", "token": id_, "overlap_s": 60})
        grant = made["command"]["body"]["grant"]
        assert (grant["name"], grant["role"], grant["replaces"]) == ("bob", "approver", id_)
        for secret in (old, made["secret"]):
            assert (await lodge.me(secret))["name"] == "bob"
        lodge.core.world.pass_time(61 * NANOSECONDS)
        assert await lodge.code_of(lodge.me(old)) == "not_authenticated"
        assert (await lodge.me(made["secret"]))["name"] == "bob"
        again = await lodge.ask(lodge.ann, {"kind": "rotate_token", "token": id_})
        assert "secret" not in again and again["events"][-1]["code"] == "not_possible"
        nobody = lodge.ask(lodge.ann, {"kind": "rotate_token", "token": "T-0"})
        assert await lodge.code_of(nobody) == "request_malformed"

    lodged(main)


def test_nobody_rotates_or_replaces_without_leave() -> None:
    async def main(lodge: Lodge) -> None:
        bob = await token(lodge, "approver", "bob")
        id_ = lodge.identity.authenticate(bob, "http").token
        refused = await lodge.ask(bob, {"kind": "rotate_token", "token": id_})
        assert "secret" not in refused and refused["events"][-1]["code"] == "not_authorised"

    lodged(main)


def test_whoever_holds_a_token_may_give_it_up_and_nobody_elses() -> None:
    async def main(lodge: Lodge) -> None:
        agent, _ = await lodge.handle.issue(OPERATOR, NewToken(role="agent", name=AGENT.name, owner="ann"))
        bob = await token(lodge, "approver", "bob")
        own = lodge.identity.authenticate(agent, "http").token
        other = {"kind": "revoke_token", "token": lodge.identity.authenticate(bob, "http").token, "why": "x"}
        refused = await lodge.ask(agent, other)
        assert refused["events"][-1]["code"] == "not_authorised"
        await lodge.ask(agent, {"kind": "revoke_token", "token": own, "why": "done"})
        assert await lodge.code_of(lodge.me(agent)) == "not_authenticated"

    lodged(main)


# Streams


@pytest.mark.parametrize("how", ["revoke", "sign_out", "disable", "expire", "idle", "parent"])
def test_a_stream_ends_with_its_token(how: str) -> None:
    """At the next look of the guard, four times a second, whether anything happens or not."""

    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        secret = (await lodge.sign_in(person="bob", password=GOOD))["secret"]
        if how == "parent":
            code = (await lodge.ask(await token(lodge, "approver", "bob"), {"kind": "new_code"}))["code"]
            secret = (await lodge.sign_in("code", code=code))["secret"]
        stream = await following(lodge, secret)
        by = lodge.identity.authenticate(secret, "http")
        if how == "revoke":
            await lodge.core.enter(OPERATOR, c.RevokeToken(token=by.token, why="stolen"))
        elif how == "sign_out":
            await lodge.ask(secret, {"kind": "sign_out"})
        elif how == "disable":
            await lodge.core.enter(OPERATOR, c.SetPerson(name="bob", role="approver", disabled=True, why="left"))
        elif how == "expire":
            for _ in range(12 * 60):
                lodge.core.world.pass_time(MINUTE)
                lodge.identity._uses.seen(by.token, lodge.core.loop.now())
        elif how == "idle":
            lodge.core.world.pass_time(IDLE_NS + 2 * MINUTE)
        else:
            parent = lodge.core.kernel.state.tokens[by.token].parent
            await lodge.core.enter(OPERATOR, c.RevokeToken(token=parent, why="stolen"))
        lodge.handle.followers.look()
        await lodge.core.rest()
        assert stream.done() and stream.result() == "not_authenticated"

    lodged(main)


def test_a_stream_of_a_token_that_stands_goes_on() -> None:
    async def main(lodge: Lodge) -> None:
        stream = await following(lodge, lodge.ann)
        lodge.core.world.pass_time(24 * 60 * MINUTE)
        lodge.handle.followers.look()
        await lodge.core.rest()
        assert not stream.done()
        stream.cancel()

    lodged(main)
