"""The soak, short: it finds nothing where nothing is wrong, and what grows, leaks and differs where something is."""

from __future__ import annotations

import json

import msgspec
import pytest

from remit.kernel import reserve
from remit.kernel.order import Order
from remit.kernel.state import State
from remit.kernel.sums import Cash
from remit.testing.sim.soak import run
from remit.testing.sim.soak.__main__ import main
from remit.testing.sim.soak.census import leaks
from remit.testing.sim.soak.crowd import Size
from remit.testing.sim.soak.meter import BLOCKS_PER_ORDER_MAX, BYTES_PER_ORDER_MAX, LONG, Sample, growth

SMALL = ("--minutes", "2", "--agents", "6", "--instruments", "20", "--pace", "2")


def test_a_short_soak_finds_nothing_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    counts = found["counts"]
    assert found["wrong"] == []
    assert counts["orders"] == counts["allowed"] + counts["denied"] + counts.get("held", 0) > 200
    assert counts["fills"] > 50 and counts["marks"] > 100 and counts["restarts"] == counts["cuts"] == 1
    assert found["verified"]["well"] and found["verified"]["entries"] >= counts["entries"]
    assert found["left"]["orders"] == 0 and found["left"]["finished"] > 100
    assert "minute   2 of 2" in said.err and "all is well" in said.err


class Broken(run._Soak):
    """A soak whose kernel forgets to take orders out of one table, and one of whose venues loses a dollar."""

    async def _calm(self, operator: run.Caller) -> None:
        self._exchanges["north"].deposit("fund0-north", "USD", -1)
        await super()._calm(operator)


def test_what_leaks_and_what_differs_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "_Soak", Broken)
    monkeypatch.setattr(reserve, "_forget_crossing", lambda state, order: None)
    assert main(["--minutes", "1", "--agents", "5", "--instruments", "10", "--pace", "2"]) == 1
    said = capsys.readouterr().out
    assert "WRONG: crossings of ('ann', 'X" in said and "WRONG: fund0-north has " in said
    assert "all is well" not in said


def test_a_size_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--minutes", "0"])
    assert left.value.code == 2 and "above zero" in capsys.readouterr().err


def test_everything_that_is_left_is_counted() -> None:
    state = State()
    order = Order()
    order.id, order.state, order.reserved = "o1", "acked", 7
    state.orders["o1"] = order
    state.cash["c", "USD"] = Cash(10, 3)
    state.unknown["c"] = {"o1": 1}
    assert list(leaks(state, {})) == [
        "order o1 is acked and reserves 7",
        "3 USD of c are reserved for nothing",
        "unknown of c has 1 left",
    ]


def samples(live: int = 0, each: int = 10_000, blocks: int = 100) -> list[Sample]:
    """An hour in which a table of what lives grows by `live` a minute, and each order costs so many bytes."""
    return [
        Sample(
            minute=minute, real_s=minute, rss_bytes=10**8 + each * 1_000 * minute + 2 * 10**6 * minute,
            disk_bytes=2 * 10**6 * minute, blocks=10**6 + blocks * 1_000 * minute, orders=1_000 * minute,
            tables={"orders": 300 + live * minute, "finished": 1_000 * minute},
        )
        for minute in range(1, 61)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("measured", "wrong"),
    [
        (samples(), []),
        (samples(live=5), []),
        (samples(live=100), ["the table orders grows: 4300 entries at most in the first two thirds, then 6300"]),
        (
            samples(each=BYTES_PER_ORDER_MAX + 1),
            [f"memory grows by {BYTES_PER_ORDER_MAX + 1} bytes an order, over {BYTES_PER_ORDER_MAX}"],
        ),
        (samples(each=BYTES_PER_ORDER_MAX + 1)[: LONG - 1], []),
        (
            samples(blocks=BLOCKS_PER_ORDER_MAX + 1)[:6],
            [f"memory grows by {BLOCKS_PER_ORDER_MAX + 1} blocks an order, over {BLOCKS_PER_ORDER_MAX}"],
        ),
        (samples(live=1_000)[:5], []),
    ],
)
def test_what_grows_without_end_is_told(measured: list[Sample], wrong: list[str]) -> None:
    assert growth(measured) == wrong


def test_a_guard_that_does_not_come_up_again_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    class Damaged(run._Soak):
        async def _restart(self) -> None:
            await self.machine.stop()
            for name in self.machine.disks[run.JOURNAL].names():
                self.machine.disks[run.JOURNAL].flip(name, 2_000)
            self.machine.boot()
            if not await self.machine.up():
                raise run.Fault(f"the guard does not start again: {self.machine.start_failed!r}")

    monkeypatch.setattr(run, "_Soak", Damaged)
    found = run.soak(Size(agents=5, instruments=5, minutes=1, pace_s=5))
    assert any("the guard does not start again" in what for what in found.wrong)
    assert msgspec.json.encode(found)
