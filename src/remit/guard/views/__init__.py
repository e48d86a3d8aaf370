"""Views: what may be asked of the guard. They change nothing and answer in plain JSON.

Most are plain functions of the kernel's state. Those that read the journal wait between its pieces, so that orders do
not wait for them.

Numbers are text, times whole nanoseconds. An agent or a client sees only itself, an owner only their own
accounts and what hangs below; all other people see everything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from remit.guard.entitled import check_view
from remit.guard.views import (
    access,
    activity,
    approvals,
    drafts,
    drift,
    exits,
    exposure,
    holds,
    kills,
    mandates,
    orders,
    people,
    rules,
    spend,
    stops,
    world,
)
from remit.guard.views.looking import ANYONE, PEOPLE, TRADERS, Looking, NotAllowed, Unknown, View
from remit.kernel.kernel import Kernel
from remit.kernel.names import Principal

VIEWS: dict[str, View] = {
    "self": View(access.self_, (), ANYONE),
    "status": View(world.status, (), ANYONE),
    "health": View(world.health, (), ANYONE),
    "accounts": View(access.accounts, (), PEOPLE),
    "agents": View(access.agents, ("agent",), TRADERS),
    "clients": View(access.clients, ("agent",), TRADERS),
    "capabilities": View(access.capabilities, ("agent",), TRADERS),
    "connections": View(access.connections, ("account",), TRADERS),
    "grants": View(access.grants, ("agent", "connection"), TRADERS),
    "tokens": View(access.tokens, (), PEOPLE),
    "keys": View(access.keys, (), PEOPLE),
    "orders": View(
        orders.orders, ("agent", "client", "instrument", "state", "live", "limit", "before", "before_at"), TRADERS
    ),
    "order": View(holds.order, ("order",), TRADERS),
    "explanation": View(orders.order, ("order",), TRADERS),
    "approval": View(holds.approval, ("order",), TRADERS),
    "closing": View(holds.closing, ("instrument", "intent"), frozenset({"agent", "client"})),
    "approvals": View(approvals.approvals, (), PEOPLE),
    "preapprovals": View(approvals.preapprovals, ("agent", "all"), TRADERS),
    "positions": View(activity.positions, ("subject", "by"), TRADERS),
    "log": View(activity.log, ("from", "to", "since", "agent", "order", "kind", "limit"), TRADERS),
    "exposure": View(exposure.exposure, ("subject",), TRADERS),
    "mandates": View(mandates.mandates, ("subject",), TRADERS),
    "history": View(mandates.history, ("subject",), TRADERS),
    "effective": View(mandates.effective, ("agent", "client"), TRADERS),
    "people": View(people.people, (), PEOPLE),
    "callbacks": View(people.callbacks, (), PEOPLE),
    "proposals": View(people.proposals, ("subject",), PEOPLE),
    "presets": View(drafts.presets, (), ANYONE),
    "rules": View(rules.rules, (), ANYONE),
    "composed": View(drafts.composed, ("preset", "subjects", "calendar", "blocked"), PEOPLE),
    "compared": View(drafts.compared, ("mandates", "expires_at"), PEOPLE),
    "lint": View(drafts.linted, ("mandates", "preset"), PEOPLE),
    "halts": View(stops.halts, (), TRADERS),
    "pauses": View(stops.pauses, (), TRADERS),
    "kills": View(kills.kills, (), PEOPLE),
    "drifts": View(drift.drifts, ("connection",), PEOPLE),
    "unfit": View(drift.unfit, (), ANYONE),
    "levels": View(drift.levels, (), TRADERS),
    "exits": View(exits.exits, ("agent", "instrument"), TRADERS),
    "instruments": View(world.instruments, ("venue",), ANYONE),
    "marks": View(world.marks, ("instrument",), ANYONE),
    "sessions": View(world.sessions, (), ANYONE),
    "spend": View(spend.spend, ("subject",), TRADERS),
    "facts": View(world.facts, (), PEOPLE),
}


async def view(
    kernel: Kernel,
    principal: Principal,
    name: str,
    arguments: Mapping[str, Any],
    *,
    at: int,
    entries: Callable[[int], AsyncIterator[tuple[int, bytes]]],
    about: Callable[[], dict[str, Any]] = dict,
) -> Any:
    """Return a view as plain JSON; nothing changes. `at` is journal time in nanoseconds, `entries(start)` reads the
    journal from an index on, `about` tells of the guard's own process. Unknown, NotAllowed, CapabilityOff,
    RequestMalformed."""
    found = VIEWS.get(name)
    if found is None:
        raise Unknown(f"there is no view {name!r}", f"Take one of {', '.join(sorted(VIEWS))}")
    if principal.role not in found.roles:
        takes = " or ".join(sorted(found.roles))
        raise NotAllowed(f"the role {principal.role} may not see {name}", f"It takes {takes}")
    check_view(kernel.state, principal, name)
    looking = Looking(kernel, principal, dict(arguments), at, entries, about)
    looking.check(found.arguments)
    shown = found.show(looking)
    return await shown if isinstance(shown, Awaitable) else shown


__all__ = ["VIEWS", "NotAllowed", "Unknown", "view"]
