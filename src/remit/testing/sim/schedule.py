"""Schedules: everything that will happen in one simulation, drawn from one seed as plain data.

A step refers to orders, approvals and halts by chance among those that exist when it runs, and draws from a source of
its own: any step can be taken out of a schedule, and what is left still makes sense.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import msgspec

from remit.kernel.numbers import NANOSECONDS
from remit.testing.faults import Fault, MessageFault
from remit.testing.sim.actors import DEEDS
from remit.testing.sim.actors.deed import ALWAYS, ANCHORS, APART, EXPORTS
from remit.testing.sim.limits import LIMITS

STEPS = 200
STORM_EVERY = 4
"""One step of so many is a storm: without storms no race between check and reservation is found."""
STORM_MAX = 30
MILLISECOND = NANOSECONDS // 1000

DAYS: tuple[tuple[str, str], ...] = (
    ("UTC", "2027-01-15T12:00"),
    ("UTC", "2028-02-29T00:00"),
    ("America/New_York", "2027-03-14T00:00"),
    ("America/New_York", "2027-03-14T03:00"),
    ("America/New_York", "2027-11-07T01:00"),
    ("America/New_York", "2027-11-08T00:00"),
    ("Europe/Berlin", "2027-03-28T03:00"),
    ("Europe/Berlin", "2027-10-31T00:00"),
    ("Europe/Berlin", "2027-10-31T02:00"),
    ("Australia/Lord_Howe", "2027-04-04T02:00"),
    ("Asia/Kathmandu", "2027-01-01T00:00"),
)
"""The zone that the firm counts its days in, and the local instant that the simulation lives through: the middle of a
day, midnight, midnight of a longer or shorter day, summer time both ways."""
LATENCIES = ((0, MILLISECOND), (MILLISECOND, 20 * MILLISECOND), (MILLISECOND, 400 * MILLISECOND))
SYNCS = ((0, MILLISECOND), (MILLISECOND, 10 * MILLISECOND), (MILLISECOND, 300 * MILLISECOND))
SEGMENTS = (1 << 16, 1 << 18, 1 << 20)
SNAPSHOTS = (50, 300, 2_000)

USUAL = (20, 100, 300, 500)
"""Chances of a venue's fault, in ten-thousandths of its requests or messages."""
RARE = (5, 20, 60)
"""Chances of the faults that stop a connection until people have decided: with too many of them nothing trades."""
TOWARDS = 60
"""How often a deed is drawn that a schedule is drawn towards."""
FAULTS: tuple[str, ...] = (*get_args(Fault), *get_args(MessageFault))
STOPPING = ("busted", "stray_order", "taken_id", "position_drift", "cash_drift", "partial_page", "empty_page")


class Step(msgspec.Struct, frozen=True):
    """One step: `after_ns` after the step before, `who` does the deed `do`, `count` times at once where it is a storm.

    All its chance comes from `seed`.
    """

    after_ns: int
    do: str
    who: str
    seed: int
    count: int = 1


class Swarm(msgspec.Struct, frozen=True, kw_only=True):
    """What one seed is made of. Most seeds have only some of all deeds and faults, so that none hides another."""

    weights: dict[str, int]
    """How often each deed is drawn beside the others; one that is not named never happens in this seed."""
    faults: dict[str, int]
    """Chances of the venues' faults, in ten-thousandths of each request or message."""
    limits: tuple[str, ...]
    """Which limits are in force beside those that always are: names of `LIMITS`."""
    zone: str
    """The time zone whose midnight begins the firm's days."""
    start_ns: int
    """The wall clock at the start, in nanoseconds since the epoch, UTC."""
    latency_ns: tuple[int, int]
    sync_ns: tuple[int, int]
    segment_bytes: int
    snapshot_every: int
    pace_ns: int
    """How long it is from step to step, about."""
    duty_ns: int = 0
    """How often an operator on duty looks at what is halted or paused, beside what steps say; 0 is nobody."""
    is_anchored: bool = False
    """Whether witnesses and a second folder remember the journal."""
    is_exported: bool = False
    """Whether a copy of the journal is kept elsewhere."""
    explore: bool = False
    """Whether what is ready at one instant runs in a drawn order, rather than in the order in which it came."""


class Schedule(msgspec.Struct, frozen=True):
    """Everything that will happen: same schedule, same simulation, to the last byte."""

    seed: int
    swarm: Swarm
    steps: tuple[Step, ...]


