"""Signing in: who proves to be who they are gets a session; everybody else is told one thing."""

from __future__ import annotations

import asyncio

import pytest
from tests.guard.core import OPERATOR
from tests.guard.lodge import BETTER, GOOD, Lodge, lodged

from remit.guard.attempts import FREE, PAUSE_S_MAX, TOTAL, pause_s
from remit.guard.errors import GuardError
from remit.guard.reach import reach
from remit.guard.signin import HASHING_MAX
from remit.kernel import command as c
from remit.kernel.event import Record
from remit.kernel.numbers import NANOSECONDS

ELSEWHERE = reach("127.0.0.1:8420", None, None, "https://remit.example.org", None)


def test_a_password_opens_a_session() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        begun = await lodge.sign_in(person="bob", password=GOOD)
        assert begun["secret"].startswith("remit_session_")
        me = await lodge.me(begun["secret"])
        assert (me["name"], me["role"], me["owner"], me["session"]) == ("bob", "approver", "bob", True)
        assert (me["password"], me["totp"], me["passkeys"]) == (True, False, [])
        noted = lodge.entered(c.SignedIn)[-1]
        assert (noted.person, noted.factor, noted.token) == ("bob", "password", begun["token"])
        assert begun["expires_at"] == lodge.core.loop.now() + 12 * 3600 * NANOSECONDS

    lodged(main)


def test_whoever_fails_is_told_the_same() -> None:
    """The journal knows why, and holds nothing that was typed."""

    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        await lodge.add("eve", "auditor")
        await lodge.with_password("eve")
        disabled = c.SetPerson(name="eve", role="auditor", disabled=True, why="left")
        await lodge.core.enter(OPERATOR, disabled)
        told = set()
        for person, password in (("bob", "wrong"), ("nobody at all", GOOD), ("ann", GOOD), ("eve", GOOD), ("", "")):
            fault = await lodge.refused(lodge.sign_in(person=person, password=password))
            told.add((fault.code, fault.message, fault.fix))
        fault = await lodge.refused(lodge.sign_in("code", code="f" * 48))
        told.add((fault.code, fault.message, fault.fix))
        assert len(told) == 1
        failed = [(body.why, body.person) for body in lodge.entered(c.SignInFailed)]
        assert failed == [
            ("password", "bob"), ("unknown_person", ""), ("unknown_person", "ann"), ("disabled", "eve"),
            ("unknown_person", ""), ("code", ""),
        ]  # fmt: skip

    lodged(main)


def test_no_secret_is_in_the_journal_or_in_a_file_as_it_is() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        secret = await lodge.with_app("bob")
        begun = await lodge.sign_in(person="bob", password=GOOD, code=lodge.code(secret))
        await lodge.refused(lodge.sign_in(person="bob", password="a wrong password"))
        lodge.identity.write(now=True)
        everything = b"".join(
            disk.read(name, 0, disk.size(name)) for disk in lodge.core.world.disks.values() for name in disk.names()
        )
        for hidden in (GOOD, "a wrong password", begun["secret"], begun["secret"][20:40]):
            assert hidden.encode() not in everything
        assert secret not in everything

    lodged(main)


def test_unknown_persons_cost_as_much_as_known_ones() -> None:
    """Counted in hashes, which is what takes the time."""

    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        work, hashes = lodge.core.world.work, []

        async def counted(job: object) -> object:
            hashes.append(job)
            return await work(job)  # type: ignore[arg-type]

        lodge.core.world.work = counted  # type: ignore[method-assign,assignment]
        counts = []
        for person in ("bob", "nobody", "ann"):
            hashes.clear()
            entries = len(lodge.on_disk())
            await lodge.refused(lodge.sign_in(person=person, password="wrong"))
            counts.append((len(hashes), len(lodge.on_disk()) - entries))
        assert counts == [(1, 1)] * 3

    lodged(main)


def test_orders_do_not_wait_for_a_hash() -> None:
    """However long it takes: here it never ends before the orders did."""

    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        lodge.core.world.working.clear()
        waiting = [asyncio.ensure_future(lodge.sign_in(person="bob", password=GOOD)) for _ in range(HASHING_MAX)]
        await lodge.core.rest()
        records: list[Record] = [await lodge.core.submit() for _ in range(20)]
        assert all(record.decision is not None and record.decision.verdict == "allow" for record in records)
        assert not any(task.done() for task in waiting)
        assert await lodge.code_of(lodge.sign_in(person="ann", password=GOOD)) == "too_many_attempts"
        lodge.core.world.working.set()
        assert all(begun["person"] == "bob" for begun in await asyncio.gather(*waiting))

    lodged(main)


