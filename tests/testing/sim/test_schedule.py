"""What a seed draws: the same every time, storms in a quarter of the steps, every deed and fault in some seeds only."""

from __future__ import annotations

import random
from collections import Counter
from typing import get_args

import msgspec
import pytest

from remit.kernel.mandate import Mandate
from remit.kernel.numbers import NANOSECONDS
from remit.testing.faults import Drawn, Fault, MessageFault
from remit.testing.sim.actors import DEEDS
from remit.testing.sim.actors.deed import ALWAYS, ANCHORS, APART, EXPORTS
from remit.testing.sim.limits import BASE, LIMITS, mandates, tightened
from remit.testing.sim.schedule import DAYS, STEPS, STORM_MAX, Schedule, draw

SEEDS = range(300)


@pytest.fixture(scope="module")
def drawn() -> list[Schedule]:
    return [draw(seed) for seed in SEEDS]


def test_the_same_seed_gives_the_same_schedule_to_the_last_byte() -> None:
    assert [msgspec.json.encode(draw(seed)) for seed in range(5)] == [
        msgspec.json.encode(draw(seed)) for seed in range(5)
    ]


def test_other_seeds_give_other_schedules(drawn: list[Schedule]) -> None:
    assert len({msgspec.json.encode(schedule.steps) for schedule in drawn}) == len(drawn)


def test_a_schedule_is_plain_data(drawn: list[Schedule]) -> None:
    for schedule in drawn[:20]:
        assert msgspec.json.decode(msgspec.json.encode(schedule), type=Schedule) == schedule


def test_a_quarter_of_the_steps_are_storms(drawn: list[Schedule]) -> None:
    for schedule in drawn:
        storms = [step for step in schedule.steps if DEEDS[step.do].kind == "storm"]
        assert len(schedule.steps) == STEPS
        assert len(storms) == STEPS // 4
        assert all(2 <= step.count <= STORM_MAX for step in storms)


def test_a_schedule_has_as_many_steps_as_asked_for() -> None:
    assert [len(draw(3, steps).steps) for steps in (0, 1, 7, 40)] == [0, 1, 7, 40]


def test_every_deed_that_may_be_absent_is_in_some_seeds_and_not_in_others(drawn: list[Schedule]) -> None:
    there = Counter(name for schedule in drawn for name in schedule.swarm.weights)
    for name, deed in DEEDS.items():
        if deed.kind in ALWAYS:
            assert there[name] == len(drawn), name
        elif deed.kind in APART:
            assert 0 < there[name] < len(drawn) // 3, name
        else:
            assert 0 < there[name] < len(drawn), name


def test_every_deed_is_done_in_some_seed_and_only_by_who_may_do_it(drawn: list[Schedule]) -> None:
    done = Counter(step.do for schedule in drawn for step in schedule.steps)
    assert done.keys() == DEEDS.keys()
    assert all(step.who in DEEDS[step.do].who for schedule in drawn for step in schedule.steps)


def test_what_is_drawn_apart_changes_nothing_of_the_other_seeds(drawn: list[Schedule]) -> None:
    """A seed has the machine that its deeds need, and all of them or none."""
    for schedule in drawn:
        kinds = {DEEDS[name].kind for name in schedule.swarm.weights}
        assert schedule.swarm.is_anchored == (ANCHORS in kinds) and schedule.swarm.is_exported == (EXPORTS in kinds)
        for kind in APART:
            of_kind = {name for name, deed in DEEDS.items() if deed.kind == kind}
            assert of_kind & schedule.swarm.weights.keys() in (set(), of_kind)
    assert sum(not {DEEDS[name].kind for name in s.swarm.weights} & APART.keys() for s in drawn) > len(drawn) // 2


def test_a_deed_that_a_seed_has_not_never_happens_in_it(drawn: list[Schedule]) -> None:
    for schedule in drawn:
        assert {step.do for step in schedule.steps} <= schedule.swarm.weights.keys()


def test_every_fault_of_a_venue_has_a_chance_in_some_seeds_and_none_in_others(drawn: list[Schedule]) -> None:
    there = Counter(fault for schedule in drawn for fault in schedule.swarm.faults)
    for fault in (*get_args(Fault), *get_args(MessageFault)):
        assert 0 < there[fault] < len(drawn), fault
    assert any(not schedule.swarm.faults for schedule in drawn)


def test_the_chances_of_a_seed_make_a_plan(drawn: list[Schedule]) -> None:
    for schedule in drawn:
        Drawn(random.Random(0), schedule.swarm.faults)  # raises where they are more than one


def test_every_limit_and_every_day_is_in_some_seeds(drawn: list[Schedule]) -> None:
    assert {name for schedule in drawn for name in schedule.swarm.limits} == LIMITS.keys()
    assert {schedule.swarm.zone for schedule in drawn} == {zone for zone, _ in DAYS}


def test_a_schedule_is_drawn_towards_what_is_named() -> None:
    """The deed comes often, the fault and the limit are there, and of all else only what is in every seed."""
    named = ("forge_page", "late_request", "momentum_quorum")
    for seed in range(10):
        swarm = draw(seed, towards=named).swarm
        done = Counter(step.do for step in draw(seed, towards=named).steps)
        assert done["forge_page"] > 5
        assert {DEEDS[name].kind for name in done} - {*ALWAYS} == {DEEDS["forge_page"].kind}
        assert (*swarm.faults, *swarm.limits) == named[1:]
        assert not swarm.is_anchored
        assert swarm.start_ns == draw(seed).swarm.start_ns
    with pytest.raises(KeyError, match="no deed, fault or limit: nothing_known"):
        draw(1, towards=("nothing_known",))


def test_time_goes_on_in_a_schedule_and_some_steps_begin_at_one_instant(drawn: list[Schedule]) -> None:
    waits = [step.after_ns for schedule in drawn for step in schedule.steps]
    assert min(waits) == 0
    assert waits.count(0) > len(waits) // 20
    assert max(waits) > 10 * NANOSECONDS


def test_mandates_hold_the_limits_of_a_seed_and_the_zone() -> None:
    made = mandates(("desk_positions", "momentum_rate"), "Europe/Berlin")
    assert made.keys() == BASE.keys()
    assert made["account:desk"].positions_max == 4
    assert made["agent:momentum"].order_rate_max is not None
    assert {made["firm"].zone, made["account:desk"].zone} == {"Europe/Berlin"}
    assert made["agent:value"] == BASE["agent:value"]


@pytest.mark.parametrize("parts", [0, 5, 50, 100])
def test_a_tightened_mandate_has_every_amount_made_smaller_and_asks_people_as_before(parts: int) -> None:
    before = BASE["agent:momentum"]
    after = tightened(before, parts)
    assert before.market_exposure_max is not None
    assert after.market_exposure_max == before.market_exposure_max * parts // 100
    assert after.approval_notional_min == before.approval_notional_min
    assert tightened(Mandate(), parts).gross_exposure_max is not None


def test_who_remembers_the_journal_is_there_where_a_schedule_is_drawn_towards_it(drawn: list[Schedule]) -> None:
    anchored, exported = draw(1, towards=("witness_away",)).swarm, draw(1, towards=("export_away",)).swarm
    assert (anchored.is_anchored, anchored.is_exported) == (True, False)
    assert (exported.is_anchored, exported.is_exported) == (False, True)
    plain = draw(1, towards=("crash",)).swarm
    assert not plain.is_anchored and not plain.is_exported
