"""One journal, in its folder or as an export, streaming: tree, signatures, heads kept elsewhere, every entry again."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from remit.digest import kernel_digest
from remit.journal.checkpoint import CLEAN_STOP
from remit.journal.note import Verifier
from remit.verify.again import Again
from remit.verify.claims import not_proved, proved
from remit.verify.export import is_export
from remit.verify.halves import Ask, alone, in_two, is_worth_two
from remit.verify.passage import Found, Passage, Passed
from remit.verify.places import checkpoint_of, cosigner_of
from remit.verify.snapshots import look_over
from remit.verify.verdict import OTHER_KERNEL, CannotVerify, Difference, Verdict

Progress = Callable[[int], None] | None


def verify(
    folder: Path,
    key: Verifier,
    *,
    heads: Sequence[str] = (),
    witnesses: Sequence[str] = (),
    decide: bool = True,
    progress: Progress = None,
    passed: Passed = None,
    cores: int | None = None,
) -> Verdict:
    """Verify the journal or the export in a folder, streaming, and return what holds or the first thing that does not.

    `heads` are signed checkpoints kept elsewhere (another folder, a witness, another copy) that the journal must
    contain. `witnesses` are keys as `remit witness key` prints them: who of them cosigned a head is said, and a
    signature of theirs that does not hold is a fault. Without `decide` only tree and signatures are checked. `progress`
    hears how many entries were decided, now and then. A stretch that another kernel decided otherwise is taken as
    written, and named; then the walk begins anew, and `passed` hears all of it again. With two `cores` (else as many as
    there are) a long journal is decided by two processes, and the verdict is the same; with `passed` by one.
    CannotVerify where the folder cannot be read, or is another's, or a second process ended early.
    """
    kept = sorted((checkpoint_of(head, key) for head in heads), key=lambda head: head.size)
    known = [cosigner_of(witness) for witness in witnesses]
    taken: frozenset[int] = frozenset()
    first: Difference | None = None
    named, size = _look_over(folder, key) if decide else (frozenset(), 0)
    while True:
        again = Again(progress, taken, named=named) if decide else None
        passage = Passage(folder, key, kept, known, again, passed)
        if decide and passed is None and is_worth_two(size, cores):
            place = os.fsencode(folder)
            ask = Ask(kernel_digest(), place, str(key), (*heads,), (*witnesses,), (*taken,), (*named,), size)
            found = in_two(passage, ask, progress)
        else:
            found = alone(passage)
        difference = found.difference
        if difference is None or difference.code != OTHER_KERNEL:
            break
        first, begins = first or difference, found.stretch
        if begins in taken or not begins:
            break
        taken |= {begins}
    # What contradicts itself in whatever kernel's words weighs more than what only another kernel can decide.
    if difference is None or difference.code == OTHER_KERNEL:
        difference = min(filter(None, (first, found.doubt)), key=lambda one: one.seq, default=None)
    return _verdict(folder, found, difference, decide)


def as_written(folder: Path, key: Verifier, *, heads: Sequence[str] = (), passed: Passed = None) -> Found:
    """Fold every entry as it is written and check the tree, its newest head, `heads` kept elsewhere and what each
    record must hold by itself: quicker than `verify`, and no decision is made again. CannotVerify."""
    kept = sorted((checkpoint_of(head, key) for head in heads), key=lambda head: head.size)
    again = Again()
    again.folds = True
    try:
        found = Passage(folder, key, kept, (), again, passed, every_signature=False).run()
    except (msgspec.MsgspecError, ValueError) as fault:
        what = f"entry {again.seq + 1} is no record of this version: {fault}"
        raise CannotVerify(what, "See `remit verify`") from None
    assert found is not None, "nothing watches it, so nothing ends it early"
    return found


def _look_over(folder: Path, key: Verifier) -> tuple[frozenset[int], int]:
    try:
        return look_over(folder, key)
    except OSError as fault:
        raise CannotVerify(f"{folder} cannot be read ({fault})", "Look at the folder and its disk") from None


def _verdict(folder: Path, found: Found, difference: Difference | None, decide: bool) -> Verdict:
    """Return what the last passage found, with the first difference of all passages."""
    if found.size and not found.head and not found.fault and difference is None:
        raise CannotVerify(f"{folder} has entries and no checkpoint that seals them", "Restore it from a backup")
    stopped = difference is not None and decide and found.seq < found.size
    verdict = Verdict(
        folder=str(folder),
        count=found.seq if stopped else found.size,
        decisions=found.counts.decisions,
        root="" if stopped else found.root,
        checkpoints=found.checkpoints,
        unsealed=0 if stopped else found.unsealed,
        torn_bytes=found.torn_bytes,
        clean=not stopped and CLEAN_STOP in found.extensions and not found.unsealed and not found.torn_bytes,
        kernels=found.kernels,
        fault=found.fault,
        difference=difference,
        stretches=found.stretches,
        counts=found.counts,
        heads=found.heads,
        witnessed=found.witnessed,
        head=found.head,
        standing=found.standing,
        is_export=is_export(folder),
        known=max(found.kept, *(one.size for one in found.witnessed), 0),
        silent=found.silent,
    )
    return msgspec.structs.replace(verdict, proved=proved(verdict, decide), not_proved=not_proved(verdict))
