"""Rows of the journal: lines in plain words, timelines, receipts, texts, reports.

What the read model holds is told only after the guard has said, by the caller's own token, who asks.
"""

from __future__ import annotations

import asyncio
import io
import re
from pathlib import Path
from typing import Any

import msgspec

from remit.doors.http.aside import Aside, Far
from remit.doors.http.call import Answer, Call
from remit.doors.http.paging import cursor_of, key_of
from remit.doors.http.problem import Problem
from remit.doors.http.shapes import journal as s
from remit.doors.http.table import READERS, TOLD, Do, Look, Route
from remit.doors.http.turns import Turns
from remit.kernel.names import Role
from remit.reports.errors import ModelUnusable, ReportError
from remit.reports.export import Format, ReportName, Span, rows_of, span_of, write
from remit.reports.model import Model, path_in
from remit.reports.visible import EVERYTHING, Visible

REPORTS = 2
"""Reports that are written at once: each holds a thread, of which there are few."""
ROWS_MAX = 100_000
"""Rows of a report that one answer holds; `remit report` has no bound."""
SEES_ALL: tuple[Role, ...] = ("operator", "approver", "compliance", "auditor")
CAPABILITY = "explain_decision"
RECEIPT_MEDIA = "text/plain; charset=utf-8"
EVIDENCE_MEDIA = "application/zip"
_ASYNC = re.compile(r"^\s*respond-async\s*(?:,\s*wait=([0-9]{1,3})\s*)?$")
WAIT_S_MAX = 60


async def visible(call: Call) -> Visible:
    """Return whose rows the caller may see, as the guard says by its token; Problem where it may see none."""
    me = await call.read("self")
    role = me["role"]
    if role in SEES_ALL:
        return EVERYTHING
    if role in ("agent", "client"):
        if CAPABILITY not in me["capabilities"]:
            raise Problem("capability_off", f"{CAPABILITY} is off for {me['agent']}", "Ask an operator to switch it on")
        # The guard's own journal, from beyond its end: whom it would tell nothing now, over a budget, is told nothing.
        await call.read("log", **{"from": 2**62, "limit": 1})
        names = frozenset({me["name"]})
        return Visible(agents=names) if role == "agent" else Visible(clients=names)
    if role == "owner":
        return Visible(accounts=frozenset(row["name"] for row in await call.read("accounts")))
    raise Problem("not_authorised", f"the role {role} may not see the journal", "Ask a person or an agent")


def model_of(call: Call) -> Model:
    """Return the read model; Problem where it is not there yet."""
    found: Model | None = getattr(call.app.state, "model", None)
    if found is None:
        raise Problem("model_unusable", "the journal has not been read yet", "Try again in a moment")
    return found


async def lines(call: Call) -> bytes:
    """Return lines of the journal that fit."""
    asked: s.LineQuery = call.params
    names = (
        "agent", "client", "account", "instrument", "order", "kind", "verdict", "since", "until", "latest", "trading",
        "looks",
    )  # fmt: skip
    wanted = {name: value for name in names if (value := getattr(asked, name)) is not None}
    return await _told(call, asked, wanted)


async def agent_timeline(call: Call) -> bytes:
    """Return the story of one agent."""
    return await _told(call, call.params, {"agent": call.params.agent})


async def order_timeline(call: Call) -> bytes:
    """Return the story of one order."""
    return await _told(call, call.params, {"order": call.params.order})


async def _told(call: Call, asked: Any, wanted: dict[str, Any]) -> bytes:
    seen = await visible(call)
    after = None if asked.cursor is None else key_of(asked.cursor, 1)[0]
    if asked.cursor is not None and (type(after) is not int or not 0 <= after < 2**63):
        raise Problem("not_valid", "this is no cursor of this list", "Take `next` of the page before")
    following = model_of(call)
    wanted |= {"after": after, "limit": asked.limit}
    try:
        # On a thread and a connection of its own: a question that reads far keeps nobody else waiting.
        return await asyncio.to_thread(_page, call.app.state.settings.home, seen, wanted, following.position)
    except ReportError as fault:
        raise _problem(fault) from None


def _page(home: Path, seen: Visible, wanted: dict[str, Any], told: int) -> bytes:
    """Return a page of lines; ModelUnusable where the file holds less than the entry `told`, which was in it before."""
    with Model(path_in(home)) as model:
        if model.position < told:
            raise ModelUnusable(f"it holds {model.position} of {told} entries and is read again", "Ask again soon")
        page = model.lines(seen, **wanted)
        following = None if page.next is None else cursor_of((page.next,))
        return msgspec.json.encode({"items": page.rows, "next": following, "position": model.position})


async def csv_report(call: Call) -> Answer:
    """Return a report as CSV."""
    return await _report(call, "csv", b"text/csv; charset=utf-8")


async def parquet_report(call: Call) -> Answer:
    """Return a report as Parquet."""
    return await _report(call, "parquet", b"application/vnd.apache.parquet")


async def _report(call: Call, form: Format, media: bytes) -> Answer:
    asked: s.ReportQuery = call.params
    seen = await visible(call)
    model_of(call)
    try:
        span = span_of(asked.first, asked.last, asked.zone)
        turns: Turns = call.app.state.reports
        async with turns.of(await call.who()):
            # On a thread and a connection of its own: a report of a year keeps nobody waiting.
            body = await asyncio.to_thread(_written, call.app.state.settings.home, asked.report, seen, span, form)
    except ReportError as fault:
        raise _problem(fault) from None
    name = f"{asked.report}-{asked.first}-{asked.last}.{form}".encode()
    return Answer(body, headers=((b"content-disposition", b'attachment; filename="%b"' % name),), media=media)


