"""What a verification says: what holds, the first thing that does not, and what no journal can prove."""

from __future__ import annotations

import msgspec

NOT_AS_DECIDED = "not_as_decided"
OTHER_KERNEL = "other_kernel"


class CannotVerify(Exception):
    """There is nothing that could be verified, or nothing to verify it with: `what` and `do` say so."""

    code = "cannot_verify"

    def __init__(self, what: str, do: str) -> None:
        super().__init__(f"{self.code}: {what}. {do}")
        self.what, self.do = what, do


class Difference(msgspec.Struct, frozen=True):
    """The first entry that is not what it must be: where, in which field, what is written and what follows.

    `kernel` is the version that wrote this stretch of the journal; `code` names what is wrong: `not_a_record`,
    `not_canonical`, `out_of_sequence`, `time_went_back`, `not_as_decided`, `request_not_as_planned`, `no_permit`,
    `halt_not_reviewed`, `halt_lost`, `start_not_said`, `start_not_signed`, `stop_not_clean`, `stop_not_last`,
    `snapshot_not_as_derived`, `not_as_folded`, `witness_before_entry`, `witness_went_back`, `other_kernel`.
    """

    seq: int
    field: str
    written: str
    derived: str
    kernel: str
    code: str = NOT_AS_DECIDED


class Differs(Exception):
    """Raised where a difference was found; nothing after it is looked at."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.code)
        self.difference = difference


class Stretch(msgspec.Struct, frozen=True):
    """Entries `first` to `last` between two starts: the version and the kernel's digest that the journal names.

    `is_same` where that digest is this program's own kernel. `is_derived` where every decision in it was derived again
    with no difference; where it was not, only the version named there can do so, and its events were taken as written.
    """

    first: int
    last: int
    version: str
    digest: str
    is_same: bool
    is_derived: bool


class Witnessed(msgspec.Struct, frozen=True):
    """The largest head that a witness cosigned, and when it says it did (seconds since the epoch), at the earliest."""

    witness: str
    size: int
    at_s: int


class Counts(msgspec.Struct):
    """What was met on the way, for people: each of these was checked."""

    decisions: int = 0
    requests: int = 0
    sends: int = 0
    halts: int = 0
    resumes: int = 0
    starts: int = 0
    openings: int = 0
    snapshots: int = 0
    snapshots_not_derived: int = 0
    """Where another kernel, which may spell its state otherwise, decided before and the bytes are not the same; named
    while the journal was read; or more than are made again."""
    clock_faults: int = 0
    sleeps: int = 0


class Verdict(msgspec.Struct, frozen=True):
    """What was verified of one journal: `well` where nothing is wrong, else `fault` or `difference` names the first.

    `count` entries hold; `decisions` of them judged an order; `root` is the tree's root over them, in hex. `unsealed`
    entries and `torn_bytes` after the last checkpoint are no fault: a running or crashed guard leaves them. `proved`
    and `not_proved` are plain sentences; `standing` are the halts in force at the end.
    """

    folder: str
    count: int
    decisions: int
    root: str
    checkpoints: int
    unsealed: int
    torn_bytes: int
    clean: bool
    kernels: tuple[tuple[int, str], ...]
    fault: str = ""
    difference: Difference | None = None
    stretches: tuple[Stretch, ...] = ()
    counts: Counts = msgspec.field(default_factory=Counts)
    heads: int = 0
    witnessed: tuple[Witnessed, ...] = ()
    head: str = ""
    """The last signed checkpoint: keep it elsewhere, and a later copy must contain it."""
    standing: tuple[str, ...] = ()
    proved: tuple[str, ...] = ()
    not_proved: tuple[str, ...] = ()

    is_export: bool = False
    """Whether it is an export: of its heads it holds the newest alone."""
    known: int = 0
    """The size of the largest head that was kept elsewhere or that a named witness cosigned."""
    silent: tuple[str, ...] = ()
    """The named witnesses that cosigned none of its heads."""

    @property
    def well(self) -> bool:
        return not self.fault and self.difference is None
