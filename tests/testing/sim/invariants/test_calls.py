"""C1, broken by hand and kept."""

from __future__ import annotations

import pytest
from tests.testing.sim.invariants.scene import Scene, scene

from remit.kernel import command as c
from remit.kernel.names import GUARD


@pytest.fixture
def desk() -> Scene:
    return scene()


def acted(desk: Scene, name: str, **fields: object) -> None:
    desk.took(c.Acted(what="read positions", ok=True, agent="momentum", via=name, **fields), GUARD)  # type: ignore[arg-type]


def test_calls_with_their_entries_are_well(desk: Scene) -> None:
    acted(desk, "call 1")
    desk.observer.called("momentum", "call 1", "read", "")
    desk.observer.called("momentum", "call 2", "read", "guard_gone")
    desk.observer.called("ann", "call 3", "read", "")
    desk.is_well()


@pytest.mark.parametrize("code", ["", "request_malformed", "not_authorised"])
def test_c1_finds_an_answer_that_the_journal_never_heard_of(desk: Scene, code: str) -> None:
    acted(desk, "call 1")
    desk.observer.called("momentum", "call 2", "read", code)
    desk.finds("C1", "momentum was answered", "call 2")


def test_c1_finds_an_answer_before_its_entry(desk: Scene) -> None:
    desk.observer.called("claude", "call 1", "preview", "")
    acted(desk, "call 1", client="claude")
    desk.finds("C1", "claude was answered ok to preview, call 1")
