"""Passkeys: a device of the person, on this site, asked now; nothing else proves anything."""

from __future__ import annotations

from typing import Any

import pytest
from fido2.utils import websafe_encode
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.guard.device import Device
from tests.guard.lodge import GOOD, Lodge, lodged

from remit.guard.errors import CredentialInvalid
from remit.guard.identity import HERE
from remit.guard.passkeys import CEREMONIES_MAX, CEREMONY_NS, Passkeys
from remit.guard.passwords import Cost
from remit.guard.people import PASSKEYS_MAX, PeopleStore
from remit.guard.reach import reach
from remit.kernel import command as c
from remit.testing.disk import MemoryStore
from remit.testing.world import MemoryWorld

FAR = reach("127.0.0.1:8420", None, None, "https://remit.example.org", None)


def test_a_passkey_opens_a_session_by_itself() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        device = Device()
        id_ = await lodge.with_passkey("bob", device)
        begun = await lodge.by_passkey(device)
        assert begun["person"] == "bob"
        assert lodge.entered(c.SignedIn)[-1].factor == "passkey"
        assert [key["id"] for key in (await lodge.me(begun["secret"]))["passkeys"]] == [id_]
        needed = await lodge.refused(lodge.sign_in(person="bob", password=GOOD))
        assert (needed.code, needed.detail) == ("second_factor_needed", {"factors": ["passkey"]})
        assert lodge.entered(c.CredentialSet)[-1] == c.CredentialSet(
            person="bob", credential="passkey", by_person="bob"
        )

    lodged(main)


@pytest.mark.parametrize("spoil", ["origin", "unverified", "another", "handle", "copy", "late", "twice", "stranger"])
def test_what_proves_nothing(spoil: str) -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        device, more = Device(), {}
        await lodge.with_passkey("bob", device)
        await lodge.by_passkey(device)
        asked = await lodge.sign_in("passkey_begin")
        if spoil == "origin":
            device.origin = "https://remit.example.com"
        elif spoil == "unverified":
            device.verifies = False
        elif spoil == "another":
            other = Device()
            other.id, other.handle, other.uses, device = device.id, device.handle, 9, other
        elif spoil == "handle":
            more["userHandle"] = websafe_encode(b"ann")
        elif spoil == "copy":
            device.uses = 0
        elif spoil == "late":
            lodge.core.world.pass_time(CEREMONY_NS)
        elif spoil == "twice":
            await lodge.sign_in("passkey_finish", ceremony=asked["ceremony"], response=device.prove(asked["options"]))
        elif spoil == "stranger":
            device = Device()
        proof = device.prove(asked["options"], **more)
        again = lodge.sign_in("passkey_finish", ceremony=asked["ceremony"], response=proof)
        assert await lodge.code_of(again) == "sign_in_failed"
        assert lodge.entered(c.SignInFailed)[-1] == c.SignInFailed(why="passkey")

    lodged(main)


def test_a_device_that_does_not_count() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        device = Device(counts=False)
        await lodge.with_passkey("bob", device)
        assert [(await lodge.by_passkey(device))["person"] for _ in range(3)] == ["bob"] * 3

    lodged(main)


def test_a_passkey_of_who_was_shut_out() -> None:
    async def main(lodge: Lodge) -> None:
        await lodge.with_password("bob")
        device = Device()
        await lodge.with_passkey("bob", device)
        begun = await lodge.by_passkey(device)
        await lodge.ask(
            lodge.ann, {"kind": "set_person", "name": "bob", "role": "approver", "disabled": True, "why": "left"}
        )
        assert await lodge.code_of(lodge.me(begun["secret"])) == "not_authenticated"
        assert await lodge.code_of(lodge.by_passkey(device)) == "sign_in_failed"

    lodged(main)


def test_challenges_are_for_one_end_and_one_person() -> None:
    passkeys, people, device = _passkeys(), _people(), Device()
    asked = passkeys.begin_adding("bob", 0)
    assert passkeys.proven(asked["ceremony"], device.prove(passkeys.begin(0)["options"]), 0) is None
    asked = passkeys.begin_adding("bob", 0)
    with pytest.raises(CredentialInvalid):
        passkeys.finish_adding("eve", asked["ceremony"], device.make(asked["options"]), "phone", 0)
    asked = passkeys.begin(0)
    options = {
        "publicKey": {**asked["options"]["publicKey"], **_passkeys().begin_adding("bob", 0)["options"]["publicKey"]}
    }
    with pytest.raises(CredentialInvalid):
        passkeys.finish_adding("bob", asked["ceremony"], device.make(options), "phone", 0)
    assert people.holder(device.id.hex()) is None


def test_a_site_of_its_own() -> None:
    """A passkey of the machine's own name is none of the public name's."""
    people = _people()
    near, far = Passkeys(people, HERE, MemoryWorld().random), Passkeys(people, FAR, MemoryWorld(1).random)
    device = Device()
    asked = near.begin_adding("bob", 0)
    made = near.finish_adding("bob", asked["ceremony"], device.make(asked["options"]), "phone", 0)
    people.change("bob", lambda kept: type(kept)(passkeys=(made,)))
    asked = far.begin(0)
    assert far.proven(asked["ceremony"], device.prove(asked["options"]), 0) is None


def test_challenges_and_passkeys_are_bounded() -> None:
    passkeys = _passkeys()
    first = passkeys.begin(0)["ceremony"]
    for _ in range(CEREMONIES_MAX):
        passkeys.begin(0)
    assert first not in passkeys._ceremonies and len(passkeys._ceremonies) == CEREMONIES_MAX
    people = _people()
    passkeys = Passkeys(people, HERE, MemoryWorld().random)
    for number in range(PASSKEYS_MAX):
        asked = passkeys.begin_adding("bob", 0)
        made = passkeys.finish_adding("bob", asked["ceremony"], Device().make(asked["options"]), str(number), 0)
        people.change("bob", lambda kept, made=made: type(kept)(passkeys=(*kept.passkeys, made)))  # type: ignore[misc]
    with pytest.raises(CredentialInvalid):
        passkeys.begin_adding("bob", 0)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_foreign_answers_prove_nothing_and_break_nothing(data: st.DataObject) -> None:
    passkeys, device = _passkeys(), Device()
    asked = passkeys.begin(0)
    answer: dict[str, Any] = device.prove(asked["options"])
    where = data.draw(st.sampled_from(["whole", "id", "rawId", "response", *answer["response"]]))
    odd = data.draw(_JSON)
    if where == "whole":
        answer = odd if isinstance(odd, dict) else {}
    elif where in answer:
        answer[where] = odd
    else:
        answer["response"][where] = odd
    assert passkeys.proven(asked["ceremony"], answer, 0) is None
    asked = passkeys.begin_adding("bob", 0)
    with pytest.raises(CredentialInvalid):
        passkeys.finish_adding("bob", asked["ceremony"], answer, "phone", 0)


def _people() -> PeopleStore:
    return PeopleStore(MemoryStore(), bytes(32), MemoryWorld().random, Cost(8, 1, 1))


def _passkeys() -> Passkeys:
    return Passkeys(_people(), HERE, MemoryWorld(7).random)
