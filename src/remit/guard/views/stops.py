"""Views of what stops trading: halts are the guard's, pauses are a person's, and the two are never blurred."""

from __future__ import annotations

from typing import Any

from remit.guard.views.exposure import gauges_of
from remit.guard.views.looking import Looking
from remit.kernel.codec import plain
from remit.kernel.event import Finding
from remit.kernel.halt import breach_of
from remit.kernel.halt_words import stopped_because
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.rules.compile import Lines
from remit.kernel.rules.table import BY_NAME, RULES
from remit.kernel.rules.unit import MONEY
from remit.kernel.stands import HALT_FILE, RECONCILE, refusal_of_resume
from remit.kernel.state import HaltFact, Subject

Rows = list[dict[str, Any]]


def halts(looking: Looking) -> Rows:
    """Every halt in force, latest first: its limit, how that stands now, and the steps that end it."""
    found = [fact for fact in looking.state.halts.values() if looking.binds(fact.subject)]
    lines = Lines(RULES)
    return [_halt(looking, lines, fact) for fact in sorted(found, key=lambda fact: (-fact.at, fact.id))]


def pauses(looking: Looking) -> Rows:
    """Every pause in force, latest first."""
    found = [fact for fact in looking.state.pauses.values() if looking.binds(fact.subject)]
    return [
        {"subject": fact.subject, "by": fact.by.name, "at": fact.at, "why": fact.why}
        for fact in sorted(found, key=lambda fact: (-fact.at, fact.subject))
    ]


def _halt(looking: Looking, lines: Lines, fact: HaltFact) -> dict[str, Any]:
    shown: dict[str, Any] = {"reviewed_by": "", "reviewed_limit": "", "review": "", **plain(fact)}
    shown["age_s"] = (looking.at - fact.at) // NANOSECONDS
    shown["needs"] = "resume" if fact.reviewed_by else "review"
    of = looking.state.subjects.get(fact.subject)
    shown["unit"] = _unit(of, fact.rule)
    shown["because"] = stopped_because(fact.cause, fact.rule)
    cooldown = None if of is None or of.version is None else of.version.mandate.loss_cooldown
    if fact.cause == "loss" and isinstance(cooldown, int):
        shown["resume_in_s"] = max(-((looking.at - fact.at - cooldown * NANOSECONDS) // NANOSECONDS), 0)
    breach = None if of is None else breach_of(looking.kernel.judge, of, fact)
    shown["now"] = "" if breach is None else breach.actual
    shown["stands"], shown["limit_now"] = _stands(looking, lines, fact.rule, of)
    shown["to_end"] = _to_end(looking, fact, shown, breach)
    return shown


def _stands(looking: Looking, lines: Lines, name: str, of: Subject | None) -> tuple[str, str]:
    """Return what a halt's limit measures now, breached or not, and what it is now, since both go on after the halt:
    empty where it is not set any more, or was no limit of a mandate."""
    rule = BY_NAME.get(name)
    found = [] if of is None or rule is None or rule.standing else gauges_of(looking, lines, of, name)
    worst = max(found, key=lambda row: row["percent"] or 0, default=None)
    return ("", "") if worst is None else (worst["used"] or "", worst["limit"])


def _unit(of: Subject | None, name: str) -> str:
    """Return the unit of a halt's limit and measurement; empty where they have none."""
    rule = BY_NAME.get(name)
    if rule is None:
        return ""
    if rule.unit is MONEY:
        return "" if of is None else of.currency
    return rule.unit.name


def _to_end(looking: Looking, fact: HaltFact, shown: dict[str, Any], breach: Finding | None) -> list[str]:
    """Return what a person has to do, in order, for the halt to end."""
    steps = []
    if fact.rule == HALT_FILE and looking.about().get("halt_file", True):
        steps.append("remove the file HALT from the data folder")
    if breach is not None:
        still = f"{fact.rule} is at {breach.actual} {breach.unit}, limit {breach.limit}"
        steps.append(f"{still}: wait for the next session, or change the limit with remit mandate set {fact.subject}")
    if shown.get("resume_in_s"):
        steps.append(f"wait {shown['resume_in_s']} s, its cooldown")
    code, why = refusal_of_resume(looking.state, fact, looking.at) or ("", "")
    if code == "still_unknown":
        steps.append(why)
    if code == "still_drifting" or fact.rule == RECONCILE:
        name = fact.subject.partition(":")[2]
        end = f"remit reconcile resume {name} --why ..."
        if any(drift.is_decidable for drift in looking.state.drifts.get(name, ())):
            end = f"remit reconcile resume {name} --accept venue --shown ... --why ... (or --accept book)"
        return [*steps, f"remit reconcile show {name}", end]
    if not fact.reviewed_by:
        steps.append(f"remit agent review {fact.id} --limit {fact.rule} --why ...")
    return [*steps, f"remit resume {fact.id} --why ..."]
