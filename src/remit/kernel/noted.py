"""Noting: what an agent or its client says of itself becomes an entry, in its own name only."""

from __future__ import annotations

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.step import Step
from remit.kernel.trade import speaks_for


def noted(step: Step, body: c.Noted) -> None:
    """Take what is said, about the speaker's own order or about none."""
    if not body.agent or not speaks_for(step, step.command.by, body.agent, body.client):
        if not body.agent:
            step.refuse("no_agent", "say which agent speaks; only agents and their clients do")
        return
    order = step.state.order(body.order) if body.order else None
    if order is not None and (order.agent != body.agent or (body.client and order.client != body.client)):
        step.refuse("unknown_order", f"there is no order {body.order}")
    elif not body.said:
        step.refuse("nothing_said", "send the text beside it")
    else:
        step.emit(e.Took())
