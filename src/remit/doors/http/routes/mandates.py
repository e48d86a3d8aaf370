"""Rows of mandates: in force, effective, drafts and differences, publishing against a version, history."""

from __future__ import annotations

import re
import time
from typing import Any

from remit.doors.http.aside import Aside
from remit.doors.http.call import Answer, Call, entered
from remit.doors.http.paging import cut_of
from remit.doors.http.problem import Problem
from remit.doors.http.shapes import mandates as s
from remit.doors.http.shapes.base import Entered, Items
from remit.doors.http.table import OPERATORS, READERS, TOLD, Do, Look, Route
from remit.kernel import command as c
from remit.kernel.codec import encode, plain
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import DAY_NS

_TAG = re.compile(r'"([0-9]{1,9})(?:-over)?"')


async def show(call: Call) -> Answer:
    """Return one subject's mandate with its ETag; 304 where the caller has that one."""
    row = (await call.read("mandates", subject=call.params.subject))[0]
    tag = _tag(row)
    headers = ((b"etag", tag.encode()), (b"cache-control", b"no-cache"))
    known = call.header("If-None-Match")
    if known and (known == "*" and row["number"] is not None or tag in known.replace("W/", "")):
        return Answer(b"", 304, headers)
    return Answer(row, 200, headers)


def _tag(row: dict[str, Any]) -> str:
    return f'"{row["number"] or 0}{"" if row["in_force"] else "-over"}"'


async def publish(call: Call) -> bytes:
    """Publish a mandate against the version that its writer saw."""
    body: s.Publish = call.body
    given = call.header("If-Match")
    if not given:
        raise Problem(
            "precondition_required", "say which version this was written against",
            "Send If-Match with the ETag of GET /v1/mandates/{subject}, or * to publish whatever is in force",
        )  # fmt: skip
    found = _TAG.fullmatch(given.strip().removeprefix("W/"))
    if found is None and given.strip() != "*":
        raise Problem("not_valid", "If-Match is no ETag of a mandate", "Send the ETag of GET /v1/mandates/{subject}")
    sent = c.SetMandate(
        subject=call.params.subject, mandate=body.mandate, why=body.why, expires_at=body.expires_at, preset=body.preset,
        after=None if found is None else int(found[1]),
    )  # fmt: skip
    return entered(await call.enter(sent))


async def draft(call: Call) -> bytes:
    """Return the mandates that a preset gives."""
    body: s.Drafting = call.body
    given = {name: plain(getattr(body, name)) for name in body.__struct_fields__}
    return await call.raw("composed", **given)


async def compare(call: Call) -> dict[str, Any]:
    """Return what drafts would change."""
    body: s.Comparing = call.body
    given = plain(body.mandates)
    return {"items": await call.read("compared", mandates=given, expires_at=body.expires_at), "next": None}


async def lint(call: Call) -> dict[str, Any]:
    """Return what is worth a look."""
    body: s.Linting = call.body
    given = None if body.mandates is None else plain(body.mandates)
    return {"items": await call.read("lint", mandates=given, preset=body.preset), "next": None}


async def try_out(call: Call) -> Answer:
    """Return what drafts would have decided of the last days' orders, worked out beside this process."""
    body: s.Trying = call.body
    who = await call.who()
    if who.role not in READERS:  # whoever trades could measure by it what others hold
        raise Problem("not_authorised", f"the role {who.role} may not try mandates", "Ask a person")
    # Whose numbers the caller may not see, they may not measure by drafts either: the view refuses those.
    await call.read("compared", mandates=plain(body.mandates))
    agents = [row["name"] for row in await call.read("agents")]  # whose orders the caller may see
    from_at = time.time_ns() - body.days * DAY_NS
    asked = encode({"mandates": body.mandates, "from_at": from_at, "agents": agents})
    work: Aside = call.app.state.aside
    return Answer(await work.what_if(who, asked, call.receive))


async def list_all(call: Call) -> bytes:
    """Return the mandates of all subjects, widest first."""
    given: s.MandateQuery = call.params
    return cut_of(await call.raw("mandates", subject=given.subject), "subject", given)


