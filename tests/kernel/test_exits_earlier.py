"""Exits and what was before: extremes, clocks, splits and changed terms; none of it touches what stands now."""

from __future__ import annotations

import pytest
from tests.kernel.desk import Desk, price, quantity, rules, small
from tests.kernel.test_exits import bracket, marked, only, protects, said, set_exit

from remit.kernel import command as c
from remit.kernel.health import fault_of
from remit.kernel.numbers import NANOSECONDS, text

MINUTE = 60 * NANOSECONDS


def watched(legs: str) -> Desk:
    """Ten at 100 with an exit that has seen a mark."""
    desk = small()
    desk.hold("10")
    desk.mark("AAPL", "100")
    assert said(set_exit(desk, legs)) == ["set"]
    assert marked(desk, "100") == []
    return desk


@pytest.mark.parametrize("legs", ["stop 95", "take 110", "trail 5", "trail 5%", "stop 95, take 110, trail 6"])
@pytest.mark.parametrize(
    ("new", "old", "last", "low", "high"),
    [(6, 5, "83.33", "83", "100"), (2, 1, "50", "49.9", "100"), (1, 2, "200", "100", "201")],
)
def test_prices_from_before_a_split_touch_nothing(
    legs: str, new: int, old: int, last: str, low: str, high: str
) -> None:
    """The first bar after it reaches back to old prices, which are far beyond every level in new ones."""
    desk = watched(legs)
    desk.took(c.Split(instrument="AAPL", new=new, old=old))
    extremes = {"low": price(low), "high": price(high), "resolution_ns": MINUTE}
    assert marked(desk, last, **extremes) == []
    desk.agree()


def test_after_a_split_the_exit_goes_on() -> None:
    desk = watched("stop 95")
    desk.took(c.Split(instrument="AAPL", new=2, old=1))
    desk.at += 2 * MINUTE
    assert marked(desk, "50") == []
    desk.at += NANOSECONDS
    assert marked(desk, "48", low=price("47")) == ["stop_loss 47.5: 20"]


def test_a_low_from_before_an_exit_does_not_touch_it_where_the_feeds_clock_is_ahead() -> None:
    desk = small()
    desk.hold("10")
    ahead = 50 * NANOSECONDS
    desk.mark("AAPL", "100", at=desk.at + ahead)
    set_exit(desk, "stop 95")
    desk.at += NANOSECONDS
    assert marked(desk, "100", at=desk.at + ahead, low=price("94")) == []
    desk.at += NANOSECONDS
    assert marked(desk, "100", at=desk.at + ahead, low=price("94")) == ["stop_loss 95: 10"]


def test_a_low_of_a_bar_that_began_before_the_exit_does_not_touch_it() -> None:
    """Another feed's hour: its low may be from long before, whatever came last from elsewhere."""
    desk = watched("stop 95")
    desk.at += NANOSECONDS
    assert marked(desk, "100", low=price("90"), resolution_ns=60 * MINUTE) == []
    assert marked(desk, "100", low=price("90")) == ["stop_loss 95: 10"]


def test_changing_a_target_over_and_over_does_not_keep_a_stop_from_trailing() -> None:
    desk = watched("trail 5, take 200")
    name = only(desk).id
    for high, target in (("102", "201"), ("104", "202"), ("106", "203")):
        assert said(set_exit(desk, f"trail 5, take {target}", name)) == ["set"]
        assert marked(desk, "101.5", high=price(high)) == []
        assert text(only(desk).extreme) == high
    assert marked(desk, "101") == ["trailing_stop 101: 10"]


def test_a_trail_that_is_added_follows_no_high_from_before() -> None:
    desk = watched("stop 90")
    name = only(desk).id
    assert said(set_exit(desk, "stop 90, trail 5", name)) == ["set"]
    assert marked(desk, "100", high=price("119")) == []
    assert text(only(desk).extreme) == "100"


def test_a_bracket_that_trails_takes_no_later_activation() -> None:
    """It would begin there when its entry fills again after the position was gone."""
    desk = small()
    order = bracket(desk, "10", "trail 5")
    desk.fill(order, "4", "100")
    assert only(desk).active
    assert said(set_exit(desk, "trail 5 from 200", only(desk).id)) == ["widens_stop"]
    desk.fill(desk.working("4", "101", side="sell"), "4", "101")
    assert protects(desk) == ["waiting 0"]
    desk.fill(order, "6", "100")
    assert (protects(desk), marked(desk, "95")) == (["armed 6"], ["trailing_stop 95: 6"])


def test_a_bracket_that_is_given_more_quantity_protects_more_of_what_it_filled() -> None:
    desk = small()
    order = bracket(desk, "10", "stop 95", terms={"quantity": quantity("3")})
    desk.fill(order, "6", "100")
    assert protects(desk) == ["armed 3"]
    for amount, expected in (({"quantity": quantity("5")}, "5"), ({"quantity": quantity("8")}, "6"), ({}, "6")):
        assert said(set_exit(desk, "stop 95", only(desk).id, **amount)) == ["set"]
        assert protects(desk) == [f"armed {expected}"]
    desk.fill(order, "4", "100")
    assert protects(desk) == ["armed 10"]
    desk.agree()


def test_what_was_closed_by_hand_stays_closed_when_a_bracket_is_given_more_quantity() -> None:
    desk = small()
    order = bracket(desk, "10", "stop 95", terms={"quantity": quantity("5")})
    desk.fill(order, "10", "100")
    desk.fill(desk.working("8", "100", side="sell"), "8", "100")
    assert protects(desk) == ["armed 2"]
    assert said(set_exit(desk, "stop 95", only(desk).id)) == ["set"]
    assert protects(desk) == ["armed 2"]


@pytest.mark.parametrize("strange", ["50", "1000"])
def test_a_source_that_talks_nonsense_keeps_no_stop_from_closing(strange: str) -> None:
    """Two disagree: nothing opens, what is held back triggers nothing, and the source that goes on is acted on."""
    desk = watched("stop 95")
    for _ in range(5):
        desk.at += NANOSECONDS
        assert "stop_loss 95: 10" not in marked(desk, strange, source="nonsense")
        assert marked(desk, "99", source="good") == []
    assert fault_of(desk.state, "AAPL") and rules(desk.submit("1", "90")) == ["mark_fresh"]
    desk.at += NANOSECONDS
    assert marked(desk, "95", source="good") == ["stop_loss 95: 10"]
    desk.agree()
