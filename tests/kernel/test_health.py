"""Feed health: which marks become state, which are held back, and what an instrument is unfit for; boundaries exact."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from tests.kernel.desk import ANN, Desk, money, price, quantity, rules, small, verdict

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.health import CONFIRM_NS, GAP_NS, fall_asleep, fault_of
from remit.kernel.instrument import AGGREGATE_NS, Mark
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS, SCALE
from remit.kernel.snapshot import dump, load
from remit.kernel.state import CLOCK_LEAD_NS

SECOND = NANOSECONDS
Step = tuple[int, str, str, str, str]
"""Nanoseconds after the first mark, source, last; then the last that is state, and what AAPL is unfit for."""


def at(begun: int, step: Step, **more: Any) -> Mark:
    after_ns, source, last, *_ = step
    said = price(last)
    return Mark(**{"instrument": "AAPL", "at": begun + after_ns, "bid": said, "ask": said, "last": said,
                   "source": source, **more})  # fmt: skip


def holding() -> tuple[Desk, int]:
    """An agent that holds 10 at 100, marked at 100 by `a` just now; and when that was."""
    desk = small()
    desk.hold("10")
    begun = desk.at
    desk.took(c.Marked(marks=(at(begun, (0, "a", "100", "", "")),)))
    return desk, begun


def played(desk: Desk, begun: int, steps: tuple[Step, ...], **more: Any) -> list[tuple[str, str]]:
    """Enter the marks, each when it was made; return after each what is state and what is unfit."""
    seen = []
    for step in steps:
        mark = at(begun, step, **more)
        desk.took(c.Marked(marks=(mark,)), GUARD, after_ns=max(mark.at - desk.at, 0))
        unfit = desk.state.unfit.get("AAPL")
        seen.append((str(desk.state.marks["AAPL"].last), "" if unfit is None else unfit.reason))
        desk.reload()
        desk.agree()
    return seen


SEQUENCES: dict[str, tuple[Step, ...]] = {
    "as far as the limit is no jump, a tick further is": (
        (1 * SECOND, "a", "120", "120", ""),
        (2 * SECOND, "a", "96", "96", ""),
        (3 * SECOND, "a", "115.21", "96", "jump"),
    ),
    "a flash spike of one source": (
        (1 * SECOND, "a", "1", "100", "jump"),
        (2 * SECOND, "a", "101", "101", ""),
    ),
    "a true move, believed after five seconds of one source": (
        (1 * SECOND, "a", "70", "100", "jump"),
        (3 * SECOND, "a", "69", "100", "jump"),
        (1 * SECOND + CONFIRM_NS - 1, "a", "68", "100", "jump"),
        (1 * SECOND + CONFIRM_NS, "a", "68", "68", ""),
    ),
    "a true move, believed as soon as a second source says so": (
        (1 * SECOND, "a", "70", "100", "jump"),
        (1 * SECOND + 1, "b", "71", "71", ""),
        (2 * SECOND, "a", "70", "70", ""),
    ),
    "a second source that says something else again is no witness": (
        (1 * SECOND, "a", "70", "100", "jump"),
        (2 * SECOND, "b", "40", "100", "jump"),
        (2 * SECOND + CONFIRM_NS, "b", "40", "40", ""),
    ),
    "a source without a name is no witness": (
        (1 * SECOND, "a", "70", "100", "jump"),
        (2 * SECOND, "", "70", "100", "jump"),
        (1 * SECOND + CONFIRM_NS, "", "70", "70", ""),
    ),
    "a slide in steps under the limit is one move": (
        (1 * SECOND, "a", "75", "100", "jump"),
        (3 * SECOND, "a", "61", "100", "jump"),
        (1 * SECOND + CONFIRM_NS, "a", "50", "50", ""),
    ),
    "a second jump begins to be counted anew": (
        (1 * SECOND, "a", "70", "100", "jump"),
        (4 * SECOND, "a", "30", "100", "jump"),
        (1 * SECOND + CONFIRM_NS, "a", "30", "100", "jump"),
        (4 * SECOND + CONFIRM_NS, "a", "30", "30", ""),
    ),
    "two sources that disagree: time does not make the strange one right": (
        (1 * SECOND, "b", "50", "100", "jump"),
        (3 * SECOND, "a", "101", "101", "jump"),
        (6 * SECOND, "b", "50", "101", "jump"),
        (7 * SECOND, "a", "102", "102", "jump"),
        (8 * SECOND, "b", "50", "102", "jump"),
        (8 * SECOND + CONFIRM_NS - 1, "a", "101", "101", "jump"),
        (8 * SECOND + CONFIRM_NS, "a", "101", "101", ""),
    ),
    "the strange source comes back": (
        (1 * SECOND, "b", "50", "100", "jump"),
        (2 * SECOND, "a", "101", "101", "jump"),
        (3 * SECOND, "b", "100", "100", ""),
    ),
    "a minute is no gap, an instant longer is one": (
        (GAP_NS, "a", "100", "100", ""),
        (2 * GAP_NS + 1, "a", "101", "101", "gap"),
        (2 * GAP_NS + 2, "a", "102", "102", ""),
    ),
    "after a gap the second mark comes late as well": (
        (GAP_NS + 1, "a", "101", "101", "gap"),
        (2 * GAP_NS + 2, "a", "101", "101", "gap"),
        (3 * GAP_NS, "a", "101", "101", ""),
    ),
    "a jump after a gap": (
        (10 * GAP_NS, "a", "50", "100", "jump"),
        (10 * GAP_NS + CONFIRM_NS, "a", "50", "50", "gap"),
        (10 * GAP_NS + CONFIRM_NS + 1, "a", "50", "50", ""),
    ),
    "a late mark says nothing": ((-1, "a", "50", "100", ""),),
}  # fmt: skip


@pytest.mark.parametrize("name", SEQUENCES)
def test_what_is_taken_and_what_is_held_back(name: str) -> None:
    desk, begun = holding()
    assert played(desk, begun, SEQUENCES[name]) == [(taken, unfit) for *_, taken, unfit in SEQUENCES[name]]


BARS: tuple[Step, ...] = ((1 * SECOND, "a", "30", "30", ""), (600 * SECOND, "a", "90", "90", ""))


def test_bars_may_jump_and_have_gaps() -> None:
    desk, begun = holding()
    assert played(desk, begun, BARS, resolution_ns=AGGREGATE_NS) == [("30", ""), ("90", "")]


def test_a_bar_shorter_than_that_is_live() -> None:
    desk, begun = holding()
    assert played(desk, begun, BARS[:1], resolution_ns=AGGREGATE_NS - 1) == [("100", "jump")]


CROSSED: tuple[tuple[dict[str, str], str], ...] = (
    ({"bid": "100.01", "ask": "100"}, "bid 100.01 is above ask 100"),
    ({"bid": "-0.01"}, "bid -0.01, ask 100, last 100: a price is above zero"),
    ({"bid": "0", "ask": "0"}, "bid 0, ask 0, last 100: a price is above zero"),
    ({"last": "0"}, "bid 100, ask 100, last 0: a price is above zero"),
    ({"low": "0"}, "low 0: a price is above zero"),
    ({"close": "-1"}, "close -1: a price is above zero"),
    ({"fair": "0"}, "fair 0: a price is above zero"),
    ({"low": "101", "high": "100"}, "low 101 is above high 100"),
)


@pytest.mark.parametrize(("wrong", "why"), CROSSED)
@pytest.mark.parametrize("resolution_ns", [0, 3600 * SECOND])
def test_numbers_that_are_no_price_are_held_back(wrong: dict[str, str], why: str, resolution_ns: int) -> None:
    """Of a bar as of a live quote."""
    desk, begun = holding()
    more = {name: price(said) for name, said in wrong.items()}
    bad = at(begun, (SECOND, "a", "100", "", ""), resolution_ns=resolution_ns, **more)
    record = desk.took(c.Marked(marks=(bad,)), GUARD, after_ns=SECOND)
    assert (desk.state.unfit["AAPL"].reason, desk.state.unfit["AAPL"].why) == ("crossed", why)
    assert told(record) == [f"held back: AAPL: {why}"]
    assert desk.state.marks["AAPL"].at == begun
    assert rules(desk.submit("1", "100")) == ["mark_fresh"]
    assert verdict(desk.submit("1", side="sell", reduce="only")) == "allow", "what reduces passes on the last good mark"
    desk.mark("AAPL", "100", source="a")
    assert not fault_of(desk.state, "AAPL") and verdict(desk.submit("1", "90")) == "allow"


@pytest.mark.parametrize("wrong", [{"bid": "0"}, {"bid": "100", "ask": "100"}, {"low": "100", "high": "100"}])
def test_numbers_that_are_just_a_price_are_taken(wrong: dict[str, str]) -> None:
    desk, begun = holding()
    desk.mark("AAPL", "100", **{name: price(said) for name, said in wrong.items()})
    assert not fault_of(desk.state, "AAPL")


def told(record: Any) -> list[str]:
    return [event.why for event in record.events if isinstance(event, e.Alarm)]


@pytest.mark.parametrize(("beyond_ns", "unfit"), [(0, "gap"), (1, "future")])
def test_a_mark_from_the_future(beyond_ns: int, unfit: str) -> None:
    desk, begun = holding()
    played(desk, begun, ((30 * SECOND, "a", "100", "", ""),))
    stamped = desk.at + SECOND + CLOCK_LEAD_NS + beyond_ns
    desk.took(c.Marked(marks=(at(stamped, (0, "a", "101", "", "")),)), GUARD, after_ns=SECOND)
    assert "".join(row.reason for row in desk.state.unfit.values()) == unfit
    assert str(desk.state.marks["AAPL"].last) == ("100" if beyond_ns else "101")


def test_one_bad_mark_loses_no_other_and_is_told_once_per_episode() -> None:
    desk, begun = holding()
    desk.instrument("MSFT", "50")
    alarms = []
    for after_s, last in ((1, "1"), (2, "1"), (3, "100"), (4, "1")):
        good = desk.quote("MSFT", "51", at=begun + after_s * SECOND, source="a")
        bad = at(begun, (after_s * SECOND, "a", last, "", ""))
        batch = c.Marked(marks=(bad, good))
        alarms.append(len(told(desk.took(batch, GUARD, after_ns=begun + after_s * SECOND - desk.at))))
        assert str(desk.state.marks["MSFT"].last) == "51"
        desk.agree()
    assert alarms == [1, 0, 0, 1]


def test_a_spike_and_its_end_in_one_batch_are_told_too() -> None:
    desk, begun = holding()
    marks = tuple(at(begun, (number, "a", last, "", "")) for number, last in ((1, "5"), (2, "100")))
    record = desk.took(c.Marked(marks=marks), GUARD)
    assert told(record) == [
        "held back: AAPL: 5 is 9500 bps from 100, limit 2000 bps; a second source or 5 s are awaited"
    ]
    assert not fault_of(desk.state, "AAPL")


def test_a_spike_never_values_halts_or_opens() -> None:
    """The loss limit is a tenth of what the spike would cost."""
    desk, begun = holding()
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("100")))
    before = desk.state.subjects["agent:momentum"].total.pnl
    desk.took(c.Marked(marks=(at(begun, (SECOND, "a", "0.01", "", "")),)), GUARD, after_ns=SECOND)
    record = desk.do(
        c.Submit(intent=desk.intent("1", "1"), marks=(at(begun, (2 * SECOND, "a", "0.01", "", "")),)), ANN, SECOND
    )
    assert rules(record) == ["mark_fresh"]
    assert record.decision is not None and record.decision.marks[0][3] == price("100")
    assert desk.state.subjects["agent:momentum"].total.pnl == before and not desk.state.halts
    desk.agree()


def test_marks_on_an_order_confirm_as_journalled_ones_do() -> None:
    """Of what nobody holds no second is journalled: the intent brings the first mark of the row and the last."""
    desk = small()
    begun = desk.at
    marks = tuple(at(begun, (after, "a", "150", "", "")) for after in (SECOND, SECOND + CONFIRM_NS))
    intent = desk.intent("1", "150")
    record = desk.do(c.Submit(intent=intent, marks=marks), ANN, 2 * CONFIRM_NS)
    assert verdict(record) == "allow" and str(desk.state.marks["AAPL"].last) == "150"


def test_what_nobody_holds_has_no_gaps() -> None:
    desk = small()
    desk.mark("AAPL", "101", at=desk.at + 3000 * SECOND)
    desk.took(c.Tick(), GUARD, 3000 * SECOND)
    desk.mark("AAPL", "101")
    assert not fault_of(desk.state, "AAPL") and verdict(desk.submit("1", "101")) == "allow"


def test_a_split_is_no_jump() -> None:
    desk, begun = holding()
    desk.took(c.Split(instrument="AAPL", new=4, old=1))
    assert played(desk, begun, ((SECOND, "a", "25", "25", ""),)) == [("25", "")]


def test_a_split_whose_price_came_first() -> None:
    desk, begun = holding()
    assert played(desk, begun, ((SECOND, "a", "25", "100", "jump"),)) == [("100", "jump")]
    desk.took(c.Split(instrument="AAPL", new=4, old=1))
    assert played(desk, begun, ((2 * SECOND, "a", "25", "25", ""),)) == [("25", "")]


PREDICTED = (("0.03", True), ("0.22", True), ("0.23", False))


@pytest.mark.parametrize(("last", "taken"), PREDICTED)
def test_a_contract_is_measured_by_its_payout(last: str, taken: bool) -> None:
    desk = small()
    desk.instrument("YES", "0.02", kind="prediction", outcome="yes", market="RAIN")
    desk.mark("YES", last)
    assert (str(desk.state.marks["YES"].last) == last) == taken == (not fault_of(desk.state, "YES"))


@pytest.mark.parametrize(("last", "taken"), [("0.02", True), ("0.03", False)])
def test_one_tick_is_never_a_jump(last: str, taken: bool) -> None:
    desk = small()
    desk.instrument("PENNY", "0.01")
    desk.mark("PENNY", last)
    assert (not fault_of(desk.state, "PENNY")) == taken


def test_an_instrument_may_jump_further() -> None:
    desk = small()
    desk.instrument("MEME", "100", jump_max_bps=5000)
    desk.mark("MEME", "150")
    assert not fault_of(desk.state, "MEME")
    desk.mark("MEME", "225.01")
    assert fault_of(desk.state, "MEME")


def test_strange_extremes_and_a_strange_fair_price_are_left_out() -> None:
    desk, begun = holding()
    said = {"low": price("50"), "high": price("119"), "fair": price("300")}
    desk.took(c.Marked(marks=(at(begun, (SECOND, "a", "101", "", ""), **said),)), GUARD)
    mark = desk.state.marks["AAPL"]
    assert (mark.low, mark.high, mark.fair) == (None, price("119"), None)
    assert not fault_of(desk.state, "AAPL")
    desk.agree()


def test_the_extremes_of_a_confirmed_move_stay() -> None:
    desk, begun = holding()
    steps = ((SECOND, "a", "70", "", ""), (SECOND + 1, "b", "70", "", ""))
    played(desk, begun, steps, low=price("69"), high=price("100"))
    assert (desk.state.marks["AAPL"].low, desk.state.marks["AAPL"].high) == (price("69"), price("100"))


# -- silence


def test_quiet_closes_openings_once_told_until_a_mark_comes() -> None:
    desk, begun = holding()
    record = desk.took(c.Quiet(instruments=("AAPL",)), GUARD, 61 * SECOND)
    (why,) = told(record)
    assert why.startswith("AAPL: no mark for more than 60 s")
    assert told(desk.took(c.Quiet(instruments=("AAPL",)), GUARD)) == []
    assert rules(desk.submit("1", "100")) == ["mark_fresh"]
    assert verdict(desk.submit("1", side="sell", reduce="only")) == "allow"
    now = desk.at - begun
    assert played(desk, begun, ((now, "a", "99", "", ""), (now + 1, "a", "99", "", ""))) == [("99", "gap"), ("99", "")]


def test_quiet_is_for_the_guard_to_say_and_of_what_exists() -> None:
    desk = small()
    assert desk.refused(c.Quiet(instruments=("AAPL",)), ANN) == "not_authorised"
    assert desk.refused(c.Quiet(instruments=("AAPL", "NONE")), GUARD) == "unknown_instrument"


@pytest.mark.parametrize(("after_ns", "fit"), [(0, False), (1, True)])
def test_what_was_asleep_wants_a_mark_made_since(after_ns: int, fit: bool) -> None:
    desk, _ = holding()
    fall_asleep(desk.state, 5 * SECOND)
    woke = desk.state.at
    desk.kernel.step(
        c.Command(
            seq=desk.state.seq + 1, at=woke + 1, by=GUARD,
            body=c.Marked(marks=(at(woke, (after_ns, "a", "100", "", "")),)),
        )
    )  # fmt: skip
    assert (not fault_of(desk.state, "AAPL")) == fit
    assert dump(load(dump(desk.state))) == dump(desk.state)


# -- exits


def protected(trigger: str = "95") -> tuple[Desk, int]:
    """10 held at 100 with a stop, marked at 100 by `a` since it stands; and when that was."""
    desk, _ = holding()
    terms = ExitTerms(legs=(Leg(kind="stop_loss", trigger=price(trigger)),))
    desk.took(c.SetExit(id="s", agent="momentum", connection="paper1", instrument="AAPL", terms=terms))
    desk.took(c.Marked(marks=(at(desk.at, (SECOND, "a", "100", "", "")),)), GUARD, SECOND)
    return desk, desk.at


def exit_state(desk: Desk) -> str:
    (exit,) = desk.state.exits.values()
    return str(exit.state)


def test_a_spike_triggers_no_exit_and_a_move_that_is_believed_does() -> None:
    desk, begun = protected()
    played(desk, begun, ((SECOND, "a", "1", "", ""),), low=price("1"))
    assert exit_state(desk) == "armed"
    played(desk, begun, ((2 * SECOND, "a", "100", "", ""),), low=price("1"))
    assert exit_state(desk) == "armed", "neither does the extreme that the spike left behind"
    played(desk, begun, ((3 * SECOND, "a", "70", "", ""),))
    assert exit_state(desk) == "armed"
    played(desk, begun, ((3 * SECOND + CONFIRM_NS, "a", "70", "", ""),))
    assert exit_state(desk) == "triggered"


def test_after_a_gap_an_exit_waits_for_the_second_mark() -> None:
    desk, begun = protected()
    played(desk, begun, ((10 * GAP_NS, "a", "90", "", ""),))
    assert exit_state(desk) == "armed" and desk.state.unfit["AAPL"].reason == "gap"
    played(desk, begun, ((10 * GAP_NS + SECOND, "a", "90", "", ""),))
    assert exit_state(desk) == "triggered"


def test_after_a_sleep_an_exit_waits_for_a_mark_made_since() -> None:
    desk, begun = protected()
    desk.took(c.Woke(slept_ns=30 * SECOND), GUARD, 30 * SECOND)
    woke = desk.at
    assert desk.state.unfit["AAPL"].reason == "asleep" and "30 s" in desk.state.unfit["AAPL"].why
    desk.took(c.Marked(marks=(at(woke, (0, "a", "90", "", "")),)), GUARD)
    assert exit_state(desk) == "armed"
    desk.took(c.Marked(marks=(at(woke, (1, "a", "90", "", "")),)), GUARD)
    assert exit_state(desk) == "triggered"


# -- whatever is said


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 40 * SECOND),
            st.sampled_from(["", "a", "b"]),
            st.integers(-10, 400),
            st.integers(-3, 3),
            st.sampled_from([0, 0, 0, AGGREGATE_NS]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_what_is_held_back_changes_no_sum(said: list[tuple[int, str, int, int, int]]) -> None:
    """Whatever is held back: every sum, position, halt and reservation is as if it had never been said, and what is
    taken is a price near the one before, or said twice."""
    desk, _ = holding()
    desk.working("5", "90")
    for after_ns, source, last, spread, resolution_ns in said:
        stamp = desk.at + after_ns
        known = desk.state.marks["AAPL"]
        mark = Mark(
            instrument="AAPL", at=stamp, bid=price(str(last)), ask=price(str(last + spread)), last=price(str(last)),
            source=source, resolution_ns=resolution_ns,
        )  # fmt: skip
        before, doubt = _sums(desk), desk.state.unfit.get("AAPL")
        desk.took(c.Marked(marks=(mark,)), GUARD, after_ns)
        taken = desk.state.marks["AAPL"]
        if taken is known:
            assert _sums(desk) == before
            assert fault_of(desk.state, "AAPL") or mark.at < known.at
            continue
        assert taken.last > 0 and taken.bid <= taken.ask
        if resolution_ns < AGGREGATE_NS and abs(taken.last - known.last) * 5 > known.last:
            assert doubt is not None and doubt.reason == "jump" and doubt.mark is not None
            assert abs(taken.last - doubt.mark.last) * 5 <= max(doubt.mark.last, 5 * SCALE // 100)
    desk.reload()
    desk.agree()


def _sums(desk: Desk) -> tuple[Any, ...]:
    cells = [tuple(getattr(cell, name) for name in cell.__slots__ if name != "sums")
             for _, cell in sorted(desk.state.cells.items())]  # fmt: skip
    totals = [(of.total.pnl, of.total.high_water, of.total.gross) for of in desk.state.subjects.values()]
    return repr(cells), repr(totals), tuple(desk.state.halts)


def test_the_quantity_of_a_position_is_never_touched() -> None:
    desk, begun = holding()
    played(desk, begun, SEQUENCES["two sources that disagree: time does not make the strange one right"])
    assert desk.state.subjects["firm"].total.value == 10 * price("101")
    assert desk.state.cells[("firm", "paper1", "AAPL")].quantity == quantity("10")
