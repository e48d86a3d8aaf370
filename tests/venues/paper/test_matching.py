"""Who trades with whom, at which price: tables of what happens at the venue and what it says unasked."""

from __future__ import annotations

from typing import Any

import pytest
from tests.venues.paper.desk import Desk, desk, mark, quantity


def play(script: str, **terms: Any) -> list[str]:
    """Play the steps, separated by `;`, and return what the venue says unasked.

    `buy a 10 @99.5 ioc two` places (no @: a market order, `<105` its worst price); `quote 99 100 x50` marks with that
    size on both sides, `open 99 100` is the open of a bar and `path 99 100` a point inside it; `end` ends the session;
    `cancel a`, `replace a 5 99`, `wait 3` (nanoseconds).
    """
    trader = desk(**terms)
    said: list[str] = []
    for line in script.split(";"):
        step(trader, line.split())
        said += trader.told_so_far()
    return said


def step(trader: Desk, words: list[str]) -> None:
    verb, *rest = words
    given = {word[0]: word[1:] for word in rest if word[0] in "@<x"}
    connection = "two" if "two" in rest else "one"
    if verb in ("buy", "sell"):
        tif = next((word for word in rest if word in ("gtc", "ioc")), "day")
        trader.place(rest[0], verb, rest[1], given.get("@"), worst=given.get("<"), tif=tif, connection=connection)
    elif verb in ("quote", "open", "path"):
        trader.mark(mark(rest[0], rest[1], at=trader.at, sizes=given.get("x"), bar=verb == "open", path=verb == "path"))
    elif verb == "end":
        trader.end_session()
    elif verb == "cancel":
        trader.cancel(rest[0], connection)
    elif verb == "replace":
        trader.replace(rest[0], rest[1], rest[2], connection)
    elif verb == "wait":
        trader.at += int(rest[0])
    else:
        raise AssertionError(f"no step {verb}")