def test_pauses_grow_and_end() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        for _ in range(FREE):
            assert await lodge.code_of(lodge.sign_in(person="bob", password="wrong")) == "sign_in_failed"
        paused = await lodge.refused(lodge.sign_in(person="bob", password=GOOD))
        assert (paused.code, paused.detail) == ("too_many_attempts", {"retry_after_s": 1})
        entries = len(lodge.on_disk())
        lodge.core.world.pass_time(NANOSECONDS)
        assert await lodge.code_of(lodge.sign_in(person="bob", password="wrong")) == "sign_in_failed"
        paused = await lodge.refused(lodge.sign_in(person="bob", password=GOOD))
        assert paused.detail == {"retry_after_s": 2}
        assert len(lodge.on_disk()) == entries + 1  # what is not looked at is not journalled
        assert await lodge.code_of(lodge.sign_in(person="eve", password=GOOD)) == "sign_in_failed"
        lodge.core.world.pass_time(2 * NANOSECONDS)
        assert (await lodge.sign_in(person="bob", password=GOOD))["person"] == "bob"
        assert await lodge.code_of(lodge.sign_in(person="bob", password="wrong")) == "sign_in_failed"

    lodged(main)


def test_no_pause_is_for_ever() -> None:
    assert [pause_s(count) for count in (0, FREE - 1, FREE, FREE + 3, FREE + 9)] == [0, 0, 1, 8, 512]
    assert pause_s(10**6) == PAUSE_S_MAX


def test_everybody_together_is_slowed_too() -> None:
    async def main(lodge: Lodge) -> None:
        codes = [await lodge.code_of(lodge.sign_in(person=f"p{number}", password="x")) for number in range(TOTAL + 5)]
        assert codes[0] == "sign_in_failed"
        assert codes[-1] == "too_many_attempts"
        assert codes.index("too_many_attempts") >= TOTAL - 1
        # A code of the machine's own, and a passkey, are not in the way of who guesses passwords.
        made = await lodge.ask(lodge.ann, {"kind": "new_code"})
        assert (await lodge.sign_in("code", code=made["code"]))["person"] == "ann"
        assert "ceremony" in await lodge.sign_in("passkey_begin")

    lodged(main)


def test_many_at_a_time_are_no_way_round_the_pauses() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        wrong = [lodge.code_of(lodge.sign_in(person="bob", password=f"wrong {number}")) for number in range(40)]
        codes = await asyncio.gather(*wrong)
        assert codes.count("sign_in_failed") <= FREE

    lodged(main)


def test_a_first_password_is_for_choosing_another() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.ask(lodge.ann, {"kind": "set_password", "person": "bob", "password": GOOD})
        assert await lodge.code_of(lodge.sign_in(person="bob", password=GOOD)) == "password_change_needed"
        for new in (GOOD, "short", "aaaaaaaaaaaaaaa", "bob bob bob bob"):
            again = lodge.sign_in(person="bob", password=GOOD, new_password=new)
            assert await lodge.code_of(again) in ("password_change_needed", "credential_invalid")
        lodge.core.world.pass_time(60 * NANOSECONDS)
        assert (await lodge.sign_in(person="bob", password=GOOD, new_password=BETTER))["person"] == "bob"
        assert await lodge.code_of(lodge.sign_in(person="bob", password=GOOD)) == "sign_in_failed"
        assert (await lodge.sign_in(person="bob", password=BETTER))["person"] == "bob"
        set_by = [(body.credential, body.by_person) for body in lodge.entered(c.CredentialSet)]
        assert set_by == [("password", "ann"), ("password", "bob")]

    lodged(main)


def test_codes_of_an_app() -> None:
    """A neighbouring step counts, no code counts twice, and none before it."""

    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        secret = await lodge.with_app("bob")
        needed = await lodge.refused(lodge.sign_in(person="bob", password=GOOD))
        assert (needed.code, needed.detail) == ("second_factor_needed", {"factors": ["totp"]})
        assert await lodge.code_of(lodge.sign_in(person="bob", password="wrong", code=lodge.code(secret))) == (
            "sign_in_failed"
        )
        code = lodge.code(secret)
        both = await asyncio.gather(
            lodge.sign_in(person="bob", password=GOOD, code=code),
            lodge.sign_in(person="bob", password=GOOD, code=code),
            return_exceptions=True,
        )
        assert sorted(type(answer).__name__ for answer in both) == ["SignInRefused", "dict"]
        assert lodge.entered(c.SignInFailed)[-1].why == "totp_repeated"
        for steps in (0, -1, 2, -2):
            lodge.core.world.pass_time(1024 * NANOSECONDS if steps == 2 else 0)
            again = lodge.sign_in(person="bob", password=GOOD, code=lodge.code(secret, steps))
            assert await lodge.code_of(again) == "sign_in_failed"
        lodge.core.world.pass_time(3600 * NANOSECONDS)
        for steps in (-1, 1):
            begun = await lodge.sign_in(person="bob", password=GOOD, code=lodge.code(secret, steps))
            assert lodge.entered(c.SignedIn)[-1].token == begun["token"]

    lodged(main)


