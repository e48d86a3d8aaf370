"""In plain sentences: what a verification proved, and what no journal can prove of itself."""

from __future__ import annotations

from remit.verify.verdict import OTHER_KERNEL, Verdict
from remit.verify.witnesses import utc

NEVER = (
    "that what entered from outside was true: prices, a venue's reports, a person's words",
    "that nothing was sent past the guard: that follows from who holds the venue keys, not from a journal",
    "what is named by a digest alone: free text and the bytes of a venue's replies lie elsewhere or were erased",
)


def proved(found: Verdict, decided: bool) -> tuple[str, ...]:
    """Return what holds of the entries that were passed, in the order in which it was checked."""
    differs = found.difference is not None and found.difference.code != OTHER_KERNEL
    if found.fault or not found.root or not found.count or differs:
        return ()  # whatever stands before a fault may have been made by whoever made the fault
    said = [
        f"entries 1 to {found.count} stand as they were signed: every line's checksum, the tree, "
        f"{_counted(found.checkpoints, 'signed checkpoint')}, and no number is missing or twice",
    ]
    if found.heads:
        said.append(f"heads kept elsewhere that are heads of this journal: {found.heads}")
    for one in found.witnessed:
        said.append(f"entries 1 to {one.size} existed at {utc(one.at_s)}, says the witness {one.witness}")
    if decided:
        said += _decided(found)
    return tuple(said)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _decided(found: Verdict) -> list[str]:
    counts, standing = found.counts, found.standing
    starts, signed = _counted(counts.starts, "start"), " and signed" if counts.openings else ""
    named = f"{starts} that entries name" if found.is_export else f"{starts}, each said in its first entry{signed}"
    said = [
        f"{named}; time never goes back (noted: {_counted(counts.clock_faults, 'jump')} of the clock, "
        f"{_counted(counts.sleeps, 'sleep')})",
    ]
    for stretch in found.stretches:
        who = "this kernel" if stretch.is_same else f"version {stretch.version}, and this kernel decides the same"
        if stretch.is_derived:
            said.append(f"entries {stretch.first} to {stretch.last}: every decision derived again, decided by {who}")
    if counts.snapshots:
        named = _counted(counts.snapshots, "snapshot")
        said.append(f"{named} named by entries: the state and the tree give the same bytes again")
    requests, halts = _counted(counts.requests, "request"), _counted(counts.halts, "halt")
    said.append(
        f"{requests}: their bytes follow from the entries; each of {counts.sends} sends that the journal heard of has "
        "its permit in an earlier entry"
    )
    stands = f"; in force at the end: {', '.join(standing)}" if standing else ""
    said.append(f"{halts}, {counts.resumes} of them ended, each by a person who may, after a review{stands}")
    return said


def _newest(found: Verdict) -> str:
    """What no copy says of itself: that it is the newest one, and the only one."""
    if not found.known:
        return (
            "that this is the newest copy and the only one: a cut at a checkpoint, an old copy or a second journal of "
            "the same key shows only beside a head kept elsewhere (--head), by a witness or another person"
        )
    after = f"entry {found.known}, where the largest head ends that was kept elsewhere or witnessed"
    if found.known < found.count:
        return f"that entries {found.known + 1} to {found.count} are the only ones signed after {after}, and the last"
    return f"that none was signed after {after}"


def not_proved(found: Verdict) -> tuple[str, ...]:
    """Return what remains to be taken on trust, and what would prove it where anything would."""
    said = []
    for stretch in found.stretches:
        if not stretch.is_derived:
            said.append(
                f"that entries {stretch.first} to {stretch.last} were decided as they say: kernel "
                f"{stretch.digest[:16]} did, of version {stretch.version}. Verify with that version: "
                f"pip install remit=={stretch.version}"
            )
    if found.counts.snapshots_not_derived:
        said.append(
            f"what {_counted(found.counts.snapshots_not_derived, 'snapshot')} named by entries holds: their bytes are "
            "others by this kernel, and a kernel before was another, which may spell its state otherwise; or there are "
            "too many, or the journal grew meanwhile"
        )
    if found.is_export:
        said.append(
            "how its journal was opened, closed and sealed meanwhile: an export holds the newest signed head alone, so "
            "that no start and no clean stop of it is signed here but the last; verify the journal itself for that"
        )
    said.append(_newest(found))
    said += [f"that {name} saw any of it: this witness cosigned none of the heads here" for name in found.silent]
    if found.unsealed or found.torn_bytes:
        said.append(
            f"{found.unsealed} entries and {found.torn_bytes} bytes after the last checkpoint: nobody signed them yet"
        )
    if not found.clean:
        said.append("how it ends: there is no clean stop, so the guard runs, crashed, or the end was cut")
    if not found.witnessed:
        said.append("that the clock was right: only a witness's own time bounds it (--witness)")
    return (*said, *NEVER)