async def history(call: Call) -> dict[str, Any]:
    """Return every version of one subject's mandate, oldest first."""
    return {"items": await call.read("history", subject=call.params.subject), "next": None}


async def presets(call: Call) -> dict[str, Any]:
    """Return every preset."""
    return {"items": await call.read("presets"), "next": None}


async def rules(call: Call) -> dict[str, Any]:
    """Return every rule."""
    return {"items": await call.read("rules"), "next": None}


_LIMITS = {"order_notional_max": "1000", "daily_loss_max": "500"}
_DRAFT = {"agent:momentum": _LIMITS}

ROUTES = (
    Route(
        "GET", "/v1/mandates", "list_mandates", "The mandate in force of each subject that the caller may see.",
        "mandates", TOLD, Do(list_all), s.MandateQuery, answer=Items[s.MandateRow],
    ),
    Route(
        "GET", "/v1/mandates/effective", "show_effective",
        "What binds the orders of an agent: each limit with every value on its path, and the effective one.",
        "mandates", TOLD, Look("effective"), s.PathQuery, answer=s.Effective,
    ),
    Route(
        "POST", "/v1/mandates/draft", "draft_mandates", "The mandates that a preset gives; nothing changes.",
        "mandates", READERS, Do(draft), body=s.Drafting, answer=dict[str, Mandate], example={"preset": "starter"},
        remembered=False,
    ),
    Route(
        "POST", "/v1/mandates/diff", "compare_mandates",
        "What drafts would change: each field before and after, and whether that is tighter or looser.",
        "mandates", READERS, Do(compare), body=s.Comparing, answer=Items[s.Compared], example={"mandates": _DRAFT},
        remembered=False,
    ),
    Route(
        "POST", "/v1/mandates/lint", "lint_mandates", "Where limits contradict, or one can never bind.",
        "mandates", READERS, Do(lint), body=s.Linting, answer=Items[s.LintNote], example={"mandates": _DRAFT},
        remembered=False,
    ),
    Route(
        "POST", "/v1/mandates/what-if", "try_mandates",
        "Judge the last days' orders again under drafts, as things stood when each came: which verdicts turn. Nothing "
        "changes. Each caller has one question at work.",
        "mandates", READERS, Do(try_out), body=s.Trying, answer=s.WhatIf, example={"mandates": _DRAFT, "days": 7},
        remembered=False,
    ),
    Route(
        "GET", "/v1/mandates/{subject}", "show_mandate", "The mandate of one subject, with its ETag.",
        "mandates", TOLD, Do(show), s.OneSubject, answer=s.MandateRow,
        headers={"If-None-Match": "The ETag of the version that is known already."},
    ),
    Route(
        "PUT", "/v1/mandates/{subject}", "publish_mandate",
        "Publish a mandate, whole. If-Match names the version it was written against, or * for any. Where a mandate "
        "asks for a second person before limits loosen, it waits as a proposal, which the events say.",
        "mandates", (*OPERATORS, "owner"), Do(publish), s.OneSubject, s.Publish, Entered,
        {"mandate": _LIMITS, "why": "half of last month's"},
        headers={"If-Match": "The ETag of the version that this was written against, or *."},
    ),
    Route(
        "GET", "/v1/mandates/{subject}/history", "list_versions", "Every version of a mandate and what it changed.",
        "mandates", TOLD, Do(history), s.OneSubject, answer=Items[s.Version],
    ),
    Route(
        "GET", "/v1/presets", "list_presets", "Presets of mandates with their settings.",
        "mandates", (*TOLD, "feed"), Do(presets), answer=Items[s.Preset],
    ),
    Route(
        "GET", "/v1/rules", "list_rules",
        "Every field that a mandate may have, in words and with what it takes, and what no mandate can switch off.",
        "mandates", (*TOLD, "feed"), Do(rules), answer=Items[s.RuleRow],
    ),
)  # fmt: skip
