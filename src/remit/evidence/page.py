"""The page of evidence for people: what was asked, what was decided, by which numbers, who approved. No script in it.

It is a rendering of the records beside it and of nothing else: the same records always give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape

from remit.evidence.holding import Evidence, Kept, Published
from remit.kernel import command as c
from remit.kernel.codec import plain
from remit.kernel.event import Decision
from remit.kernel.names import Principal
from remit.kernel.numbers import NANOSECONDS, text
from remit.kernel.printable import printable
from remit.reports.words import order_words, reason

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
h1,h2,h3{line-height:1.25}table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}
td,th{border:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top}
code{overflow-wrap:anywhere}.allow{color:#0a5c2b}.deny{color:#9b1c1c}.hold{color:#7a4a00}
@media print{body{margin:0}}
"""
NOT_PROVED = (
    "That nothing else concerns this: only the whole journal shows what is absent.",
    "That each decision follows from the mandates: `remit verify` derives them again from the whole journal.",
    "That the same key signed no other history: heads that others kept tell that.",
    "That what was journalled is what happened outside.",
)


def page(evidence: Evidence) -> str:
    """Return the page as HTML."""
    return "\n".join(_lines(evidence)) + "\n"


def _lines(evidence: Evidence) -> Iterator[str]:
    title = f"Evidence: {_shown(evidence.of)}"
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield f"<style>{STYLE}</style></head><body><h1>{title}</h1>"
    records = [one for one in evidence.kept if not one.role]
    size = evidence.receipts[0].checkpoint.split("\n")[1]
    yield (
        f"<p>{len(records)} records of a journal of {size} entries, signed as "
        f"<code>{_shown(evidence.key.name)}</code>. This page only renders the records beside it. What proves them are "
        "the receipts: README.txt says how to check them.</p>"
    )
    entries = {version.digest: str(version.entry) for version in evidence.mandates}
    for one in records:
        if one.record.decision is not None:
            yield from _decision(one, one.record.decision, entries)
    yield from _approvals(records)
    yield from _story(evidence.kept)
    yield from _mandates(evidence.mandates)
    yield "<h2>What it cannot prove</h2><ul>"
    yield from (f"<li>{_shown(claim)}</li>" for claim in NOT_PROVED)
    yield "</ul></body></html>"


def _decision(one: Kept, decision: Decision, entries: dict[str, str]) -> Iterator[str]:
    """`entries`: which entry published the mandate of a digest."""
    body, by = one.record.command.body, one.record.command.by
    asked = order_words(body.intent) if isinstance(body, c.Submit) else one.told[0].said if one.told else "a judgement"
    yield f"<h2>Entry {one.seq}: {_shown(asked)}</h2><table>"
    yield from (
        _row("asked by", _who(by)),
        _row("at", _utc(one.record.command.at)),
        _row("order", decision.order),
        f'<tr><th>decided</th><td class="{escape(decision.verdict)}">{_shown(decision.verdict.upper())}</td></tr>',
        _row("worth at its worst price", f"{text(decision.worth)} {decision.currency}"),
        _row("under the mandates", ", ".join(_mandate(digest, entries) for digest in decision.mandates) or "none"),
        _row("prices used", "; ".join(_mark(mark) for mark in plain(decision.marks)) or "none"),
    )
    yield "</table>"
    if decision.findings:
        yield "<table><tr><th>rule</th><th>of</th><th>limit</th><th>actual</th><th>unit</th><th>in words</th></tr>"
        for finding in decision.findings:
            cells = (finding.rule, finding.subject, finding.limit, finding.actual, finding.unit, reason(finding))
            yield "<tr>" + "".join(f"<td>{_shown(cell)}</td>" for cell in cells) + "</tr>"
        yield "</table>"
    else:
        yield "<p>Every rule held.</p>"


def _approvals(records: list[Kept]) -> Iterator[str]:
    yield "<h2>Who approved</h2>"
    found = [one for one in records if isinstance(one.record.command.body, c.Approve | c.Decline)]
    if not found:
        yield "<p>No record here is the answer of a person to an order.</p>"
        return
    yield "<table><tr><th>entry</th><th>at</th><th>who</th><th>said</th></tr>"
    for one in found:
        command = one.record.command
        said = "; ".join(told.said for told in one.told) or type(command.body).__name__.lower()
        cells = (str(one.seq), _utc(command.at), _who(command.by), said)
        yield "<tr>" + "".join(f"<td>{_shown(cell)}</td>" for cell in cells) + "</tr>"
    yield "</table>"


def _story(kept: tuple[Kept, ...]) -> Iterator[str]:
    yield "<h2>What happened, in order</h2><table><tr><th>entry</th><th>at</th><th>what</th><th>receipt</th></tr>"
    for one in kept:
        said = [told.said for told in one.told] or [type(one.record.command.body).__name__.lower()]
        why = f" ({one.role})" if one.role else ""
        yield (
            f"<tr><td>{one.seq}</td><td>{_utc(one.record.command.at)}</td><td>"
            + "<br>".join(_shown(line) for line in said)
            + f"{_shown(why)}</td><td><code>receipts/{one.seq:012d}.tlog-proof</code></td></tr>"
        )
    yield "</table>"


def _mandates(versions: tuple[Published, ...]) -> Iterator[str]:
    yield "<h2>The mandates</h2>"
    if not versions:
        yield "<p>No record here publishes any.</p>"
    for version in versions:
        yield f"<h3>{_shown(version.subject)}, from entry {version.entry} on</h3><table>"
        yield _row("digest", version.digest)
        yield _row("published", f"{_utc(version.at)} by {_who(version.by)}: {version.why}")
        if version.confirmed_by is not None:
            yield _row("confirmed by", _who(version.confirmed_by))
        limits = plain(version.mandate)
        yield from (_row(name, str(limit)) for name, limit in limits.items() if limit is not None)
        yield "</table>"


def _row(name: str, said: str) -> str:
    return f"<tr><th>{_shown(name)}</th><td>{_shown(said)}</td></tr>"


def _mandate(digest: str, entries: dict[str, str]) -> str:
    return f"{digest[:16]} ({f'entry {entries[digest]}' if digest in entries else 'not among these records'})"


def _mark(mark: list[str]) -> str:
    return " ".join(str(part) for part in mark)


def _who(by: Principal) -> str:
    return f"{by.name} ({by.role})" if by.name else by.role


def _utc(at: int) -> str:
    """A time in nanoseconds as people read it, to the nanosecond."""
    second, rest = divmod(at, NANOSECONDS)
    try:
        said = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"{at} ns"
    return f"{said}.{rest:09d} UTC"


def _shown(said: str) -> str:
    return escape(printable(said))
