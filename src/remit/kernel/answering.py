"""Answering: a person's word on a held order, given with a token or by a signed message that is heard once."""

from __future__ import annotations

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.approval import approve, decline
from remit.kernel.callback import refusal_of
from remit.kernel.step import Step


def answer(step: Step, body: c.Approve | c.Decline) -> None:
    """Take an approval or a refusal; a signed message's id is used from here on, whatever becomes of it."""
    called = body.callback
    if called is not None:
        refused = refusal_of(step.state, step.command.at, step.command.by, called)
        if refused is not None:
            step.refuse(*refused)
            return
        step.emit(e.CallbackUsed(callback=called.callback, message=called.message))
    if isinstance(body, c.Approve):
        approve(step, body)
    else:
        decline(step, body)
