"""The client at a served kernel: each verb as an agent's author says it, by both clients."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.doors.cli.house import House

from remit.client import AsyncRemit, GuardNotRunning, GuardRefused, Refused, Remit, Unclear, exit_terms


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    served = House(tmp_path)
    yield served
    served.close()


@pytest.fixture
def remit(house: House) -> Iterator[Remit]:
    with Remit("momentum", home=house.folder, patience_s=0) as client:
        yield client


def test_an_order_is_allowed_held_and_denied(remit: Remit) -> None:
    allowed = remit.place_order("AAPL", "buy", 5, limit_price="100")
    held = remit.place_order("AAPL", "buy", "16", limit_price=Decimal("100.00"))
    denied = remit.place_order("AAPL", "buy", 25, limit_price=100)
    assert [decision.verdict for decision in (allowed, held, denied)] == ["allow", "hold", "deny"]
    assert allowed.is_allowed and allowed.worth == Decimal(500) and allowed.why == ""
    assert held.why == "approval_notional_min of agent:momentum: 1600 against 1500 USD"
    assert "order_notional_max of agent:momentum: 2500 against 2000 USD" in denied.why
    assert denied.retry_after_s is None
    assert remit.get_approval(held.order).waits
    assert remit.explain_decision(denied.order).findings[0].sentence


def test_the_same_id_never_acts_twice(remit: Remit) -> None:
    first = remit.place_order("AAPL", "buy", 5, limit_price=100, id="once")
    again = remit.place_order("AAPL", "buy", 5, limit_price=100, id="once")
    assert (again.order, again.repeated, first.repeated) == (first.order, True, False)
    assert len(remit.list_orders(live=True)) == 1
    other = remit.place_order("AAPL", "buy", 6, limit_price=100, id="once")
    assert other.verdict == "deny" and other.findings[0].rule == "intent_id_unique"


def test_a_preview_changes_nothing(remit: Remit, house: House) -> None:
    before = house.desk.kernel.state.seq
    assert remit.preview_order("AAPL", "buy", 25, limit_price=100).verdict == "deny"
    assert remit.preview_order("AAPL", "buy", 5, limit_price=100).is_allowed
    assert house.desk.kernel.state.seq == before


def test_what_is_held_is_seen_and_closed(remit: Remit, house: House) -> None:
    bought = remit.place_order("AAPL", "buy", 5, limit_price=100)
    house.desk.fill(bought.order, "5", "99")
    (position,) = remit.get_positions()
    assert (position.quantity, position.cost_average, position.protection) == (Decimal(5), Decimal(99), "none")
    named = remit.set_exit("AAPL", exit_terms(stop_loss="90"))
    assert remit.ask("exits")[0]["exit"] == named
    with pytest.raises(Refused) as refused:
        remit.drop_exit(named)
    assert refused.value.code == "widens_stop"
    closed = remit.close_position("AAPL", id="close-1")
    assert closed.is_allowed and closed.reducing == Decimal(5)
    house.desk.fill(closed.order, "5", "101")
    again = remit.close_position("AAPL", id="close-1")
    assert (again.order, again.repeated) == (closed.order, True)
    with pytest.raises(Unclear, match="no AAPL is held"):
        remit.close_position("AAPL")


def test_a_cancel_says_whether_there_was_anything_to_cancel(remit: Remit) -> None:
    held = remit.place_order("AAPL", "buy", 16, limit_price=100)
    assert remit.cancel_order(held.order) is True
    assert remit.get_order(held.order).state == "cancelled"
    assert remit.cancel_order(held.order) is False
    with pytest.raises(Refused) as refused:
        remit.cancel_order("abcd-999")
    assert refused.value.code == "unknown_order" and refused.value.entry > 0


def test_what_can_be_known_is_typed(remit: Remit) -> None:
    account, quote = remit.get_account(), remit.get_quote("AAPL")
    assert (account.agent, account.environment, account.connections) == ("momentum", "training", ("paper1",))
    assert quote is not None and quote.last == Decimal(100) and remit.get_quote("NONE") is None
    assert [row.name for row in remit.search_markets("aap")] == ["AAPL"] and remit.search_markets("xyz") == ()
    assert "order_notional_max" in {row.limit for row in remit.get_limits()}
    assert {row.rule for row in remit.get_exposure()} >= {"market_exposure_max", "daily_loss_max"}


def test_what_is_unclear_is_not_sent(remit: Remit, house: House) -> None:
    before = house.desk.kernel.state.seq
    for quantity, more in ((1.5, {}), (5, {"limit_price": "x"}), (0, {}), (5, {"confidence": "2"})):
        with pytest.raises(Unclear):
            remit.place_order("AAPL", "buy", quantity, **more)  # type: ignore[arg-type]
    with Remit("ann", home=house.folder) as operator, pytest.raises(Unclear, match="stands for no agent"):
        operator.place_order("AAPL", "buy", 5)
    assert house.desk.kernel.state.seq == before


def test_a_wrong_token_is_told_at_once(house: House) -> None:
    with Remit("nobody", home=house.folder, patience_s=60) as stranger, pytest.raises(GuardRefused) as refused:
        stranger.get_account()
    assert refused.value.code == "not_authenticated"


def test_both_clients_have_the_same_verbs() -> None:
    def verbs(kind: type) -> set[str]:
        return {name.removeprefix("a") for name in vars(kind) if name in ("close", "aclose")} | {
            name for name in vars(kind) if not name.startswith("_") and name not in ("close", "aclose")
        }

    assert verbs(Remit) == verbs(AsyncRemit)


def test_many_verbs_are_under_way_at_once(house: House) -> None:
    async def trade() -> list[Any]:
        async with AsyncRemit("momentum", home=house.folder) as remit:
            proposals = [remit.place_order("AAPL", "buy", 5, limit_price=100, id=f"a{n}") for n in range(8)]
            decisions = await asyncio.gather(*proposals)
            return [decision.verdict for decision in decisions]

    verdicts = asyncio.run(trade())
    assert sorted(verdicts) == ["allow"] * 6 + ["deny"] * 2


@pytest.mark.parametrize("there", ["no file", "a file that nobody listens on"])
@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9"])
def test_where_no_guard_ever_was_it_says_so_at_once(
    tmp_path: Path, there: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        raise AssertionError("it waits")

    for name in ("time", "asyncio"):  # the client's own, and nobody else's in this process
        monkeypatch.setattr(f"remit.client.remit.{name}", SimpleNamespace(sleep=sleep))
    if there != "no file":
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(str(tmp_path / "guard.sock"))

    async def ask() -> None:
        async with AsyncRemit("momentum", home=tmp_path, url=url or None) as remit:
            await remit.get_positions()

    with Remit("momentum", home=tmp_path, url=url or None) as client:
        for asking in (client.get_positions, lambda: client.place_order("AAPL", "buy", 1), lambda: asyncio.run(ask())):
            with pytest.raises(GuardNotRunning) as refused:
                asking()
            assert "remit up" in refused.value.fix


def test_it_goes_on_asking_where_a_guard_was_before(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr("remit.client.remit.time", SimpleNamespace(sleep=rests.append))
    with Remit("momentum", home=house.folder, patience_s=2) as client:
        client.get_positions()
        client.close()
        (house.folder / "guard.sock").rename(house.folder / "away.sock")
        try:
            with pytest.raises(GuardNotRunning):
                client.get_positions()
        finally:
            (house.folder / "away.sock").rename(house.folder / "guard.sock")
        assert sum(rests) == pytest.approx(1.8)
        assert client.get_positions() == ()
