"""What is told of a rule beside its sentence: what follows from a breach, when it is asked, how several sum up."""

from __future__ import annotations

from remit.kernel.names import MANDATE_SCOPES
from remit.kernel.rules.rule import TOTAL, Hold, Rule

TERM_UNITS = {
    "haircut_bps": "bps", "approval_expiry_s": "seconds", "bulk_approval_max": "money", "loss_cooldown": "seconds",
    "approval_quorum": "count",
}  # fmt: skip
"""The units of what a mandate says beside limits; of what is not here there is none."""
LANES = {"every": "every order", "opening": "orders that increase risk", "reducing": "reductions"}
SUMMED = {
    "at_most": "the smallest",
    "below": "the smallest",
    "at_least": "the largest",
    "within": "the intersection",
    "outside": "the union",
    "covers": "the union: all of them",
    "ratio_at_most": "the smallest",
    "rate_within": "the slowest",
    "fits": "required, if any says so",
    "unless_blocked": "blocked, if any says so",
    "when_required": "required, if any says so",
}
"""Of several limits on one path, which is the effective one, by relation."""


def breach_of(rule: Rule) -> str:
    """Return what follows where an order breaks a rule."""
    if isinstance(rule.breach, Hold):
        return "held for people"
    said = ["denied"]
    if rule.breach.retry:
        said.append("and told when it would pass")
    if rule.breach.halt:
        said.append(f"and whoever the limit is of is halted (cause `{rule.breach.halt}`)")
    if rule.breach.halt and rule.breach.cancel:
        said.append("with its working orders that open cancelled")
    elif rule.breach.cancel:
        said.append("and working orders that worsen it are cancelled, oldest first, until it would hold")
    return " ".join(said)


def conditions_of(rule: Rule) -> list[str]:
    """Return what narrows a rule, or asks it more often."""
    conditions = []
    if rule.per != TOTAL:
        conditions.append(f"counted for each {rule.per} on its own")
    if rule.agents_only:
        conditions.append("asked of agents only")
    if rule.worsens:
        conditions.append("an order that does not make it worse passes")
    if rule.state:
        conditions.append(
            "also judged without an order, after fills and marks; 80 % and 100 % of it are told once per crossing"
        )
    if rule.scopes != MANDATE_SCOPES:
        conditions.append(f"binds in the mandates of {' and '.join(rule.scopes)} only")
    return conditions
