"""The page of evidence for people: what was asked, what was decided, by which numbers, who approved. No script in it.

It is a rendering of the records beside it and of nothing else: the same records always give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape

from remit.evidence.holding import Evidence, Kept, Published
from remit.evidence.limits import limits_of
from remit.kernel import command as c
from remit.kernel.event import Decision, Finding
from remit.kernel.names import Principal
from remit.kernel.numbers import NANOSECONDS, Price, text
from remit.kernel.printable import printable
from remit.kernel.rules.said import finding_says, grouped, subject_words, title
from remit.reports.words import order_words

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
DECIDED = {"allow": "Allowed", "hold": "Held for people", "deny": "Denied"}
_CODE = re.compile("`([^`]+)`")


def page(evidence: Evidence) -> str:
    """Return the page as HTML."""
    return "\n".join(_lines(evidence)) + "\n"


def _lines(evidence: Evidence) -> Iterator[str]:
    name = f"Evidence: {_shown(evidence.of)}"
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
    yield f"<style>{STYLE}</style></head><body><h1>{name}</h1>"
    records = [one for one in evidence.kept if not one.role]
    yield f"<p>{_counted(evidence, len(records))} This page only renders them. What proves them are the receipts: "
    yield "README.txt says how to check them.</p>"
    published: dict[str, list[Published]] = {}
    for version in evidence.mandates:
        published.setdefault(version.digest, []).append(version)
    for one in records:
        if one.record.decision is not None:
            yield from _decision(one, one.record.decision, published)
    yield from _approvals(records)
    yield from _story(evidence.kept)
    yield from _mandates(evidence.mandates)
    yield "<h2>What it cannot prove</h2><ul>"
    yield from (f"<li>{_claim(claim)}</li>" for claim in NOT_PROVED)
    yield "</ul></body></html>"


def _counted(evidence: Evidence, about: int) -> str:
    """Return how many records there are, and how many of them were asked for: the rest says by what was decided."""
    of_all, size = len(evidence.kept), evidence.receipts[0].checkpoint.split("\n")[1]
    beside = f", {about} of them of what was asked for and {of_all - about} that it rests on," if of_all > about else ""
    records = "1 record" if of_all == 1 else f"{of_all} records"
    return f"{records}{beside} of a journal of {size} entries, signed as <code>{_shown(evidence.key.name)}</code>."


def _decision(one: Kept, decision: Decision, published: dict[str, list[Published]]) -> Iterator[str]:
    """`published`: the mandates of these records, by their digests."""
    body, by = one.record.command.body, one.record.command.by
    asked = order_words(body.intent) if isinstance(body, c.Submit) else one.told[0].said if one.told else "a judgement"
    word = _shown(DECIDED.get(decision.verdict, decision.verdict))
    yield f"<h2>Entry {one.seq}: {_shown(asked)}</h2><table>"
    yield from (
        _row("Asked by", _who(by)),
        _row("At", _utc(one.record.command.at)),
        _row("Order", decision.order),
        f'<tr><th>Decided</th><td class="{escape(decision.verdict)}">{word}</td></tr>',
        _row("Worth at its worst price", f"{grouped(text(decision.worth), 18)} {decision.currency}"),
        _row(
            "Under the mandates",
            "; ".join(_mandate(digest, published) for digest in dict.fromkeys(decision.mandates)) or "none",
        ),
    )
    yield "</table>"
    yield from _findings(decision.findings)
    yield from _marks(decision)


def _findings(findings: tuple[Finding, ...]) -> Iterator[str]:
    if not findings:
        yield "<p>Every rule held.</p>"
        return
    heads = ("What was found", "Rule", "Limit of", "Limit, in full", "Measured, in full", "Unit")
    yield from _head(heads)
    for finding in findings:
        of = "this order" if finding.subject == "order" else subject_words(finding.subject)
        cells = (of, finding.limit, finding.actual, finding.unit)
        yield f"<tr><td>{_shown(finding_says(finding))}.</td><td>{_named(finding.rule)}</td>" + _cells(cells) + "</tr>"
    yield "</table>"


def _marks(decision: Decision) -> Iterator[str]:
    if not decision.marks:
        yield "<p>No price was used.</p>"
        return
    yield from _head(("Price used, of", "Bid", "Ask", "Last", "Seen at"))
    for instrument, bid, ask, last, at in decision.marks:
        yield "<tr>" + _cells((instrument, _price(bid), _price(ask), _price(last), _utc(at))) + "</tr>"
    yield "</table>"


def _approvals(records: list[Kept]) -> Iterator[str]:
    yield "<h2>Who approved</h2>"
    found = [one for one in records if isinstance(one.record.command.body, c.Approve | c.Decline)]
    if not found:
        yield "<p>No record here is the answer of a person to an order.</p>"
        return
    yield from _head(("Entry", "At", "Who", "Said"))
    for one in found:
        command = one.record.command
        said = "; ".join(told.said for told in one.told) or _kind(one)
        yield "<tr>" + _cells((str(one.seq), _utc(command.at), _who(command.by), said)) + "</tr>"
    yield "</table>"


def _story(kept: tuple[Kept, ...]) -> Iterator[str]:
    yield "<h2>What happened, in order</h2>"
    yield from _head(("Entry", "At", "What", "Receipt"))
    for one in kept:
        said = [told.said for told in one.told] or [_kind(one)]
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
        return
    yield "<p>Money is in the currency of whom a mandate is for.</p>"
    for version in versions:
        yield f"<h3>{_shown(subject_words(version.subject))}, from entry {version.entry} on</h3><table>"
        yield _row("Digest", version.digest)
        yield _row("Published", f"{_utc(version.at)} by {_who(version.by)}: {version.why}")
        if version.confirmed_by is not None:
            yield _row("Confirmed by", _who(version.confirmed_by))
        if version.expires_at is not None:
            yield _row("Ends", _utc(version.expires_at))
        yield "</table>"
        yield from _head(("What it says", "Limit", "In full"))
        for field, says, limit in limits_of(version.mandate):
            yield f"<tr><td>{_shown(says)}.</td><td>{_named(field)}</td>" + _cells((limit,)) + "</tr>"
        yield "</table>"


def _head(names: tuple[str, ...]) -> Iterator[str]:
    yield "<table><tr>" + "".join(f"<th>{_shown(name)}</th>" for name in names) + "</tr>"


def _cells(said: tuple[str, ...]) -> str:
    return "".join(f"<td>{_shown(one)}</td>" for one in said)


def _row(name: str, said: str) -> str:
    return f"<tr><th>{_shown(name)}</th><td>{_shown(said)}</td></tr>"


def _named(rule: str) -> str:
    """A rule in words, and by the name that the documentation has it under."""
    return f"{_shown(title(rule))} <code>{_shown(rule)}</code>"


def _claim(said: str) -> str:
    """A sentence of ours, with what is typed set as such."""
    return _CODE.sub(r"<code>\1</code>", _shown(said))


def _kind(one: Kept) -> str:
    """What an entry is that has no words of its own."""
    return str(one.record.command.body.__struct_config__.tag).replace("_", " ")


def _mandate(digest: str, published: dict[str, list[Published]]) -> str:
    """The mandates of these records that have a digest: those that say the same have the same one."""
    found = [f"{subject_words(version.subject)} (entry {version.entry})" for version in published.get(digest, ())]
    return f"digest {digest[:16]}: {', '.join(found) or 'not among these records'}"


def _price(price: Price) -> str:
    return grouped(text(price), 18)


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
