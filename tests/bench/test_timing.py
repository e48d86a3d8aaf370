"""Tests of how things are timed: turns, medians and noise. No test asks how fast anything is."""

from __future__ import annotations

import pytest

from remit.bench.timing import Round, Timed, in_turns, timed


class Clock:
    """A clock that goes ahead only when somebody works."""

    def __init__(self) -> None:
        self.at = 0

    def __call__(self) -> int:
        return self.at

    def work(self, takes_ns: int, units: int) -> int:
        self.at += takes_ns
        return units


def test_each_subject_has_its_turn_in_every_round() -> None:
    turns: list[str] = []

    def subject(name: str) -> Round:
        return Round(lambda: turns.append(f"run {name}") or 1, lambda: turns.append(f"prepare {name}"))

    in_turns({"a": subject("a"), "b": subject("b")}, 2)
    one_round = ["prepare a", "run a", "prepare b", "run b"]
    assert turns == one_round * 3, "one round warms up, two are measured"


def test_without_a_warm_up_only_the_rounds_run() -> None:
    ran: list[int] = []
    in_turns({"a": Round(lambda: ran.append(1) or 1)}, 2, warm=False)
    assert len(ran) == 2


def test_a_time_is_per_unit_and_leaves_the_preparation_out() -> None:
    clock = Clock()
    took = in_turns(
        {
            "slow": Round(lambda: clock.work(800, 4), lambda: clock.work(10**9, 1) and None),
            "fast": Round(lambda: clock.work(100, 4)),
        },
        3, clock,
    )
    assert took == {"slow": Timed(200, 0), "fast": Timed(25, 0)}


@pytest.mark.parametrize(
    ("values", "median", "noise"),
    [
        ([5.0], 5, 0),
        ([10.0, 10.0, 10.0], 10, 0),
        ([8.0, 9.0, 10.0, 11.0, 12.0], 10, 0.1),
        ([10.0, 10.0, 10.0, 10.0, 1000.0], 10, 0),
    ],
)
def test_one_wild_round_moves_neither_median_nor_noise(values: list[float], median: float, noise: float) -> None:
    found = timed(values)
    assert found.ns == median
    assert found.noise == pytest.approx(noise)
