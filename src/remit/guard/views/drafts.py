"""Views of mandates not yet set: what a preset gives, what a draft would change and loosen, what lint says."""

from __future__ import annotations

from typing import Any

import msgspec

from remit.guard.errors import RequestMalformed
from remit.guard.views.exposure import gauges_of
from remit.guard.views.looking import Looking, Unknown
from remit.guard.views.people import changes_of
from remit.kernel.codec import build, plain
from remit.kernel.lint import Known, Level, lint
from remit.kernel.loosening import LOOSENS
from remit.kernel.mandate import Mandate
from remit.kernel.names import Environment
from remit.kernel.numbers import Quantity, parse, text
from remit.kernel.presets import PRESETS, Given, PresetRefused, compose
from remit.kernel.proposal import asks_second
from remit.kernel.rules.compile import Lines, unread
from remit.kernel.rules.table import RULES
from remit.kernel.state import Subject

Rows = list[dict[str, Any]]


def presets(looking: Looking) -> Rows:
    """Every preset with its settings, and what only the installation can give it."""
    return [
        {
            "preset": preset.name,
            "purpose": preset.purpose,
            "needs": list(preset.parameters),
            "settings": [
                {
                    "scope": setting.scope,
                    "field": setting.field,
                    "value": f"({setting.value.meaning})" if isinstance(setting.value, Given) else plain(setting.value),
                    "where": setting.where or "both",
                }
                for setting in preset.settings
            ],
        }
        for preset in PRESETS.values()
    ]


def composed(looking: Looking) -> dict[str, Any]:
    """The mandates that a preset gives to some subjects, or to all: {subject: mandate}. RequestMalformed, Unknown."""
    wanted = looking.arguments.get("subjects")
    if wanted is not None and not (isinstance(wanted, list) and all(isinstance(name, str) for name in wanted)):
        raise RequestMalformed("subjects must be a list of names", "Correct the argument")
    blocked = looking.arguments.get("blocked")
    if blocked is not None and not (isinstance(blocked, list) and all(isinstance(name, str) for name in blocked)):
        raise RequestMalformed("blocked must be a list of instruments", "Correct the argument")
    chosen = looking.subjects(None) if wanted is None else [looking.subjects(name)[0] for name in wanted]
    try:
        return {
            of.written: plain(
                compose(
                    looking.needed("preset"),
                    of.scope,  # type: ignore[arg-type]  # a subject's scope is one of the four
                    _environment(looking, of),
                    calendar=looking.word("calendar"),
                    blocked=None if blocked is None else tuple(blocked),
                )
            )
            for of in chosen
        }
    except PresetRefused as refused:
        raise RequestMalformed(str(refused).partition(";")[0], refused.fix[:1].upper() + refused.fix[1:]) from None


def _environment(looking: Looking, of: Subject) -> Environment:
    """Return the environment a subject trades in; the firm is live as soon as one of its accounts is."""
    state = looking.state
    if of.scope == "firm":
        return "live" if any(account.environment == "live" for account in state.accounts.values()) else "training"
    agent = state.clients[of.name].agent if of.scope == "client" else of.name
    return state.accounts[of.name if of.scope == "account" else state.agents[agent].account].environment


def compared(looking: Looking) -> Rows:
    """What drafts would change: each field before and after, and whether that is tighter, looser or neither.

    `expires_at` gives drafts an end (null: none); whoever is not named keeps that of the version before it.
    `now` is how much of the limit is used at this moment, orders at work included, and `holds` whether that is within
    it after the change; `now` is empty where nothing is used up. `second_person` is whose mandate asks for another
    person to confirm it; empty where it takes effect at once.
    """
    ends = looking.arguments.get("expires_at", {})
    if not (isinstance(ends, dict) and all(at is None or type(at) is int for at in ends.values())):
        raise RequestMalformed("expires_at must be a table of times", "Give {subject: nanoseconds or null}")
    return [_compared(looking, written, draft, ends) for written, draft in _drafts(looking).items()]


def _compared(looking: Looking, written: str, draft: Mandate, ends: dict[str, int | None]) -> dict[str, Any]:
    of = looking.subjects(written)[0]
    kept = None if of.version is None else of.version.expires_at
    changes = changes_of(of.version, draft, ends.get(written, kept))
    used = {row["rule"]: row for row in reversed(_fullest_first(gauges_of(looking, Lines(RULES), of, draft=draft)))}
    for change in changes:
        row = used.get(change["field"])
        if row is not None and not row["missing"]:
            change |= {"now": _used(row), "holds": row["holds"]}
    loosens = [change["field"] for change in changes if change["way"] in LOOSENS]
    asked = asks_second(looking.state, written) if loosens or of.version is None else ""
    return {
        "subject": written,
        "number": None if of.version is None else of.version.number,
        "changes": changes,
        "loosens": loosens,
        "second_person": asked,
        "unread": list(unread(RULES, of.scope, draft)),  # type: ignore[arg-type]  # as above
    }


def _fullest_first(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: (row["holds"], -(row["percent"] or 0)))


def _used(row: dict[str, Any]) -> str:
    """Return what is used of a limit and reserved of it, in its unit."""
    used, reserved = row["used"] or "", row["reserved"]
    return used if reserved in (None, "0") else text(parse(Quantity, used) + parse(Quantity, reserved))


def linted(looking: Looking) -> Rows:
    """What is worth a look on every path, with drafts in place of what is in force where some are given."""
    drafts = _drafts(looking) if "mandates" in looking.arguments else {}
    state, known = looking.state, Known(calendars=frozenset(looking.state.calendars))
    notes = []
    paths = [state.path(agent, "") for agent in sorted(state.agents) if looking.sees_agent(agent)]
    paths += [
        state.path(client.agent, client.name)
        for _, client in sorted(state.clients.items())
        if looking.sees_agent(client.agent)
    ]
    for path in paths or [tuple(of for of in looking.subjects(None) if of.scope == "firm")]:
        levels = []
        for of in path:
            inside = drafts.get(of.written) or (of.version.mandate if of.version is not None else None)
            if inside is not None:
                levels.append(Level(of.written, inside, of.currency))
        notes += lint(levels, preset=looking.flag("preset"), known=known)
    return [plain(note) for note in dict.fromkeys(notes)]


def _drafts(looking: Looking) -> dict[str, Mandate]:
    given = looking.arguments.get("mandates")
    if not isinstance(given, dict):
        raise RequestMalformed("mandates must be a table of subjects", "Give {subject: mandate}")
    found = {}
    for written, mandate in given.items():
        if written not in looking.state.subjects or not looking.sees_subject(written):
            raise Unknown(f"{written} is not known", "See `remit agent list` and `remit account list`")
        try:
            found[written] = build(Mandate, mandate)
        except (msgspec.ValidationError, ValueError) as fault:
            raise RequestMalformed(f"the mandate of {written} is none: {fault}", "Correct it") from None
    return found
