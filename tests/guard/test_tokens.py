"""Tokens: a typo never reaches the look-up, and a stolen file holds no token."""

from __future__ import annotations

import hmac
import random
import string
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.guard.errors import TokenMalformed, TokenNotKept, TokensDamaged, TokenTaken
from remit.guard.tokens import FILE, PREFIXES, TokenStore, check, mint
from remit.journal.store import FileStore
from remit.kernel.names import Role
from remit.testing.disk import MemoryStore

KEY = bytes(range(32))
BASE62 = string.digits + string.ascii_letters


def token(seed: int = 0, role: Role = "agent") -> str:
    return mint(role, random.Random(seed).randbytes)


@pytest.mark.parametrize(
    ("role", "start"), [("operator", "remit_op_"), ("agent", "remit_agent_"), ("feed", "remit_feed_")]
)
def test_a_token_shows_its_role(role: Role, start: str) -> None:
    secret = token(role=role)
    assert secret.startswith(start)
    assert len(secret) == len(start) + 43 + 6
    check(secret)


def test_the_guard_itself_has_no_token() -> None:
    with pytest.raises(ValueError, match="guard"):
        token(role="guard")


@pytest.mark.parametrize("bits", [bytes(32), bytes([255]) * 32])
def test_the_extremes_of_256_bits_fit(bits: bytes) -> None:
    check(mint("agent", lambda count: bits[:count]))


@given(st.integers(0, 2**32), st.data())
def test_any_one_wrong_character_is_seen(seed: int, data: st.DataObject) -> None:
    secret = token(seed)
    at = data.draw(st.integers(0, len(secret) - 1))
    wrong = data.draw(st.sampled_from(BASE62).filter(lambda character: character != secret[at]))
    with pytest.raises(TokenMalformed):
        check(secret[:at] + wrong + secret[at + 1 :])


@given(st.integers(0, 2**32), st.data())
def test_two_swapped_characters_are_seen(seed: int, data: st.DataObject) -> None:
    secret = token(seed)
    at = data.draw(st.integers(0, len(secret) - 2).filter(lambda at: secret[at] != secret[at + 1]))
    with pytest.raises(TokenMalformed):
        check(secret[:at] + secret[at + 1] + secret[at] + secret[at + 2 :])


@given(st.text(max_size=80))
def test_other_text_is_no_token(text: str) -> None:
    with pytest.raises(TokenMalformed):
        check(text)


@pytest.mark.parametrize("copied", [token() + "\n", " " + token(), token()[:-1], token()[1:], token().upper(), ""])
def test_what_copying_does_to_a_token_is_seen(copied: str) -> None:
    with pytest.raises(TokenMalformed):
        check(copied)


def test_add_find_remove_and_open_again(tmp_path: Path) -> None:
    disk = FileStore(tmp_path / "tokens")
    store = TokenStore(disk, KEY)
    store.add("t1", token(1))
    store.add("t2", token(2, "operator"))
    assert [store.find(token(1)), store.find(token(2, "operator")), store.find(token(3))] == ["t1", "t2", None]
    assert store.remove("t1")
    assert not store.remove("t1")
    again = TokenStore(disk, KEY)
    assert again.ids() == ("t2",)
    assert again.find(token(1)) is None
    assert again.find(token(2, "operator")) == "t2"
    assert (tmp_path / "tokens" / FILE).stat().st_mode & 0o777 == 0o600


def test_the_file_holds_the_keyed_hash_alone() -> None:
    disk = MemoryStore()
    TokenStore(disk, KEY).add("t1", token())
    written = bytes(disk.live[FILE]).decode()
    assert token() not in written
    assert token()[-49:-6] not in written
    assert hmac.digest(KEY, token().encode(), "sha256").hex() in written


def test_another_key_finds_nothing() -> None:
    disk = MemoryStore()
    TokenStore(disk, KEY).add("t1", token())
    assert TokenStore(disk, bytes(32)).find(token()) is None


def test_the_same_secret_under_another_role_is_another_token() -> None:
    store = TokenStore(MemoryStore(), KEY)
    store.add("t1", token(7, "agent"))
    assert store.find(token(7, "operator")) is None


@pytest.mark.parametrize(("identity", "seed"), [("t1", 2), ("t2", 1)])
def test_an_id_or_a_secret_counts_once(identity: str, seed: int) -> None:
    store = TokenStore(MemoryStore(), KEY)
    store.add("t1", token(1))
    with pytest.raises(TokenTaken):
        store.add(identity, token(seed))
    assert store.ids() == ("t1",)


def test_a_failed_write_changes_nothing() -> None:
    disk = MemoryStore()
    store = TokenStore(disk, KEY)
    store.add("t1", token(1))
    for change in (lambda: store.add("t2", token(2)), lambda: store.remove("t1")):
        disk.fail_write()
        with pytest.raises(TokenNotKept, match="planted"):
            change()
    assert store.ids() == ("t1",)
    assert TokenStore(disk.reboot(), KEY).ids() == ("t1",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"format":"remit-tokens-2","hashes":{}}',
        b'{"format":"remit-tokens-1","hashes":{"t1":"abc"}}',
        b'{"format":"remit-tokens-1","hashes":{},"more":1}',
        b'{"format":"remit-tokens-1","hashes":{"a":"%s","b":"%s"}}' % (b"0" * 64, b"0" * 64),
    ],
)
def test_a_damaged_file_is_refused_by_name(content: bytes) -> None:
    disk = MemoryStore()
    disk.replace(FILE, content)
    with pytest.raises(TokensDamaged):
        TokenStore(disk, KEY)


def test_every_role_but_the_guard_has_a_prefix() -> None:
    assert set(PREFIXES) == {*get_args(Role), "session"} - {"guard"}
    assert len(set(PREFIXES.values())) == len(PREFIXES)
