"""What a client asks when nobody answers: a plain table of faults, without a guard, a socket or a clock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from remit.client import GuardError, GuardGone, GuardNotRunning, GuardRefused, OutcomeUnknown, Unclear, exit_terms
from remit.client.asking import PAUSES_S, Ask, Asking, Rest, exact, patiently, wait
from remit.guard.wire import Failure
from remit.kernel.numbers import Price, Quantity

GONE = GuardGone("no answer", "Ask again")
AWAY = GuardNotRunning("nobody there", "Start it")
ENDING = GuardRefused(Failure("guard_stopped", "the guard is stopping", "Start it again"))
REFUSED = GuardRefused(Failure("not_authorised", "no", "Ask somebody"))

PATIENCE_S = sum(PAUSES_S) + 0.01


def played(asking: Asking[Any], answers: list[Any]) -> tuple[Any, int, float]:
    """Answer each question in turn; return how it ended, how often it asked, and how long it rested."""
    asked, rested = 0, 0.0
    given: Any = None
    try:
        step = next(asking)
        while True:
            if isinstance(step, Rest):
                rested += step.seconds
                step = asking.send(None)
                continue
            given = answers[min(asked, len(answers) - 1)]
            asked += 1
            step = asking.throw(given) if isinstance(given, Exception) else asking.send(given)
    except StopIteration as done:
        return done.value, asked, rested
    except GuardError as fault:
        return fault.code, asked, rested


@pytest.mark.parametrize(
    ("answers", "id", "ends", "asked"),
    [
        ([7], "a", 7, 1),
        ([AWAY, 7], "a", 7, 2),
        ([GONE, GONE, AWAY, ENDING, 7], "a", 7, 5),
        ([REFUSED], "a", "not_authorised", 1),
        ([GONE, REFUSED], "a", "not_authorised", 2),
        # never arrived: certain
        ([AWAY], "a", "guard_not_running", 6),
        # may have arrived, then or at any time before: not certain
        ([GONE], "a", "outcome_unknown", 6),
        ([GONE, AWAY], "a", "outcome_unknown", 6),
        ([AWAY, ENDING, AWAY], "a", "outcome_unknown", 6),
        # a question changes nothing, so nothing of it can be unknown
        ([GONE, AWAY], "", "guard_not_running", 6),
    ],
)
def test_it_asks_again_and_says_what_is_certain(answers: list[Any], id: str, ends: Any, asked: int) -> None:
    found, times, rested = played(patiently(Ask("command", {}), PATIENCE_S, id), answers)
    assert (found, times) == (ends, asked)
    assert rested <= PATIENCE_S


def test_no_patience_asks_once() -> None:
    assert played(patiently(Ask("command", {}), 0, "a"), [GONE]) == ("outcome_unknown", 1, 0)


def test_what_is_unknown_names_the_id_to_say_it_again_with() -> None:
    asking = patiently(Ask("command", {}), 0, "momentum-7")
    next(asking)
    with pytest.raises(OutcomeUnknown) as caught:
        asking.throw(GONE)
    assert caught.value.id == "momentum-7"


def test_waiting_for_people_ends_with_their_answer_or_with_time() -> None:
    waiting = {"order": "o", "state": "held", "answer": "waiting"}
    stands, asked, rested = played(wait(0, "o", 10), [waiting, waiting, {**waiting, "answer": "declined"}])
    assert (stands.answer, asked, rested) == ("declined", 3, 2)
    stands, asked, rested = played(wait(0, "o", 2.5), [waiting])
    assert stands.waits and rested == 2.5


@pytest.mark.parametrize(
    ("written", "means"),
    [("1.5", "1.5"), (3, "3"), (Decimal("1E+2"), "100"), (Decimal("0.10"), "0.1"), ("-2", "-2")],
)
def test_numbers_are_exact(written: Any, means: str) -> None:
    assert str(exact(Quantity, written, "quantity")) == means


@pytest.mark.parametrize(
    "written", [1.5, True, "1,5", "1e3", "NaN", Decimal("NaN"), Decimal("Infinity"), "", "٣", Decimal("1E-19"), 10**24]
)
def test_what_is_not_exact_is_not_sent(written: Any) -> None:
    with pytest.raises(Unclear, match="quantity"):
        exact(Quantity, written, "quantity")


def test_an_exit_is_said_in_prices() -> None:
    terms = exit_terms(stop_loss="95", take_profit=110, trailing_stop_bps=200, activation="105")
    assert [leg.kind for leg in terms.legs] == ["stop_loss", "take_profit", "trailing_stop"]
    assert terms.legs[0].trigger == Price(95 * 10**18) and terms.legs[2].offset_bps == 200
    for wrong in ({}, {"activation": "105"}, {"stop_loss": "-1"}, {"trailing_stop": "1", "trailing_stop_bps": 5}):
        with pytest.raises(Unclear):
            exit_terms(**wrong)
