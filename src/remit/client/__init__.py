"""The package that an agent's author imports.

from remit.client import Remit

with Remit() as remit:                      # REMIT_TOKEN, at the guard of REMIT_HOME
    decision = remit.place_order("NVDA", "buy", 5, limit_price="189.40", thought="cheap after the split")
    print(decision.verdict, decision.order, decision.why)
"""

from remit.client import webhooks
from remit.client.asking import exit_terms
from remit.client.errors import OutcomeUnknown, Refused, Unclear
from remit.client.nouns import (
    Account,
    Approval,
    Decision,
    Explanation,
    Finding,
    Gauge,
    Limit,
    Market,
    Order,
    Position,
    Quote,
)
from remit.client.remit import AsyncRemit, Remit
from remit.guard.wire import GuardError, GuardGone, GuardNotRunning, GuardRefused
from remit.kernel.exit import ExitTerms

__all__ = [
    "Account",
    "Approval",
    "AsyncRemit",
    "Decision",
    "ExitTerms",
    "Explanation",
    "Finding",
    "Gauge",
    "GuardError",
    "GuardGone",
    "GuardNotRunning",
    "GuardRefused",
    "Limit",
    "Market",
    "Order",
    "OutcomeUnknown",
    "Position",
    "Quote",
    "Refused",
    "Remit",
    "Unclear",
    "exit_terms",
    "webhooks",
]