def _written(home: Path, report: ReportName, seen: Visible, span: Span, form: Format) -> bytes:
    with Model(path_in(home)) as model:
        for number, _ in enumerate(rows_of(model, report, seen, span), 1):
            if number > ROWS_MAX:
                raise Problem("too_large", f"the report has more than {ROWS_MAX} rows", "Ask for fewer days, or by CLI")
        held = io.BytesIO()
        write(model, report, seen, span, form, held)
        return held.getvalue()


async def receipt(call: Call) -> Answer:
    """Return one entry's receipt, as the file that it is."""
    seq = call.params.seq
    found = await call.read("receipt", seq=seq)
    name = b'attachment; filename="%d.tlog-proof"' % seq
    return Answer(found["receipt"].encode(), headers=((b"content-disposition", name),), media=RECEIPT_MEDIA.encode())


async def evidence(call: Call) -> Answer:
    """Return what the journal holds of one thing as a zip, worked out beside this process; how far that is to whoever
    would rather come back for it."""
    if await visible(call) is not EVERYTHING:
        raise Problem("not_authorised", "only who sees everything is given evidence", "Ask an operator or an auditor")
    work: Aside = call.app.state.aside
    witnesses = [str(one.cosigner) for one in call.app.state.settings.witnesses]
    of, patience = call.params.of, _ASYNC.search(call.header("Prefer"))
    wait_s = None if patience is None else min(float(patience[1] or 0), WAIT_S_MAX)
    packed = await work.evidence(await call.who(), of, witnesses, call.receive, wait_s)
    if isinstance(packed, Far):
        headers = ((b"preference-applied", b"respond-async"), (b"retry-after", b"1"))
        return Answer(s.Making(packed.read, packed.of), 202, headers)
    stem = "".join(char if char.isascii() and char.isalnum() or char in "-_" else "_" for char in of)
    name = f'attachment; filename="{stem}-evidence.zip"'.encode()
    return Answer(packed, headers=((b"content-disposition", name),), media=EVIDENCE_MEDIA.encode())


def _problem(fault: ReportError) -> Problem:
    return Problem("extra_missing" if fault.code == "parquet_missing" else fault.code, fault.message, fault.fix)


ROUTES = (
    Route(
        "GET", "/v1/journal", "list_journal",
        "The journal in plain words: by order, agent, client, account, kind and time. Everybody sees their own.",
        "journal", TOLD, Do(lines), s.LineQuery, None, s.Lines,
    ),
    Route(
        "GET", "/v1/agents/{agent}/timeline", "show_agent_timeline", "The story of one agent, in plain words.",
        "journal", TOLD, Do(agent_timeline), s.AgentTimeline, None, s.Lines,
    ),
    Route(
        "GET", "/v1/orders/{order}/timeline", "show_order_timeline", "The story of one order, in plain words.",
        "journal", TOLD, Do(order_timeline), s.OrderTimeline, None, s.Lines,
    ),
    Route(
        "GET", "/v1/journal/{seq}/receipt", "show_receipt",
        "One entry with the proof that the last signed checkpoint covers it, as a C2SP tlog-proof: `remit verify` "
        "checks it, and so does any implementation of the format.",
        "journal", TOLD, Do(receipt), s.OneEntry, None, media=RECEIPT_MEDIA,
    ),
    Route(
        "GET", "/v1/journal/heads", "show_heads",
        "The journal's public key and its newest signed heads: keep both elsewhere, and a later copy can be held "
        "against them.",
        "journal", READERS, Look("heads"), None, None, s.Heads,
    ),
    Route(
        "GET", "/v1/evidence/{of}", "download_evidence",
        "What the journal holds of one order, one agent or one day, as a zip that a stranger can check and read: "
        "records, receipts, mandates, a page for people and the verifier. Every entry is held against the signed head; "
        "decisions are packed as written. For who sees everything, one at a time each. With `Prefer: respond-async, "
        "wait=20` it answers 202 with how far it is after so many seconds: ask the same again, within 30 s.",
        "journal", SEES_ALL, Do(evidence), s.EvidenceOf, None, media=EVIDENCE_MEDIA,
        headers={"Prefer": "`respond-async, wait=SECONDS` (60 at most): rather a 202 than a longer wait."},
    ),
    Route(
        "GET", "/v1/attestation", "show_attestation",
        "A statement that the guard signs: its code, the mandates in force, its keys, the journal's head, your nonce, "
        "the time. A key in software signs it: it proves who says so, and nothing about the machine.",
        "journal", READERS, Look("attestation"), s.AttestationQuery, None, s.Attested,
    ),
    Route(
        "GET", "/v1/texts/{digest}", "show_text",
        "A text that lies beside the journal, by its digest: what an agent thought, what a call said. Never for "
        "auditors, agents or clients.",
        "journal", READERS, Look("text"), s.OneText, None, s.TextShown,
    ),
    Route(
        "GET", "/v1/reports/{report}/csv", "download_csv",
        "Blotter, rejected orders, violations or approvals as CSV over a range of days.",
        "journal", TOLD, Do(csv_report), s.ReportQuery, None, media="text/csv",
    ),
    Route(
        "GET", "/v1/reports/{report}/parquet", "download_parquet",
        "The same as Parquet; decimals are decimal128(38, 18).",
        "journal", TOLD, Do(parquet_report), s.ReportQuery, None, media="application/vnd.apache.parquet",
    ),
)  # fmt: skip
