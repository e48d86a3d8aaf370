"""X1, X2 and K1, each broken by hand and kept."""

from __future__ import annotations

import pytest
from tests.testing.sim.invariants.scene import Scene, scene

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.effect import Alert
from remit.kernel.names import FIRM, GUARD, Principal
from remit.kernel.numbers import NANOSECONDS

PLACE = "s3://sim/journal"
ANN = Principal("ann", "operator")


@pytest.fixture
def desk() -> Scene:
    return scene()


def exported(desk: Scene, ahead: int = 0, fault: str = "") -> None:
    desk.observer.exported(PLACE, desk.journal.size + ahead, desk.journal.root, fault)


def passes(desk: Scene, seconds: int, fault: str | None = None) -> None:
    """Let time pass; with a `fault` the exporter tries at the end of it, and it went well where that is empty."""
    desk.do(c.Tick(), GUARD, seconds * NANOSECONDS)
    if fault is not None:
        desk.observer.followed(PLACE, fault, None if fault else desk.observer.seen[-1].at_ns)


def alarmed(desk: Scene, code: str = "export_late") -> None:
    desk.observer.alerted(Alert(code, FIRM, "so it is said"))


def test_x1_takes_a_head_of_what_is_durable(desk: Scene) -> None:
    exported(desk)
    desk.is_well()


def test_x1_finds_what_is_not_durable(desk: Scene) -> None:
    exported(desk, ahead=1)
    desk.finds("X1", f"has a head of size {desk.journal.size + 1}, while {desk.journal.size} entries are durable")


def test_x1_finds_files_that_cannot_be_read(desk: Scene) -> None:
    exported(desk, fault="its tiles have another root")
    desk.finds("X1", "and its tiles have another root")


def test_x2_takes_an_alarm_of_what_is_late_and_of_what_cannot_go_on(desk: Scene) -> None:
    desk.restart()
    passes(desk, 100, "")
    passes(desk, 15, "export_unreachable: away")
    alarmed(desk)
    passes(desk, 200, "journal_rolled_back: it ends at entry 3")
    alarmed(desk, "export_fault")
    passes(desk, 1, "")
    desk.is_well()


def test_x2_finds_that_nobody_was_told(desk: Scene) -> None:
    desk.restart()
    passes(desk, 1, "")
    passes(desk, 69)
    desk.is_well()
    passes(desk, 2)
    desk.finds("X2", "an export is 71 s behind, 10 s are allowed, and nobody was told")


@pytest.mark.parametrize(
    ("code", "told"),
    [("export_late", "is late, and it is 5.0 s behind"), ("export_fault", "cannot go on, and it did")],
)
def test_x2_finds_an_alarm_without_a_reason(desk: Scene, code: str, told: str) -> None:
    desk.restart()
    passes(desk, 100, "")
    passes(desk, 5)
    alarmed(desk, code)
    desk.finds("X2", told)


def rotated(desk: Scene) -> access.VenueKey:
    """The next key of momentum on paper1, as the guard keeps it and journals it; it does not speak yet."""
    fact = desk.vault.add("paper1", "momentum", "ed25519", "file")
    desk.took(c.SetKey(key=fact, why="it is time"), ANN)
    return fact


def test_k1_takes_the_first_key_and_the_one_after_it(desk: Scene) -> None:
    desk.send(desk.order("5", "100").id)
    desk.vault.put_in_force(rotated(desk))
    desk.send(desk.order("4", "100").id)
    desk.is_well()


def test_k1_finds_the_key_before(desk: Scene) -> None:
    rotated(desk)
    order = desk.order("5", "100").id
    desk.send(order)
    desk.finds("K1", "is signed by key 0 of momentum on paper1, and key 1 is in force")


def test_k1_finds_a_key_that_is_not_journalled(desk: Scene) -> None:
    desk.vault.put_in_force(desk.vault.add("paper1", "momentum", "ed25519", "file"))
    desk.send(desk.order("5", "100").id)
    desk.finds("K1", "is signed by key 1 of momentum on paper1, and key 0 is in force")


def test_k1_finds_the_key_of_another_agent(desk: Scene) -> None:
    order = desk.order("5", "100").id
    permit, _ = desk.permit(order)
    desk.send(order, agent="")
    desk.finds("K1", f"{permit.id} is of momentum on paper1, and signed by the key of nobody alone on paper1")
