"""In plain sentences: what a verification proved, and what no journal can prove of itself."""

from __future__ import annotations

from datetime import UTC, datetime

from remit.verify.verdict import Counts, Stretch, Verdict

_YEAR_9999_S = 253_402_300_799
NEVER = (
    "that what entered from outside was true: prices, a venue's reports, a person's words",
    "that nothing was sent past the guard: that follows from who holds the venue keys, not from a journal",
    "what is named by a digest alone: free text and the bytes of a venue's replies lie elsewhere or were erased",
)


def proved(found: Verdict, decided: bool) -> tuple[str, ...]:
    """Return what holds of the entries that were passed, in the order in which it was checked."""
    if not found.well and not found.count:
        return ()
    said = [
        f"entries 1 to {found.count} stand as they were signed: every line's checksum, the tree, "
        f"{found.checkpoints} signed checkpoints, and no number is missing or twice",
    ]
    if found.heads:
        said.append(f"{found.heads} heads kept elsewhere are heads of this journal")
    for one in found.witnessed:
        said.append(f"entries 1 to {one.size} existed at {_utc(one.at_s)}, says the witness {one.witness}")
    if decided:
        said += _decided(found.counts, found.stretches, found.standing)
    return tuple(said)


def _utc(at_s: int) -> str:
    if at_s > _YEAR_9999_S:
        return f"second {at_s}"
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _decided(counts: Counts, stretches: tuple[Stretch, ...], standing: tuple[str, ...]) -> list[str]:
    said = [
        f"{counts.starts} starts, each said in its first entry and signed; time never goes back "
        f"({counts.clock_faults} jumps of the clock and {counts.sleeps} sleeps are noted)",
    ]
    for stretch in stretches:
        who = "this kernel" if stretch.is_same else f"version {stretch.version}, and this kernel decides the same"
        if stretch.is_derived:
            said.append(f"entries {stretch.first} to {stretch.last}: every decision derived again, decided by {who}")
    said.append(
        f"{counts.requests} requests: their bytes follow from the entries; each of {counts.sends} sends that the "
        "journal heard of has its permit in an earlier entry"
    )
    stands = f"; in force at the end: {', '.join(standing)}" if standing else ""
    said.append(f"{counts.halts} halts, {counts.resumes} ended, each by a person who may, after a review{stands}")
    return said


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
    if not found.heads and not found.witnessed:
        said.append(
            "that this is the newest copy and the only one: a cut at a checkpoint, an old copy or a second journal of "
            "the same key shows only beside a head kept elsewhere (--head), by a witness or another person"
        )
    if found.unsealed or found.torn_bytes:
        said.append(
            f"{found.unsealed} entries and {found.torn_bytes} bytes after the last checkpoint: nobody signed them yet"
        )
    if not found.clean:
        said.append("how it ends: there is no clean stop, so the guard runs, crashed, or the end was cut")
    if not found.witnessed:
        said.append("that the clock was right: only a witness's own time bounds it (--witness)")
    return (*said, *NEVER)
