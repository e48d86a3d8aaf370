"""S1 and S2, broken by hand and kept."""

from __future__ import annotations

from typing import Any

import pytest
from tests.testing.sim.invariants.scene import Scene, scene

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS


@pytest.fixture
def desk() -> Scene:
    """Where bob has a token T-1, and a session S-1 that T-1 vouched for."""
    desk = scene()
    desk.took(c.AddPerson(person=access.Person(name="bob", role="approver")))
    issue(desk, "T-1")
    issue(desk, "S-1", session=True, parent="T-1", expires_at=desk.at + 3600 * NANOSECONDS, by=GUARD)
    return desk


def issue(desk: Scene, token: str, by: Any = None, overlap_s: int = 0, **terms: Any) -> None:
    grant = access.TokenGrant(token=token, role="approver", name="bob", owner="bob", issued_at=desk.at, **terms)
    body = c.IssueToken(grant=grant, overlap_s=overlap_s)
    desk.took(body, *(() if by is None else (by,)))


def used(desk: Scene, token: str, *, ago: int = 0, code: str = "") -> None:
    """Say that a token got an answer to what began so many entries ago."""
    desk.observer.look()
    desk.observer.used("bob", token, len(desk.observer.durable.entries) - ago, code)


def revoke(desk: Scene, token: str) -> None:
    desk.took(c.RevokeToken(token=token, why="lost"))


def test_tokens_in_use_are_well(desk: Scene) -> None:
    used(desk, "T-1")
    used(desk, "S-1")
    revoke(desk, "T-1")
    used(desk, "S-1", code="not_authenticated")
    used(desk, "T-1", ago=1)  # it began before the end was durable
    used(desk, "T-9")
    desk.is_well()


@pytest.mark.parametrize("token", ["T-1", "S-1"])
def test_s1_finds_an_answer_after_the_end(desk: Scene, token: str) -> None:
    revoke(desk, "T-1")
    used(desk, token)
    desk.finds("S1", f"bob was answered with {token}", "ended with entry")


def test_s1_finds_an_answer_to_who_is_shut_out(desk: Scene) -> None:
    desk.took(c.SetPerson(name="bob", role="approver", disabled=True, why="left"))
    used(desk, "S-1")
    desk.finds("S1", "ended with entry")


def test_s1_finds_an_answer_after_the_hour(desk: Scene) -> None:
    desk.took(c.SetPause(subject="firm", paused=True, why="x"), after_ns=3600 * NANOSECONDS)
    used(desk, "S-1")
    desk.finds("S1", "S-1 expired")


def test_s1_finds_an_answer_after_the_overlap(desk: Scene) -> None:
    issue(desk, "T-2", replaces="T-1", overlap_s=60)
    used(desk, "T-1")
    desk.is_well()
    desk.took(c.SetPause(subject="firm", paused=True, why="x"), after_ns=60 * NANOSECONDS)
    used(desk, "T-2")
    desk.is_well()
    used(desk, "T-1")
    desk.finds("S1", "T-1 expired")


def test_s2_finds_who_proved_nothing(desk: Scene) -> None:
    desk.observer.proved("bob", "password", True, "")
    desk.observer.proved("eve", "password", False, "sign_in_failed")
    desk.is_well()
    desk.observer.proved("eve", "code", False, "")
    desk.finds("S2", "eve was let in by code")