def test_a_password_alone_is_not_enough_from_elsewhere() -> None:
    """Who comes with a first password sets up an app with it; who has an old one does so on the machine."""

    async def main(lodge: Lodge) -> None:
        await lodge.ask(lodge.ann, {"kind": "set_password", "person": "bob", "password": GOOD})
        first = {"person": "bob", "password": GOOD, "new_password": BETTER}
        needed = await lodge.refused(lodge.sign_in(**first))
        assert needed.code == "second_factor_needed" and needed.detail["factors"] == []
        from tests.guard.lodge import secret_of

        secret = secret_of(needed.detail["enrol"]["secret"])
        wrong = await lodge.refused(lodge.sign_in(**first, code=f"{(int(lodge.code(secret)) + 1) % 10**6:06}"))
        assert wrong.detail["enrol"] == needed.detail["enrol"]
        begun = await lodge.sign_in(**first, code=lodge.code(secret))
        assert (await lodge.me(begun["secret"]))["totp"] is True
        await lodge.ask(lodge.ann, {"kind": "remove_totp", "person": "bob"})
        bare = await lodge.refused(lodge.sign_in(person="bob", password=BETTER))
        assert (bare.code, bare.detail) == ("second_factor_needed", {"factors": []})

    lodged(main, ELSEWHERE)


def test_whoever_guesses_codes_keeps_nobody_out_who_has_one() -> None:
    async def main(lodge: Lodge) -> None:
        answers = [await lodge.code_of(lodge.sign_in("code", code=f"{number:048x}")) for number in range(70)]
        assert set(answers) == {"sign_in_failed", "too_many_attempts"} and answers[-1] == "too_many_attempts"
        made = await lodge.ask(lodge.ann, {"kind": "new_code"})
        assert (await lodge.sign_in("code", code=made["code"]))["person"] == "ann"
        assert await lodge.code_of(lodge.sign_in("code", code=made["code"])) == "too_many_attempts", "and once"

    lodged(main)


def test_a_code_of_the_machine_opens_one_browser() -> None:
    async def main(lodge: Lodge) -> None:
        made = await lodge.ask(lodge.ann, {"kind": "new_code"})
        begun = await lodge.sign_in("code", code=made["code"])
        me = await lodge.me(begun["secret"])
        assert (me["name"], me["role"], me["session"]) == ("ann", "operator", True)
        assert await lodge.code_of(lodge.sign_in("code", code=made["code"])) == "sign_in_failed"
        assert await lodge.code_of(lodge.ask(begun["secret"], {"kind": "new_code"})) == "not_authorised"
        late = await lodge.ask(lodge.ann, {"kind": "new_code"})
        lodge.core.world.pass_time(60 * NANOSECONDS)
        assert await lodge.code_of(lodge.sign_in("code", code=late["code"])) == "sign_in_failed"
        # The session dies with the token that vouched for it, and a code of a dead token opens nothing.
        last = await lodge.ask(lodge.ann, {"kind": "new_code"})
        token = next(grant.token for grant in lodge.core.kernel.state.tokens.values() if not grant.session)
        await lodge.core.enter(OPERATOR, c.RevokeToken(token=token, why="laptop lost"))
        assert await lodge.code_of(lodge.me(begun["secret"])) == "not_authenticated"
        assert await lodge.code_of(lodge.sign_in("code", code=last["code"])) == "sign_in_failed"

    lodged(main)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"kind":"password"}', b'{"kind":"x"}', b"\xff"])
def test_what_is_no_sign_in(body: bytes) -> None:
    async def main(lodge: Lodge) -> None:
        import msgspec

        with pytest.raises(GuardError) as refused:
            await lodge.identity.sign_in(msgspec.Raw(body), "http")
        assert refused.value.code == "request_malformed"

    lodged(main)
