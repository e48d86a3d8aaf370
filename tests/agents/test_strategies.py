"""What the strategies want: tables of prices and holdings against ideas."""

from __future__ import annotations

import pytest

from remit.agents.idea import Strategy, shares_for
from remit.agents.momentum import Momentum
from remit.agents.reversion import Reversion
from remit.kernel.exit_words import terms_words
from remit.kernel.numbers import SCALE, Money, Price, Quantity, parse, text


def prices(said: str) -> tuple[Price, ...]:
    """Prices as `100x4 101`: each word a price, `xN` repeats it."""
    found: list[Price] = []
    for word in said.split():
        price, _, times = word.partition("x")
        found += [parse(Price, price)] * int(times or 1)
    return tuple(found)


CASES = [
    # strategy, prices seen, held, what it wants
    (Momentum(), "100x7", "0", ""),  # too few prices to say anything
    (Momentum(), "100x8", "0", ""),
    (Momentum(), "100x4 101x4", "0", "buy 9"),
    (Momentum(), "100x4 100.9x4", "0", ""),
    (Momentum(), "100x4 105x4", "7", ""),  # one stake is enough
    (Momentum(), "100x4 99.5x4", "7", ""),
    (Momentum(), "100x4 99x4", "7", "sell 7"),
    (Momentum(), "100x4 99x4", "0", ""),
    (Momentum(), "3000x4 3100x4", "0", "buy 0"),  # a share costs more than it spends
    (Reversion(), "100x11", "0", ""),
    (Reversion(), "100x12", "0", ""),
    (Reversion(), "100x11 97", "0", "buy 24"),
    (Reversion(), "100x11 90", "0", "buy 40"),  # deeper, and more
    (Reversion(), "100x11 90", "5", ""),
    (Reversion(), "100x11 103", "5", "sell 5"),
    (Reversion(), "100x11 103", "0", ""),
]


@pytest.mark.parametrize(("strategy", "seen", "held", "wanted"), CASES)
def test_ideas(strategy: Strategy, seen: str, held: str, wanted: str) -> None:
    ideas = strategy.ideas({"X": prices(seen)}, {"X": parse(Quantity, held)})
    assert " ".join(f"{idea.side} {text(idea.quantity)}" for idea in ideas) == wanted


@pytest.mark.parametrize("strategy", [Momentum(), Reversion()])
def test_an_idea_names_its_reason_and_a_confidence(strategy: Strategy) -> None:
    rising, falling = prices("100x8 110x4"), prices("100x11 90")
    ideas = strategy.ideas({"UP": rising, "DOWN": falling}, {})
    assert [idea.instrument for idea in ideas] == ["UP" if strategy.name == "momentum" else "DOWN"]
    assert ideas[0].why and 0 < ideas[0].confidence < SCALE


@pytest.mark.parametrize(
    ("strategy", "seen", "says"),
    [
        (Momentum(), "100x4 101x4", "trailing_stop 8%"),
        (Reversion(), "100x11 97", "stop_loss 85.36, take_profit 100.88"),
        (Reversion(), "100x11 33.33", "stop_loss 29.33, take_profit 34.66"),  # on whole cents
    ],
)
def test_what_is_bought_brings_its_exit(strategy: Strategy, seen: str, says: str) -> None:
    (idea,) = strategy.ideas({"X": prices(seen)}, {})
    assert idea.exit is not None and terms_words(idea.exit) == says


def test_shares_are_whole() -> None:
    assert text(shares_for(parse(Money, "1000"), parse(Price, "333.34"))) == "2"
