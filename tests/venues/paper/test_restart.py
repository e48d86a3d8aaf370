"""What a state file brings back, and what it refuses to bring back."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.venues.paper.desk import ABC, LISTED, PUBLIC_KEY, Desk, desk, mark

from remit.kernel.command import Rejected
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.state import StateFile


def opened(path: Path) -> tuple[Desk, StateFile]:
    store = StateFile(path)
    return Desk(PaperExchange(LISTED, PUBLIC_KEY, store=store)), store


def test_size_that_was_used_up_stays_used_up(tmp_path: Path) -> None:
    trader, store = opened(tmp_path / "state")
    trader.mark(mark("99", "100", sizes="4"))
    trader.place("a", "buy", "3", "100")
    store.close()
    again, _ = opened(tmp_path / "state")
    again.permits = trader.permits
    again.place("b", "buy", "3", "100")
    assert again.told_so_far() == ["b 1@100"]


def test_cash_is_not_paid_in_again_and_a_closed_id_stays_closed(tmp_path: Path) -> None:
    trader, store = opened(tmp_path / "state")
    trader.mark(mark("99", "100"))
    trader.place("a", "buy", "10", "100")
    trader.query("never")
    store.close()
    again, _ = opened(tmp_path / "state")
    again.permits = trader.permits
    assert (again.cash(), again.position()) == ("999000", "10")
    assert again.place("never", "buy", "1", "100") == (Rejected(order="never", code="closed_by_query"),)


def test_time_does_not_go_back_over_a_restart(tmp_path: Path) -> None:
    trader, store = opened(tmp_path / "state")
    sealed = trader.seal(trader.venue.snapshot("one", 0, 0), "")
    trader.exchange.drain(2 * 10**18)
    store.close()
    again, _ = opened(tmp_path / "state")
    assert b"permit_expired" in again.exchange.handle(sealed, 0)


def test_a_state_file_serves_one_venue_at_a_time(tmp_path: Path) -> None:
    _, store = opened(tmp_path / "state")
    with pytest.raises(ValueError, match="Stop the venue"):
        StateFile(tmp_path / "state")
    store.close()


def test_a_position_in_what_is_no_longer_listed_is_named(tmp_path: Path) -> None:
    trader, store = opened(tmp_path / "state")
    trader.mark(mark("99", "100"))
    trader.place("a", "buy", "10", "100")
    store.close()
    with pytest.raises(ValueError, match="ABC, which is not listed"):
        PaperExchange([one for one in LISTED if one != ABC], PUBLIC_KEY, store=StateFile(tmp_path / "state"))


def test_without_a_store_nothing_is_remembered() -> None:
    assert desk().exchange.holdings("one") == desk().exchange.holdings("one")
    assert PaperExchange(LISTED, PUBLIC_KEY).open_connection("one", dict(desk().exchange.holdings("one").cash))
