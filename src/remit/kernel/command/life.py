"""What enters of the guard's own life: starts, stops, ticks, clock faults, snapshots."""

from __future__ import annotations

from typing import Annotated

import msgspec

from remit.kernel.command.content import Content
from remit.kernel.names import Digest, Name, Text


class KernelStarted(Content, frozen=True, tag="kernel_started"):
    """A guard began to write: which kernel decides from here on, and whether the tail before it was closed cleanly."""

    version: str
    digest: str
    clean: bool
    prefix: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]{4,16}\Z")]
    """Begins every order id from here on, and is new with each start: neither another journal nor an old copy of this
    one, put back, ever gives an id that a venue has seen."""
    resumed_by: str = ""
    resumed_why: Text = ""
    """Who let a poisoned journal go on, and why; empty where it was not poisoned."""


class KernelStopped(Content, frozen=True, tag="kernel_stopped"):
    """The guard ends cleanly: everything before it was sealed and nothing is in flight inside the guard."""


class Tick(Content, frozen=True, tag="tick"):
    """Time passed; the kernel does what has fallen due."""


class ClockFault(Content, frozen=True, tag="clock_fault"):
    """The wall clock jumped by `jump_ns`: openings stay closed until a person resumes."""

    jump_ns: int


class Woke(Content, frozen=True, tag="woke"):
    """The machine slept, or the guard stood still, for `slept_ns`: nothing was watched meanwhile, and what was known of
    the venues is old."""

    slept_ns: Annotated[int, msgspec.Meta(ge=0)]


class Alarmed(Content, frozen=True, tag="alarmed"):
    """The guard saw something that people must know now and that no venue and no caller said: an alarm is raised."""

    code: Name
    why: Text


class SnapshotTaken(Content, frozen=True, tag="snapshot_taken"):
    """A snapshot of the state after the entry `through`, and its hash."""

    through: int
    hash: Digest
