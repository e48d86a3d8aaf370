"""Loosening: what a change of a mandate means, field by field, and whether it lets anything through that was kept."""

from __future__ import annotations

from typing import Any, Literal

from remit.kernel.mandate import Mandate, MandateVersion, Rate
from remit.kernel.rules.compile import COMPANIONS
from remit.kernel.rules.relation import interval_ns
from remit.kernel.rules.table import BY_NAME

Way = Literal["tighter", "looser", "changed", "no effect"]
"""`changed`: it cannot be said which; it counts as a loosening, because it may be one."""

LOOSENS: frozenset[Way] = frozenset({"looser", "changed"})
TERM = "mandate"
"""What a first mandate loosens: without one, everything is denied."""
EXPIRY = "expires_at"


def way(field: str, old: Any, new: Any) -> Way:
    """Return what a change of one field means."""
    if old == new:
        return "no effect"
    if field in ("haircut_bps", *COMPANIONS):
        return "looser" if new is None or (old is not None and new < old) else "tighter"
    if field == "approval_expiry_s":
        return "looser" if new > old else "tighter"
    if field == "bulk_approval_max":  # none: each order is approved alone
        return "looser" if new is not None and (old is None or new > old) else "tighter"
    if field == "second_person":
        return "tighter" if new == "required" else "looser"
    if field == "loss_cooldown":
        return _of_cooldown(old, new)
    rule = BY_NAME.get(field)
    if rule is None:
        return "changed"
    if isinstance(old, Rate) and isinstance(new, Rate):
        return _of_rate(old, new)
    binds = rule.relation.binds
    was, is_ = old is not None and binds(old), new is not None and binds(new)
    if not was or not is_:
        return "tighter" if is_ else "looser" if was else "no effect"
    both = rule.relation.view((old, new))
    return "tighter" if both == new else "looser" if both == old else "changed"


def _of_cooldown(old: int | str, new: int | str) -> Way:
    """Every resume takes a review, and `review` asks for no time beside it."""
    was, is_ = (wait if isinstance(wait, int) else 0 for wait in (old, new))
    return "no effect" if was == is_ else "tighter" if is_ > was else "looser"


def _of_rate(old: Rate, new: Rate) -> Way:
    """A rate lets so many through at once, and from then on one per interval: both count."""
    at_once, apart = new.count - old.count, interval_ns(new) - interval_ns(old)
    if at_once <= 0 and apart >= 0:
        return "tighter"
    return "looser" if at_once >= 0 and apart <= 0 else "changed"


def loosened(old: Mandate, new: Mandate) -> tuple[str, ...]:
    """Return the fields in which a mandate may let through what another one does not."""
    return tuple(
        field for field in Mandate.__struct_fields__ if way(field, getattr(old, field), getattr(new, field)) in LOOSENS
    )


def loosened_by(version: MandateVersion | None, new: Mandate, expires_at: int | None) -> tuple[str, ...]:
    """Return in what a mandate loosens the one in force: a first one in being there at all, a longer one in its end."""
    if version is None:
        return (TERM,)
    fields = loosened(version.mandate, new)
    return (*fields, EXPIRY) if way_of_end(version.expires_at, expires_at) in LOOSENS else fields


def way_of_end(old: int | None, new: int | None) -> Way:
    """Return what another end of a mandate means: later is looser, and none is the latest of all."""
    if old == new:
        return "no effect"
    return "looser" if old is not None and (new is None or new > old) else "tighter"
