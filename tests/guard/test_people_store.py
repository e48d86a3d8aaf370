"""What is kept of people: whole or not at all, sealed for one person by one vault, and slow to guess at."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.guard.errors import CredentialInvalid, PeopleDamaged, PeopleNotKept, TokensDamaged
from remit.guard.passwords import COST, Cost, Hasher, check_password
from remit.guard.people import FILE, NOTHING, Kept, PeopleStore
from remit.guard.tokens import FILE as TOKENS_FILE
from remit.guard.tokens import SHOWN, TokenStore, mint
from remit.guard.totp import code_at, step_of, uri_of
from remit.testing.disk import MemoryStore

KEY, CHEAP = bytes(range(32)), Cost(8, 1, 1)
SECRET = b"12345678901234567890"


def people(store: MemoryStore | None = None, key: bytes = KEY) -> PeopleStore:
    return PeopleStore(store or MemoryStore(), key, random.Random(1).randbytes, CHEAP)


def test_the_real_cost() -> None:
    """What RFC 9106 recommends for memory-constrained machines, and never less."""
    assert COST.memory_kib >= 65_536 and COST.passes >= 3 and COST.lanes >= 1
    hasher = Hasher(KEY)
    made = hasher.hash("correct horse battery", bytes(16))
    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert hasher.fits("correct horse battery", made)
    decoy = hasher.decoy(bytes(16))
    assert not hasher.fits("correct horse battery", decoy)
    assert decoy.split("$")[:4] == made.split("$")[:4] and len(decoy) == len(made)


def test_a_hash_needs_the_vault_and_the_very_password() -> None:
    made = Hasher(KEY, CHEAP).hash("correct horse battery", bytes(16))
    assert not Hasher(bytes(32), CHEAP).fits("correct horse battery", made)
    assert not Hasher(KEY, CHEAP).fits("correct horse batterz", made)
    composed, apart = "caf\u00e9 caf\u00e9 caf\u00e9", "cafe\u0301 cafe\u0301 cafe\u0301"
    assert Hasher(KEY, CHEAP).fits(apart, Hasher(KEY, CHEAP).hash(composed, bytes(16)))


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("correct horse battery", True),
        ("x7#qLm2!vR9w", True),
        ("short", False),
        ("x" * 257, False),
        ("aaaaaaaaaaaaaaaa", False),
        ("Bob123456789", False),
        ("my old friend bob likes long walks", True),
    ],
)
def test_what_a_password_may_be(password: str, good: bool) -> None:
    if good:
        check_password("bob", password)
        return
    with pytest.raises(CredentialInvalid):
        check_password("bob", password)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_codes_as_the_standard_has_them(seconds: int, code: str) -> None:
    """The vectors of RFC 6238, their last six digits."""
    assert code_at(SECRET, seconds // 30) == code
    assert step_of(SECRET, code, seconds * 10**9) == seconds // 30
    for away, fits in ((30, True), (-30, True), (60, False), (-60, False)):
        assert (step_of(SECRET, code, (seconds + away) * 10**9) is not None) == fits


@given(st.text(max_size=12))
def test_what_is_no_code(text: str) -> None:
    now = 2_000_000_000 * 10**9
    if text.replace(" ", "") not in {code_at(SECRET, now // 10**9 // 30 + near) for near in (-1, 0, 1)}:
        assert step_of(SECRET, text, now) is None


def test_what_an_app_reads() -> None:
    assert uri_of(SECRET, "ann b", "Remit").startswith("otpauth://totp/Remit%3Aann%20b?secret=GEZDGNBV")


def test_a_change_is_kept_whole_or_not_at_all() -> None:
    store = MemoryStore()
    kept = people(store).change("bob", lambda now: msgspec.structs.replace(now, password="x", must_change=True))
    assert people(store).of("bob") == kept and people(store).of("eve") == NOTHING
    before = store.read(FILE, 0, store.size(FILE))
    again = people(store)

    def full(name: str, data: bytes) -> None:
        raise OSError("no space")

    store.replace = full  # type: ignore[method-assign]
    with pytest.raises(PeopleNotKept):
        again.change("bob", lambda now: NOTHING)
    assert again.of("bob") == kept and store.read(FILE, 0, store.size(FILE)) == before


def test_a_secret_is_one_persons_and_one_vaults() -> None:
    sealed = people().seal("bob", SECRET)
    assert SECRET not in sealed and people().unseal("bob", sealed) == SECRET
    for other, person, data in (
        (people(key=bytes(32)), "bob", sealed),
        (people(), "eve", sealed),
        (people(), "bob", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (people(), "bob", b""),
    ):
        with pytest.raises(PeopleDamaged):
            other.unseal(person, data)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_other_file_is_taken_for_one_of_people(data: bytes) -> None:
    store = MemoryStore()
    store.replace(FILE, data)
    with pytest.raises(PeopleDamaged):
        people(store)


_KEPT = st.builds(
    Kept,
    password=st.text(max_size=5),
    must_change=st.booleans(),
    totp=st.binary(max_size=5),
    totp_step=st.integers(0, 9),
)


@given(st.lists(st.tuples(st.sampled_from(["ann", "bob", "eve"]), _KEPT), max_size=8))
def test_the_file_is_what_was_said_last(changes: list[tuple[str, Kept]]) -> None:
    store, said = MemoryStore(), {}
    for person, kept in changes:
        people(store).change(person, lambda now, kept=kept: kept)  # type: ignore[misc]
        said[person] = kept
    assert all(people(store).of(person) == kept for person, kept in said.items())


# Token files


@given(st.lists(st.tuples(st.sampled_from(["add", "remove", "forget"]), st.integers(0, 6)), max_size=20))
def test_a_token_file_tells_tokens_apart_through_any_changes(steps: list[tuple[str, int]]) -> None:
    """Whatever is added, removed and forgotten, a file read anew finds just the living, by their own prefixes."""
    store = MemoryStore()
    living: dict[str, str] = {}
    secrets = {f"T-{number}": mint("agent", random.Random(number).randbytes) for number in range(7)}
    for what, number in steps:
        kept, token = TokenStore(store, KEY), f"T-{number}"
        if what == "remove":
            assert kept.remove(token) == (living.pop(token, None) is not None)
        elif token not in living:
            gone = sorted(living)[:1] if what == "forget" else []
            kept.add(token, secrets[token], gone)
            living = {known: secret for known, secret in living.items() if known not in gone}
            living[token] = secrets[token]
    again = TokenStore(store, KEY)
    assert again.ids() == tuple(sorted(living))
    for token, secret in secrets.items():
        assert again.find(secret) == (token if token in living else None)
        prefix = again.prefix(token)
        assert prefix == (secret[: len("remit_agent_") + SHOWN] if token in living else "")


@given(st.data())
def test_a_token_file_with_anything_else_in_it_is_refused(data: st.DataObject) -> None:
    store = MemoryStore()
    TokenStore(store, KEY).add("T-1", mint("agent", random.Random(1).randbytes))
    file: dict[str, Any] = msgspec.json.decode(store.read(TOKENS_FILE, 0, store.size(TOKENS_FILE)))
    field = data.draw(st.sampled_from(["format", "hashes", "prefixes", "more"]))
    odd = data.draw(
        st.none() | st.integers() | st.text() | st.dictionaries(st.text(max_size=3), st.integers(), min_size=1)
    )
    store.replace(TOKENS_FILE, msgspec.json.encode({**file, field: odd}))
    with pytest.raises(TokensDamaged):
        TokenStore(store, KEY)


def test_a_token_file_of_before_prefixes_is_read() -> None:
    store = MemoryStore()
    TokenStore(store, KEY).add("T-1", mint("agent", random.Random(1).randbytes))
    file = msgspec.json.decode(store.read(TOKENS_FILE, 0, store.size(TOKENS_FILE)))
    del file["prefixes"]
    store.replace(TOKENS_FILE, msgspec.json.encode(file))
    assert TokenStore(store, KEY).prefix("T-1") == ""
