"""The client beside a guard that is killed and started again: nothing is lost, nothing acts twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.guard.processes import Processes, trading

from remit.client import Decision, Remit

ORDERS = 40
KILLS = 3


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    yield from trading(tmp_path / "home")


def test_orders_proposed_while_the_guard_is_killed_act_once_each(processes: Processes) -> None:
    decisions: list[Decision] = []

    def propose() -> None:
        with Remit(processes.secrets["momentum"], home=processes.home, patience_s=60) as remit:
            for number in range(ORDERS):
                # A price far below the market: it rests, so that each order is still there to be counted.
                decisions.append(
                    remit.place_order("AAPL", "buy", 1, limit_price="95", id=f"order-{number}", thought=f"no {number}")
                )
                time.sleep(0.02)

    agent = threading.Thread(target=propose)
    agent.start()
    for _ in range(KILLS):
        time.sleep(0.4)
        processes.kill_guard()
        processes.start_guard()
        processes.until_ready()
        processes.mark("100")
    agent.join(60)
    assert len(decisions) == ORDERS
    with Remit(processes.secrets["momentum"], home=processes.home) as remit:
        remit.record_thought("all of them", order=decisions[0].order)
        rows = remit.list_orders(limit=1000)
        log = remit.ask("log", kind="noted")["entries"]
    assert sorted(row.intent for row in rows) == sorted(
        f"order-{number}" for number in range(ORDERS) if decisions[number].is_allowed
    )
    assert len(rows) >= ORDERS // 2, [decision.why for decision in decisions]
    assert [entry["command"]["body"]["note"] for entry in log] == ["thought"]
