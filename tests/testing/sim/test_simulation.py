"""The simulation itself: same schedule, same bytes; and every deed and every fault of the table really happens."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from typing import get_args

import pytest
from msgspec.structs import replace

from remit.testing.faults import Fault, MessageFault
from remit.testing.sim import simulation
from remit.testing.sim.actors import DEEDS
from remit.testing.sim.actors.deed import APART
from remit.testing.sim.outcome import Outcome
from remit.testing.sim.schedule import STOPPING, Schedule, Step, draw
from remit.testing.sim.simulation import simulate
from remit.testing.sim.stage import Stage

MILLISECOND = 10**6
PARADES_MAX = 24
"""So many parades at most until everything has happened once; the later ones are short."""

FAULTS: tuple[str, ...] = (*get_args(Fault), *get_args(MessageFault))
OFTEN = {"filled_first": 1_500, "filled_after": 1_500, "partial_page": 400, "empty_page": 400}
"""What can befall few requests befalls many of them."""
CHANCES = dict.fromkeys(FAULTS, 80) | dict.fromkeys(STOPPING, 40) | OFTEN | dict.fromkeys(get_args(MessageFault), 800)
BEFORE = {
    "ask_again": "propose", "cancel": "storm", "cancel_everything": "storm", "cancel_of_another": "storm",
    "confirm_change": "loosen_one", "decide": "drift", "drop_change": "loosen_one", "drop_exit": "set_exit",
    "entitle": "withdraw_grant", "loosen": "tighten",
    "move_exit": "set_exit", "reduce": "fill", "replace": "storm", "resume": "halt",
    "revoke_preapproval": "preapprove", "set_clock": "jump", "set_exit": "fill", "settle_price": "report_unknown",
    "unpause": "pause",
}  # fmt: skip
"""What makes sure that a deed finds something to do."""
LIMITED = ("desk_second_person", "fund_second_person")
"""Without them no change ever waits for a second person."""
LIVED_THROUGH = (
    "allow", "deny", "hold", "fills", "event:approved", "event:released", "event:exit_set", "event:exit_triggered",
    "event:replace_asked", "event:cancel_asked", "event:reversed", "event:drifted", "event:corrected",
    "event:repeated", "halt:person", "halt:kill", "halt:drift", "halt:clock", "killed", "power_lost", "crashed",
    "bit_flip", "truncated_tail", "old_copy", "slept", "jumped", "second_guard", "resumed_by_name",
    "refused_starts", "code:not_authorised", "code:not_authenticated", "code:request_malformed", "code:not_yours",
)  # fmt: skip
ELSEWHERE = tuple(name for name, deed in DEEDS.items() if deed.kind in APART)
PLAIN = tuple(name for name in DEEDS if name not in ELSEWHERE)
RARE = ("let_everybody_in",)
"""It finds somebody only where a guard died between a shutting out and the letting in that belongs to it."""
EVERYTHING = (*(f"deed:{name}" for name in PLAIN if name not in RARE), *FAULTS, *LIVED_THROUGH)


def parade(seed: int, deeds: Iterable[str]) -> Outcome:
    """What comes of deeds of the table, in a drawn order, with trade before each and people who put it right; what
    befalls venues and host comes last, because less trades then."""
    source = random.Random(f"{seed}/parade")
    names = list(deeds)
    source.shuffle(names)
    names.sort(key=lambda name: {"venue": 1, "host": 2}.get(DEEDS[name].kind, 0))
    wanted = [do for name in names for do in ("storm", BEFORE.get(name, "propose"), name)]
    steps = tuple(
        Step(
            after_ns=source.randint(50, 500) * MILLISECOND,
            do=do,
            who=source.choice(DEEDS[do].who),
            seed=source.getrandbits(48),
            count=3,
        )
        for do in wanted
    )
    swarm = replace(draw(seed).swarm, is_anchored=False, is_exported=False)
    return simulate(Schedule(seed, replace(swarm, faults=CHANCES, limits=LIMITED, duty_ns=2 * 10**9), steps))


@pytest.fixture(scope="module")
def parades() -> list[Outcome]:
    """As many parades as it takes until everything has happened: of all deeds, and then of those that found nothing to
    do yet."""
    found = [parade(0, PLAIN)]
    while len(found) < PARADES_MAX and (missing := _missing(found)):
        names = {what.removeprefix("deed:") for what in missing}
        found.append(parade(len(found), [name for name in PLAIN if name in names] if names <= set(PLAIN) else PLAIN))
    return found


def _missing(outcomes: list[Outcome]) -> list[str]:
    counts = _sum(outcomes)
    return [what for what in EVERYTHING if not counts[what]]


def _sum(outcomes: list[Outcome]) -> Counter[str]:
    return sum((Counter(outcome.counts) for outcome in outcomes), Counter())


@pytest.mark.timeout(900)
def test_no_promise_is_broken_when_everything_happens(parades: list[Outcome]) -> None:
    assert [outcome.failure for outcome in parades] == [None] * len(parades)


@pytest.mark.timeout(900)
def test_everything_happens(parades: list[Outcome]) -> None:
    """No deed is one that never does anything, every fault of a venue befalls, and the guard lives through all."""
    assert _missing(parades) == []


@pytest.mark.timeout(300)
def test_everything_befalls_who_remembers_the_journal_and_no_promise_is_broken() -> None:
    """Each of it twice, with trade before it: on a machine whose journal others remember, and whose keys change."""
    wanted = [do for name in ELSEWHERE * 2 for do in ("propose", "storm", name)]
    steps = tuple(
        Step(after_ns=4 * 10**8, do=do, who=DEEDS[do].who[0], seed=number, count=3) for number, do in enumerate(wanted)
    )
    outcome = simulate(Schedule(1, replace(draw(1, 0, towards=ELSEWHERE).swarm, duty_ns=2 * 10**9), steps))
    assert outcome.failure is None, outcome.failure
    assert all(outcome.counts.get(f"deed:{name}") for name in ELSEWHERE), outcome.counts


def test_the_same_schedule_is_the_same_to_the_last_byte() -> None:
    schedule = draw(5, 40)
    first, second = simulate(schedule, keep_trace=True), simulate(schedule, keep_trace=True)
    assert first.trace == second.trace
    assert (first.hash, first.counts, first.virtual_ns) == (second.hash, second.counts, second.virtual_ns)


def test_a_trace_is_kept_only_where_it_is_asked_for() -> None:
    assert simulate(draw(5, 3)).trace == []


def test_a_schedule_without_steps_comes_to_rest() -> None:
    outcome = simulate(draw(11, 0))
    assert outcome.failure is None
    assert outcome.counts["entries"] > 50
    assert "orders" not in outcome.counts


def test_a_journal_that_loses_its_end_again_and_again_keeps_what_the_firm_was_founded_with() -> None:
    """Else nobody would be known any more who could put things right."""
    steps = tuple(Step(after_ns=3 * 10**9, do="truncated_tail", who="the host", seed=number) for number in range(6))
    outcome = simulate(Schedule(1, replace(draw(1, 0).swarm, faults={}, limits=()), steps))
    assert outcome.failure is None
    assert outcome.counts["truncated_tail"] == 6


def test_a_simulation_without_an_end_fails_by_name_and_says_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(stage: Stage, check: object) -> str:
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr(simulation, "come_to_rest", never)
    monkeypatch.setattr(simulation, "ALLOWED_NS", 90 * 10**9)
    failure = simulate(draw(11, 0)).failure
    assert failure is not None
    assert failure.invariant == "stuck"
    assert failure.what.startswith("time goes on for ever: it was to end by 90000000000 ns; waiting: world/")
    assert "Event.wait:" in failure.what


def test_what_the_host_sleeps_is_time_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "ALLOWED_NS", 600 * 10**9)
    sleeps = next(seed for seed in range(50) if random.Random(seed).choice((1, 3, 10, 60, 3_600, 20_000)) == 20_000)
    step = Step(after_ns=10**9, do="sleep", who="the host", seed=sleeps)
    outcome = simulate(Schedule(1, replace(draw(1, 0).swarm, faults={}, limits=()), (step,)))
    assert outcome.failure is None
    assert outcome.virtual_ns > 20_000 * 10**9
