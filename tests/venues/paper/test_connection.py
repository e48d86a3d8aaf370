"""What is said of a whole connection: cancel everything, the dead man, recent fills, accounts in parts; and what
befalls a venue unasked."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.venues.paper.desk import ABC, LISTED, PUBLIC_KEY, Desk, desk, listed, mark, order, quantity, spelt

from remit.kernel.codec import encode
from remit.kernel.command import Busted, External, Filled, Holding, NoData, Reconciled, ReplaceRefused
from remit.kernel.numbers import NANOSECONDS, Money
from remit.kernel.order import Order
from remit.venues.paper import floor
from remit.venues.paper.codec import PART_ITEMS
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.incident import Incidents
from remit.venues.paper.permits import Refusal
from remit.venues.paper.state import PaperOrder, StateFile
from remit.venues.seam import Unencodable


def strange(id: str, connection: str = "one", **terms: object) -> PaperOrder:
    made: Order = order(id, "buy", "5", "90", connection=connection)
    given = {
        "id": id,
        "connection": connection,
        "instrument": "ABC",
        "side": made.side,
        "type": "limit",
        "time_in_force": "gtc",
        "quantity": made.quantity,
        "price": made.worst_price,
    }
    return PaperOrder(**(given | terms))  # type: ignore[arg-type]


def test_cancel_all_empties_one_connection_whoever_placed_its_orders() -> None:
    trader = desk()
    trader.mark(mark("99", "100"))
    for id, connection in (("a", "one"), ("b", "two"), ("c", "one")):
        trader.place(id, "buy", "1", "90", connection=connection)
    Incidents(trader.exchange).stray(strange("nobody"), trader.at)
    assert trader.cancel_all() == ()
    assert trader.told_so_far() == ["a cancelled", "c cancelled", "nobody cancelled"]
    assert trader.exchange.holdings("one").orders == () and trader.exchange.holdings("two").orders == ("b",)
    assert trader.cancel_all() == () and trader.told_so_far() == []


def test_cancel_all_reaches_orders_still_on_their_way() -> None:
    trader = desk(latency_ns=5)
    trader.mark(mark("99", "100"))
    trader.place("a", "buy", "1", "100")
    trader.cancel_all()
    trader.at = 10
    assert trader.told_so_far() == ["a cancelled"]


def test_a_dead_man_that_is_not_renewed_cancels_everything_once() -> None:
    trader = desk()
    trader.place("a", "buy", "1", "90")
    trader.dead_man(10)
    trader.at = 9 * NANOSECONDS
    assert trader.dead_man(10) == () and trader.exchange.next_due() == 19 * NANOSECONDS
    trader.at = 19 * NANOSECONDS - 1
    assert trader.told_so_far() == []
    trader.at = 19 * NANOSECONDS
    assert trader.told_so_far() == ["a cancelled"]
    trader.place("b", "buy", "1", "90")
    trader.at = 90 * NANOSECONDS
    assert (trader.told_so_far(), trader.exchange.next_due()) == ([], None)


def test_a_dead_man_is_disarmed_with_zero_and_is_each_connection_s_own() -> None:
    trader = desk()
    for connection in ("one", "two"):
        trader.place("a", "buy", "1", "90", connection=connection)
        trader.dead_man(10, connection)
    trader.dead_man(0)
    trader.at = 20 * NANOSECONDS
    assert trader.told_so_far() == ["a cancelled"]
    assert trader.exchange.holdings("one").orders == ("a",) and trader.exchange.holdings("two").orders == ()


def test_an_order_that_arrives_before_the_dead_man_falls_trades_and_one_after_it_is_cancelled() -> None:
    trader = desk(latency_ns=NANOSECONDS)
    trader.mark(mark("99", "100"))
    trader.dead_man(10)
    trader.at = 8 * NANOSECONDS
    trader.place("early", "buy", "1", "100")
    trader.at = 9 * NANOSECONDS + 1
    trader.place("late", "buy", "1", "100")
    trader.at = 60 * NANOSECONDS
    assert trader.told_so_far() == ["early 1@100", "late cancelled"]


def test_a_dead_man_beyond_a_day_has_no_words() -> None:
    for after_s in (-1, 86_401):
        with pytest.raises(Unencodable):
            desk().venue.dead_man("one", after_s, 0, 0)


def test_a_dead_man_survives_a_restart_of_the_venue(tmp_path: Path) -> None:
    store = StateFile(tmp_path / "state")
    trader = Desk(PaperExchange(LISTED, PUBLIC_KEY, store=store))
    trader.place("a", "buy", "1", "90")
    trader.dead_man(10)
    store.close()
    again = PaperExchange(LISTED, PUBLIC_KEY, store=StateFile(tmp_path / "state"))
    assert again.next_due() == 10 * NANOSECONDS
    assert [spelt(message.report) for message in again.drain(11 * NANOSECONDS)] == ["a cancelled"]


def test_a_snapshot_shows_the_fills_of_the_last_minutes_that_still_stand() -> None:
    trader = desk()
    trader.mark(mark("99", "100"))
    trader.place("old", "buy", "1", "100")
    trader.at = floor.RECENT_NS
    trader.place("a", "buy", "1", "100")
    trader.place("b", "buy", "2", "100")
    Incidents(trader.exchange).bust("one", "b", "b-1", trader.at)
    trader.at += 1
    *fills, account = trader.snapshot()
    assert [spelt(fill) for fill in fills] == ["a 1@100"]
    assert isinstance(account, Reconciled)


def test_a_large_account_comes_in_parts_and_none_is_left_out() -> None:
    many = [listed(f"N{number}") for number in range(2 * PART_ITEMS + 1)]
    exchange = PaperExchange(many, PUBLIC_KEY)
    trader = Desk(exchange)
    for instrument in many:
        Incidents(exchange).shift("one", instrument.name, quantity("1"), 0)
    parts = [report for report in trader.snapshot() if isinstance(report, Reconciled)]
    assert [(part.part, part.parts) for part in parts] == [(1, 3), (2, 3), (3, 3)]
    assert sorted(held.instrument for part in parts for held in part.positions) == sorted(i.name for i in many)
    assert [part.cash != () for part in parts] == [True, False, False]


def test_the_largest_part_fits_an_entry() -> None:
    number = quantity("-99999999999999999999.999999999999999999")
    names = ["N" * 124 + f"{item:04d}" for item in range(PART_ITEMS)]
    part = Reconciled(
        connection="C" * 128,
        positions=tuple(Holding(name, number) for name in names),
        cash=(("USD", Money(number)),),
        orders=tuple(names),
        part=999,
        parts=1000,
    )
    assert len(encode(part)) < 32_768


@pytest.mark.parametrize("change", [{"pages": 2}, {"cash": ()}], ids=["partial", "empty"])
def test_a_partial_or_empty_page_is_no_data(change: dict[str, object]) -> None:
    trader = desk()
    held = msgspec.structs.replace(trader.exchange.holdings("one"), **change)
    (report,) = trader.venue.read(trader.venue.snapshot("one", 0, 0), "", encode(held))
    assert isinstance(report, NoData) and report.connection == "one"


def test_a_bust_moves_everything_back_and_its_number_is_never_used_again() -> None:
    trader = desk(fee_bps=10)
    trader.mark(mark("99", "100", sizes="4"))
    before = trader.cash()
    trader.place("a", "buy", "10", "100")
    said = Incidents(trader.exchange).bust("one", "a", "a-1", trader.at)
    assert [message.report for message in said][-1] == Busted(order="a", fill="a-1")
    assert (trader.cash(), trader.position()) == (before, "0")
    trader.mark(mark("99", "100", sizes="4"))
    fills = [report for report in trader.query("a") if isinstance(report, Filled)]
    assert [(fill.fill, fill.quantity) for fill in fills] == [("a-2", quantity("4"))]


def test_a_forced_fill_ends_an_order_and_may_come_after_its_cancel() -> None:
    trader = desk()
    trader.place("a", "buy", "3", "90")
    trader.cancel("a")
    said = Incidents(trader.exchange).fill("one", "a", quantity("2"), trader.at)
    assert [spelt(message.report) for message in said] == ["a 2@90"]
    assert trader.position() == "2"
    Incidents(trader.exchange).fill("one", "a", quantity("9"), trader.at)
    assert trader.position() == "3"


def test_an_order_under_a_taken_id_is_external_and_never_taken_for_one_s_own() -> None:
    trader = desk()
    Incidents(trader.exchange).stray(strange("a"), trader.at)
    (unknown,) = trader.place("a", "buy", "1", "100")
    assert type(unknown).__name__ == "Lost"
    first, *rest = trader.query("a")
    assert isinstance(first, External) and "buy 5 ABC at 90" in first.what
    assert [spelt(report) for report in rest] == ["a acked"]


def test_the_end_of_an_external_order_under_a_taken_id_is_the_end_of_one_s_own() -> None:
    """It is smaller than what was asked, and nothing can come after it: else the rest would be reserved for ever."""
    trader = desk()
    Incidents(trader.exchange).stray(strange("a"), trader.at)
    trader.place("a", "buy", "9", "100")
    Incidents(trader.exchange).fill("one", "a", quantity("5"), trader.at)
    assert [spelt(report) for report in trader.query("a")[1:]] == ["a acked", "a 5@90", "a cancelled"]


def test_a_replace_that_a_question_overtook_is_refused() -> None:
    trader = desk()
    trader.place("a", "buy", "10", "90")
    made = order("a", "buy", "10", "90")
    made.pending = (quantity("5"), 91 * 10**18)
    late = trader.venue.replace(made, ABC, 0, 0)
    trader.query("a")
    assert trader.send(late, "a") == (ReplaceRefused(order="a", code="overtaken"),)


def test_a_stray_order_must_be_paid_for_too() -> None:
    with pytest.raises(Refusal):
        Incidents(desk(cash="1").exchange).stray(strange("nobody"), 0)