MATCHING = {
    # at the touch
    "market buy takes the ask": ("quote 99 100; buy a 10 <105", ["a 10@100"]),
    "market sell takes the bid": ("quote 99 100; buy z 10 <105; sell a 10 <90", ["z 10@100", "a 10@99"]),
    "limit at the touch trades": ("quote 99 100; buy a 10 @100", ["a 10@100"]),
    "limit above the touch trades at the touch": ("quote 99 100; buy a 10 @103", ["a 10@100"]),
    "limit below the touch rests": ("quote 99 100; buy a 10 @99.5", []),
    "a crossed quote is no price": ("quote 99 100; buy a 10 @98; quote 101 97; quote -1 97", []),
    "no mark yet: waits": ("buy a 10 @103", []),
    # protection of market orders
    "never beyond the worst price": ("quote 99 100; buy a 10 <99.99", []),
    "the rest of a market order waits within it": (
        "quote 99 100 x4; buy a 10 <101; quote 99 102 x4; quote 99 101 x9",
        ["a 4@100", "a 6@101"],
    ),
    # size
    "partial where size runs short": ("quote 99 100 x4; buy a 10 @100", ["a 4@100"]),
    "size is used up": ("quote 99 100 x4; buy a 3 @100; buy b 3 @100", ["a 3@100", "b 1@100"]),
    "size comes back with the next quote": ("quote 99 100 x4; buy a 10 @100; quote 99 100 x4", ["a 4@100", "a 4@100"]),
    "size in whole lots": ("quote 99 100 x4.9; buy a 10 @100", ["a 4@100"]),
    # time in force
    "ioc cancels the rest": ("quote 99 100 x4; buy a 10 @100 ioc", ["a 4@100", "a cancelled"]),
    "ioc with nothing there": ("quote 99 100; buy a 10 @99 ioc", ["a cancelled"]),
    "day expires, gtc stays": (
        "quote 99 100; buy a 1 @99; buy b 1 @98 gtc; end; path 97 97.5",
        ["a expired", "b 1@98"],
    ),
    # resting orders and bars
    "a touch of the limit does not fill": ("open 101 101; buy a 1 @100; path 100 100", []),
    "through the limit fills at the limit": ("open 101 101; buy a 1 @100; path 98 98", ["a 1@100"]),
    "a sell too": ("quote 99 100; buy z 1 <100; sell a 1 @103; path 105 105", ["z 1@100", "a 1@103"]),
    "the open of a gap fills better": ("open 101 101; buy a 1 @100; open 97 97", ["a 1@97"]),
    "a quote at the limit fills at the limit": ("quote 101 102; buy a 1 @100; quote 99 100", ["a 1@100"]),
    "a quote below the limit fills at the limit": ("quote 101 102; buy a 1 @100; quote 97 98", ["a 1@100"]),
    "price before time": ("quote 101 102; buy a 5 @99; buy b 5 @100; path 97 98 x7", ["b 5@100", "a 2@99"]),
    "time at one price": ("quote 101 102; buy a 5 @100 two; buy b 5 @100; path 97 98 x7", ["a 5@100", "b 2@100"]),
    "a replace to less keeps its turn": (
        "quote 101 102; buy a 5 @100; buy b 5 @100; replace a 3 100; path 97 98 x4",
        ["a 3@100", "b 1@100"],
    ),
    "a replace to more loses it": (
        "quote 101 102; buy a 5 @100; buy b 5 @100; replace a 6 100; path 97 98 x6",
        ["b 5@100", "a 1@100"],
    ),
    "a replace to a better price trades": ("quote 101 102; buy a 5 @100; replace a 5 102", ["a 5@102"]),
    "a cancelled order is gone": ("quote 101 102; buy a 5 @100; cancel a; path 97 98", []),
    # between connections
    "orders of two connections cross": (
        "buy z 9 @50; quote 49 50; quote 90 110; buy a 5 @100 two; sell b 3 @98",
        ["z 9@50", "b 3@100", "a 3@100"],
    ),
    "one connection never trades with itself": ("quote 90 110; buy a 5 @100; buy z 3 <110; sell b 3 @98", ["z 3@110"]),
    "inside the spread beats the touch": ("quote 90 110; sell a 5 @100 two; buy b 5 <120", ["b 5@100", "a 5@100"]),
    "the touch is first at the same price": (
        "quote 90 110 x3; sell a 5 @110 two; buy b 5 @110",
        ["b 3@110", "b 2@110", "a 2@110"],
    ),
    "a waiting market order takes what arrives": (
        "quote 90 110 x1; buy a 5 <112; sell b 3 @105 two",
        ["a 1@110", "b 3@105", "a 3@105"],
    ),
}


@pytest.mark.parametrize(("script", "said"), MATCHING.values(), ids=MATCHING.keys())
def test_matching(script: str, said: list[str]) -> None:
    assert play(script) == said


def test_an_order_works_only_after_the_latency() -> None:
    script = "quote 99 100; buy a 1 @100; wait 9; quote 97 98; wait 1; quote 95 96"
    assert play(script, latency_ns=10) == ["a 1@98"], "the touch in force when it arrived, not the one it was sent at"


def test_a_cancel_overtakes_an_order_on_its_way() -> None:
    assert play("quote 99 100; buy a 1 @100; cancel a; wait 100; quote 97 98", latency_ns=10) == []


def test_a_configured_depth_stands_in_for_a_missing_size() -> None:
    assert play("quote 99 100; buy a 10 @100", depth=quantity("7")) == ["a 7@100"]


def test_next_due_says_when_the_next_order_arrives() -> None:
    trader = desk(latency_ns=10)
    assert trader.exchange.next_due() is None
    trader.at = 5
    trader.place("a", "buy", "1", "100")
    assert trader.exchange.next_due() == 15
    trader.exchange.drain(15)
    assert trader.exchange.next_due() is None
