"""B1 and B2, each broken by hand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.kernel.desk import ANN, client, money
from tests.kernel.test_spend import KEY, meter, report, settle
from tests.testing.sim.invariants.scene import Scene, scene

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import DAY_NS

CLAUDE = client("claude")


@pytest.fixture
def desk() -> Scene:
    made = scene()
    made.mandate("client:claude", Mandate(client_spend_daily_max=money("5")))
    return made


def counted(**fields: Any) -> Any:
    """Return a forgery that changes how a call counts."""

    def forged(record: Record) -> Record:
        events = [
            msgspec.structs.replace(event, **fields) if isinstance(event, e.Spent) else event for event in record.events
        ]
        return msgspec.structs.replace(record, events=tuple(events))

    return forged


def test_what_is_counted_well_is_well(desk: Scene) -> None:
    desk.do(meter("1", "4"), CLAUDE)
    desk.do(report("1", "1", key=KEY), CLAUDE)
    desk.do(report("2", "1"), CLAUDE)
    desk.do(report("3", None), CLAUDE)
    desk.do(settle("3", "0.5"), ANN)
    desk.do(meter("4", "3"), CLAUDE)
    desk.do(c.Tick(), GUARD, DAY_NS)
    desk.is_well()


def test_b1_finds_an_amount_that_is_not_what_it_comes_to(desk: Scene) -> None:
    desk.forge = counted(amount=money("3"))
    desk.do(meter("1", "4"), CLAUDE)
    desk.finds("B1", "counts 1 as")


def test_b1_finds_a_call_that_was_metered_beyond_a_budget(desk: Scene) -> None:
    desk.do(meter("1", "4"), CLAUDE)

    def let_in(record: Record) -> Record:
        spent = e.Spent(
            spend="2", agent="momentum", client="claude", state="reserved", amount=money("2"), firm=money("2")
        )
        return msgspec.structs.replace(record, events=(spent,))

    desk.forge = let_in
    desk.do(meter("2", "2"), CLAUDE)
    desk.finds("B1", "meters 2: client:claude comes to")


def test_b1_finds_a_settlement_without_its_key(desk: Scene) -> None:
    desk.do(meter("1", "4"), CLAUDE)

    def let_in(record: Record) -> Record:
        nothing = money("0")
        spent = e.Spent(spend="1", agent="momentum", client="claude", state="settled", amount=nothing, firm=nothing)
        return msgspec.structs.replace(record, events=(spent,))

    desk.forge = let_in
    desk.do(report("1", "0"), CLAUDE)
    desk.finds("B1", "settled without the key")


@pytest.mark.parametrize(("what", "told"), [("read positions", True), ("preview submit", True), ("read orders", False)])
def test_b2_finds_whoever_is_told_something_over_a_budget(desk: Scene, what: str, told: bool) -> None:
    desk.do(report("1", "6"), CLAUDE)
    via = f"call 1 after {desk.state.seq}"
    desk.do(c.Acted(what=what, ok=True, agent="momentum", client="claude", via=via), GUARD)
    if told:
        desk.finds("B2", f"is answered to {what}")
    else:
        desk.is_well()
