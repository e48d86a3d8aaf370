"""Feed health: which marks become state, which are held back, and for which instruments the price is not to be trusted.

A mark that is held back values nothing, triggers nothing and is judged by nothing; the one before it stands, and the
instrument is unfit: nothing opens in it and its exits are not watched. Everything here follows from the marks and the
journal's time alone, so that folding an entry leaves the same as deciding it.

Bars (`resolution_ns` of 5 s and more) are aggregates: between two of them a price may go anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.instrument import AGGREGATE_NS, Instrument, Mark, Unfit, UnfitReason
from remit.kernel.names import named
from remit.kernel.numbers import BPS, NANOSECONDS, SCALE
from remit.kernel.state import CLOCK_LEAD_NS, State

if TYPE_CHECKING:
    from remit.kernel.step import Step

CONFIRM_NS = 5 * NANOSECONDS
"""How long one source has to say so before a jump is believed."""
GAP_NS = 60 * NANOSECONDS
"""Two live marks further apart have a gap between them; a feed that says nothing for so long is quiet."""
HELD_BACK: frozenset[UnfitReason] = frozenset({"crossed", "future", "jump"})
"""What is wrong with a mark itself; of these an alarm tells, once per episode."""


def admit(state: State, mark: Mark, known: Mark | None) -> Mark | None:
    """Return the mark that becomes state after `known`, or None where it is held back; notes what is unfit."""
    name = mark.instrument
    unfit = state.unfit.get(name) if state.unfit else None
    fault = mark.fault
    if fault:
        _hold_back(state, mark, unfit, "crossed", fault)
        return None
    if mark.at > state.at + CLOCK_LEAD_NS:
        ahead = f"stamped {(mark.at - state.at) // NANOSECONDS} s ahead, limit {CLOCK_LEAD_NS // NANOSECONDS} s"
        _hold_back(state, mark, unfit, "future", ahead)
        return None
    if known is not None and mark.resolution_ns < AGGREGATE_NS:
        instrument = state.instruments[name]
        if instrument.is_far(mark.last, known.last):
            if not confirms(instrument, unfit, mark):
                _hold_back(state, mark, unfit, "jump", _jumped(instrument, mark, known))
                return None
            del state.unfit[name]
            unfit = None
        usual = (None, mark.last)
        if mark.low not in usual or mark.high not in usual or mark.fair is not None:
            mark = _without_strange(instrument, mark, known)
        if mark.at - known.at > GAP_NS and known.resolution_ns < AGGREGATE_NS and is_watched(state, name):
            silent_s = (mark.at - known.at) // NANOSECONDS
            state.unfit[name] = Unfit("gap", mark.at, f"no mark for {silent_s} s; a second one is awaited")
            return mark
    if unfit is not None:
        _settle(state, mark, unfit)
    return mark


def confirms(instrument: Instrument, unfit: Unfit | None, mark: Mark) -> bool:
    """Whether a mark that is far from the known one makes the jump believed: another source says the same, or it has
    been said for long enough."""
    if unfit is None or unfit.reason != "jump" or unfit.mark is None:
        return False
    if instrument.is_far(mark.last, unfit.mark.last):
        return False
    return _is_second(mark, unfit.mark) or mark.at - unfit.since >= CONFIRM_NS


def _is_second(mark: Mark, other: Mark) -> bool:
    """Whether two marks are of two sources; one that has no name is no witness."""
    return bool(mark.source and other.source) and mark.source != other.source


def _jumped(instrument: Instrument, mark: Mark, known: Mark) -> str:
    whole = SCALE if instrument.kind == "prediction" else known.last
    return (
        f"{mark.last} is {abs(mark.last - known.last) * BPS // whole} bps from {known.last}, "
        f"limit {instrument.jump_max_bps} bps; a second source or {CONFIRM_NS // NANOSECONDS} s are awaited"
    )


def _hold_back(state: State, mark: Mark, unfit: Unfit | None, reason: UnfitReason, why: str) -> None:
    """Note why a mark is held back; how long one price has been said is counted from its first mark on."""
    name, since = mark.instrument, mark.at
    if unfit is None or unfit.reason not in HELD_BACK:
        state.begun[name] = why
    elif unfit.reason == reason and unfit.mark is not None:
        if reason != "jump" or not state.instruments[name].is_far(mark.last, unfit.mark.last):
            since = min(unfit.since, since)
    state.unfit[name] = Unfit(reason, since, why, mark)


def _settle(state: State, mark: Mark, unfit: Unfit) -> None:
    """A good mark ends what made its instrument unfit, unless something speaks against it still."""
    held = unfit.mark
    if unfit.reason == "asleep" and mark.at <= unfit.since:
        return
    if unfit.reason == "jump" and held is not None and _is_second(mark, held) and mark.at - held.at < CONFIRM_NS:
        # Two sources disagree: time alone must not make the strange one right while the other contradicts it.
        state.unfit[mark.instrument] = msgspec.structs.replace(unfit, since=max(mark.at, unfit.since))
        return
    del state.unfit[mark.instrument]


def may_trigger(state: State, instrument: str) -> bool:
    """Whether the mark that was just admitted may touch exits: where two sources disagree, too, because it follows from
    the one before it; or one source that talks nonsense would keep every stop from closing for as long as it talks."""
    unfit = state.unfit.get(instrument)
    return unfit is None or unfit.reason == "jump"


def _without_strange(instrument: Instrument, mark: Mark, known: Mark) -> Mark:
    """Leave out extremes and a fair price that are as far away as a jump: no second witness can speak for them."""
    strange: dict[str, None] = {}
    for field, price in (("low", mark.low), ("high", mark.high), ("fair", mark.fair)):
        if price is not None and instrument.is_far(price, known.last) and instrument.is_far(price, mark.last):
            strange[field] = None
    return msgspec.structs.replace(mark, **strange) if strange else mark


def is_watched(state: State, instrument: str) -> bool:
    """Whether every second's mark of an instrument is journalled: of others a gap says nothing."""
    return any(cell.active for cell in state.cells_of.get(instrument, ()))


