"""Which key speaks for an agent on a connection is a journalled fact, one generation after the other."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, small

from remit.kernel import command as c
from remit.kernel.access import VenueKey
from remit.kernel.names import GUARD
from remit.kernel.permit import Endorsement, endorsing, join_seal, split_seal
from remit.kernel.snapshot import dump, load


def fact(generation: int = 1, **more: Any) -> c.SetKey:
    said = {"connection": "paper1", "agent": "momentum", "scheme": "ed25519", "keeper": "file"} | more
    return c.SetKey(key=VenueKey(generation=generation, fingerprint="ab" * 32, **said), why="yearly")


def test_generations_follow_one_another_and_survive_a_snapshot() -> None:
    desk = small()
    desk.took(fact(1))
    desk.took(fact(2, keeper="pkcs11"))
    desk.took(fact(1, agent=""))
    keys = desk.state.keys
    assert [(of, key.generation, key.keeper) for of, key in sorted(keys.items())] == [
        (("paper1", ""), 1, "file"),
        (("paper1", "momentum"), 2, "pkcs11"),
    ]
    assert load(dump(desk.state)).keys == keys


@pytest.mark.parametrize(
    "wrong",
    [
        fact(2),
        fact(1, connection="nowhere"),
        fact(1, agent="nobody"),
        c.SetKey(key=fact().key, why=" "),
    ],
    ids=["a generation left out", "no such connection", "no such agent", "no reason"],
)
def test_what_is_no_next_key_is_refused(wrong: c.SetKey) -> None:
    desk = small()
    assert desk.refused(wrong) == "not_possible"
    assert not desk.state.keys


def test_only_an_operator_changes_a_key() -> None:
    desk = small()
    assert desk.refused(fact(1), GUARD) == "not_authorised"
    desk.took(fact(1), ANN)


def test_a_seal_comes_apart_as_it_was_joined() -> None:
    parts = (b"a" * 64, b"b" * 64, b"{}")
    assert split_seal(join_seal(*parts)) == parts
    assert split_seal(b"a" * 64) == (b"a" * 64, b"", b"")
    assert not endorsing(b"{}").startswith(b"{")
    with pytest.raises(TypeError):
        Endorsement(connection="paper1", generation=0)  # type: ignore[call-arg]