def draw(seed: int, steps: int = STEPS, *, towards: Collection[str] = ()) -> Schedule:
    """Return the schedule of a seed: the same one for the same seed, on every machine.

    Where `towards` names deeds, faults and limits these are drawn often, and of all others only what is in every seed;
    KeyError where there is none of a name.
    """
    swarm = _swarm(random.Random(f"{seed}/swarm"))
    swarm = _turned(swarm, towards) if towards else _with_apart(swarm, random.Random(f"{seed}/apart"))
    source = random.Random(f"{seed}/steps")
    storms = set(source.sample(range(steps), steps // STORM_EVERY))
    return Schedule(seed, swarm, tuple(_step(source, swarm, number in storms) for number in range(steps)))


def _step(source: random.Random, swarm: Swarm, storm: bool) -> Step:
    names = [name for name in swarm.weights if (DEEDS[name].kind == "storm") is storm]
    name = source.choices(names, [swarm.weights[name] for name in names])[0]
    return Step(
        after_ns=_pause(source, swarm.pace_ns),
        do=name,
        who=source.choice(DEEDS[name].who),
        seed=source.getrandbits(48),
        count=source.choice((2, 3, 5, 8, source.randint(2, STORM_MAX))) if storm else 1,
    )


def _pause(source: random.Random, pace_ns: int) -> int:
    """Draw the time before a step: many begin at one instant or while the one before is under way, a few late."""
    kind = source.randrange(100)
    if kind < 15:
        return 0
    if kind < 50:
        return source.randint(1, 30 * MILLISECOND)
    if kind < 90:
        return source.randint(pace_ns // 10, pace_ns)
    return source.randint(pace_ns, 10 * pace_ns)


def _swarm(source: random.Random) -> Swarm:
    zone, instant = source.choice(DAYS)
    at = datetime.fromisoformat(instant).replace(tzinfo=ZoneInfo(zone)) - timedelta(seconds=source.randint(10, 120))
    return Swarm(
        weights=_weights(source),
        faults=_faults(source),
        limits=tuple(name for name in LIMITS if source.random() < 0.25),
        zone=zone,
        start_ns=int(at.timestamp()) * NANOSECONDS + source.randrange(NANOSECONDS),
        latency_ns=source.choice(LATENCIES),
        sync_ns=source.choice(SYNCS),
        segment_bytes=source.choice(SEGMENTS),
        snapshot_every=source.choice(SNAPSHOTS),
        pace_ns=source.choice((300, 1_000, 2_000)) * MILLISECOND,
        duty_ns=source.choice((0, 2, 5, 15)) * NANOSECONDS,
        explore=source.random() < 0.5,
    )


def _turned(swarm: Swarm, towards: Collection[str]) -> Swarm:
    """Return a swarm with what is in every seed, and much of what is named."""
    if unknown := sorted({*towards} - {*DEEDS, *FAULTS, *LIMITS}):
        raise KeyError(f"no deed, fault or limit: {', '.join(unknown)}")
    usual = {name: 2 * deed.weight for name, deed in DEEDS.items() if deed.kind in ALWAYS}
    return msgspec.structs.replace(
        swarm,
        weights=usual | {name: TOWARDS for name in towards if name in DEEDS},
        faults={name: max(RARE) if name in STOPPING else max(USUAL) for name in towards if name in FAULTS},
        limits=tuple(name for name in LIMITS if name in towards),
        **_needs(towards),
    )


def _with_apart(swarm: Swarm, source: random.Random) -> Swarm:
    """Return a swarm with what a share of all seeds has beside everything else."""
    kinds = {kind for kind, share in APART.items() if source.random() < share}
    apart = {name: deed.weight for name, deed in DEEDS.items() if deed.kind in kinds}
    return msgspec.structs.replace(swarm, weights=swarm.weights | apart, **_needs(apart))


def _needs(deeds: Collection[str]) -> dict[str, bool]:
    """Return what the machine has where these deeds are drawn."""
    kinds = {DEEDS[name].kind for name in deeds if name in DEEDS}
    return {"is_anchored": ANCHORS in kinds, "is_exported": EXPORTS in kinds}


def _weights(source: random.Random) -> dict[str, int]:
    """Draw how often each deed happens: agents always trade and people always put things right; of all else some kinds
    are absent from a seed, and of a kind that is there every other deed."""
    drawn = {name: deed for name, deed in DEEDS.items() if deed.kind not in APART}
    kinds = {kind: source.choice((0, 1, 1, 2)) for kind in sorted({deed.kind for deed in drawn.values()})}
    weights: dict[str, int] = {}
    for name, deed in drawn.items():
        strength = source.choice((1, 2, 3))
        if deed.kind in ALWAYS:
            weights[name] = 2 * deed.weight * strength
        elif kinds[deed.kind] and source.random() < 0.5:
            weights[name] = deed.weight * strength * kinds[deed.kind]
    return weights


def _faults(source: random.Random) -> dict[str, int]:
    """Draw the venues' faults: none at all in some seeds, a few in most, nearly all in some."""
    density = source.choice((0, 0.15, 0.3, 0.3, 0.7))
    faults = {}
    for of in (get_args(Fault), get_args(MessageFault)):
        for fault in of:
            chance = source.choice(RARE if fault in STOPPING else USUAL)
            if source.random() < density:
                faults[fault] = chance
    return faults