def tell(step: Step) -> None:
    """Say once what began to be wrong with the marks that were just taken."""
    begun = step.state.begun
    if begun:
        step.emit(e.Alarm(code="feed_unfit", why="held back: " + _said(begun)))


def _said(begun: dict[str, str]) -> str:
    return named([f"{name}: {why}" for name, why in begun.items()])


def quote(step: Step, marks: tuple[Mark, ...]) -> None:
    """Let the marks that rode on a command take effect; a command that was refused before brings none."""
    if marks:
        step.emit(e.Quoted())
        tell(step)


def quiet(step: Step, body: c.Quiet) -> None:
    """No mark comes any more for instruments that are held or ordered: nothing opens in them until one does."""
    unknown = [name for name in body.instruments if name not in step.state.instruments]
    if unknown:
        step.refuse("unknown_instrument", f"there is no instrument {unknown[0]}")
        return
    step.emit(e.Took())
    begun = step.state.begun
    if begun:
        step.emit(e.Alarm(code="feed_quiet", why=_said(begun) + "; see that the feed runs"))


def fall_quiet(state: State, command: c.Command, body: c.Quiet) -> None:
    """Fold `Quiet`: the word of the guard, which hears the feeds."""
    state.begun = {}
    for name in body.instruments:
        known, unfit = state.marks.get(name), state.unfit.get(name)
        if unfit is not None and unfit.reason == "quiet":
            continue
        most_s = 0 if known is None else (GAP_NS + known.resolution_ns) // NANOSECONDS
        state.begun[name] = "no mark ever came" if known is None else f"no mark for more than {most_s} s"
        state.unfit[name] = Unfit("quiet", state.at, state.begun[name])


def fall_asleep(state: State, slept_ns: int) -> None:
    """The machine slept until now: what is held or ordered is unfit until a mark that was made since."""
    why = f"the machine slept for {slept_ns // NANOSECONDS} s; no mark since it woke"
    for name in sorted(name for name in state.cells_of if is_watched(state, name)):
        state.unfit[name] = Unfit("asleep", state.at, why)


def fault_of(state: State, instrument: str) -> str:
    """Return why nothing may open on the price of an instrument, with its numbers; empty where it is fit."""
    unfit = state.unfit.get(instrument)
    return "" if unfit is None else f"{unfit.reason}: {unfit.why}"
