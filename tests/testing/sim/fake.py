"""A small fake simulation with the interface of the real one: agents add to a total that must not exceed a cap.

`python -m tests.testing.sim.fake MODE` is a worker over it, sound or broken in a way that the runner must find.
"""

from __future__ import annotations

import os
import random
import sys
import time
from hashlib import sha256

from remit.testing.sim.outcome import Failure, Outcome
from remit.testing.sim.schedule import Schedule, Step, Swarm
from remit.testing.sim.story import Told
from remit.testing.sim.worker import serve

CAP = 30
PROMISES = {"E1": "What is added never exceeds the cap"}
SWARM = Swarm(
    weights={}, faults={"twice": 300, "lost_reply": 100}, limits=("loss", "rate"), zone="UTC", start_ns=0,
    latency_ns=(0, 1), sync_ns=(0, 1), segment_bytes=1, snapshot_every=1, pace_ns=10**9,
)  # fmt: skip


def draw(seed: int, steps: int) -> Schedule:
    """Steps of two kinds; every third seed has none of the storms that matter."""
    source = random.Random(seed)
    drawn = [
        Step(after_ns=source.randint(1, 10**9), do="storm" if storm else "mark", who=source.choice(("ann", "bob")),
             seed=source.getrandbits(48), count=source.randint(2, 12) if storm else 1)
        for storm in (source.random() < 0.25 and seed % 3 != 0 for _ in range(steps))
    ]  # fmt: skip
    return Schedule(seed, SWARM, tuple(drawn))


def simulate(schedule: Schedule, *, keep_trace: bool = False, to_rest: bool = True) -> Outcome:
    """A sound one: what would exceed the cap is denied."""
    return _simulate(schedule, is_capped=True)


def broken(schedule: Schedule, *, keep_trace: bool = False, to_rest: bool = True) -> Outcome:
    """Where the fault `twice` is about, the cap is not looked at."""
    return _simulate(schedule, is_capped="twice" not in schedule.swarm.faults)


def hashing(schedule: Schedule, *, keep_trace: bool = False, to_rest: bool = True) -> Outcome:
    """What is seen fifth hangs on the hash seed of the process."""
    return _simulate(schedule, is_capped=True, fifth=str(hash("five")))


def busy(schedule: Schedule, *, keep_trace: bool = False, to_rest: bool = True) -> Outcome:
    """No end, and no pause in which anybody else would look at anything."""
    print("busy", flush=True)
    while True:
        pass


def hanging(schedule: Schedule, *, keep_trace: bool = False, to_rest: bool = True) -> Outcome:
    """No end."""
    time.sleep(600)
    return simulate(schedule)


def dying(schedule: Schedule, *, keep_trace: bool = False, to_rest: bool = True) -> Outcome:
    """The process ends in the middle."""
    os._exit(9)


def printing(schedule: Schedule, *, keep_trace: bool = False, to_rest: bool = True) -> Outcome:
    """What is printed on the way is no answer."""
    print("a print that somebody forgot")
    return simulate(schedule)


def _simulate(schedule: Schedule, *, is_capped: bool, fifth: str = "5") -> Outcome:
    total, at, failure = 0, 0, None
    told, trace = [Told(0, -1, "guard", "guard", "starts")], list[str]()
    for number, step in enumerate(schedule.steps):
        at += step.after_ns
        told.append(Told(at, number, "step", step.who, step))
        if step.do == "storm":
            fits = total + step.count <= CAP or not is_capped
            total += step.count if fits else 0
            told.append(Told(at, number, "guard", "guard", f"{'allows' if fits else 'denies'} {step.count} of {CAP}"))
        trace.append(f"{at} {fifth if number == 5 else number} {total}")
        if total > CAP:
            failure = Failure("E1", number, at, f"{total} are added, {total - CAP} more than the cap of {CAP}")
            break
    counts = {"orders": sum(step.count for step in schedule.steps if step.do == "storm"), "entries": len(trace)}
    digest = sha256("\n".join(trace).encode()).hexdigest()
    return Outcome(schedule.seed, digest, failure, counts, told, trace, at)


MODES = {"sound": simulate, "broken": broken, "hashing": hashing, "hanging": hanging, "busy": busy,
         "dying": dying, "printing": printing}  # fmt: skip

if __name__ == "__main__":
    serve(MODES[sys.argv[1]], draw)
