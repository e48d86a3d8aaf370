"""Lobstar Wilde, 22 February 2026: an agent that had lost its state gave away a thousand times what it meant to.

Asked for 4 SOL, about 310 USD, an agent that had crashed and forgotten what it held sent 52,439,283 tokens instead of
52,439: 441,780 USD at the price of the day, 5 % of all there were. It had no limits and no approvals.
"""

from __future__ import annotations

from tests.kernel.desk import Desk, money
from tests.scenarios.incidents.incident import Incident, Row, Source, cash, numbers, on_desk, said

from remit.kernel import command as c
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS

SENT, MEANT = "52439283", "52439"
PRICE = "0.0084"


def market(desk: Desk) -> None:
    cash(desk, "10000000")
    terms = {"kind": "spot", "base": "LOBSTAR", "tick": "0.0001", "lot": "1"}
    desk.instrument("LOBSTAR", "0.0001", **terms)
    desk.hold("60000000", "0.0001", instrument="LOBSTAR")
    desk.mandate("agent:momentum", Mandate(order_notional_max=money("450")))


def sell(desk: Desk, tokens: str) -> str:
    return said(desk.submit(tokens, PRICE, instrument="LOBSTAR"))


def stale(desk: Desk) -> str:
    """The price the agent remembers is 84 times too low; the fresh one is not believed from one mark alone."""
    desk.mark("LOBSTAR", PRICE)
    return sell(desk, MEANT)


def fresh(desk: Desk) -> str:
    desk.mark("LOBSTAR", PRICE, at=desk.at + 5 * NANOSECONDS)
    return numbers(desk.submit(SENT, PRICE, instrument="LOBSTAR"), "order_notional_max")


def loses_state(desk: Desk) -> str:
    """The guard itself starts again without a clean stop."""
    desk.took(c.KernelStarted(version="1", digest="0" * 64, clean=False, prefix="lost"), GUARD)
    return sell(desk, MEANT)


def compared(desk: Desk) -> str:
    desk.reconcile("paper1")
    desk.mark("LOBSTAR", PRICE)
    return sell(desk, MEANT)


INCIDENT = Incident(
    id="lobstar_2026",
    title="Lobstar Wilde, 22 February 2026",
    told=__doc__,
    sources=(
        Source(
            "AI Agent Lobstar Wilde Loses $440,000 in Solana Transfer Error",
            "ChainCatcher, through KuCoin News",
            "2026-02",
            "https://www.kucoin.com/news/flash/ai-agent-lobstar-wilde-loses-440-000-in-solana-transfer-error",
        ),
        Source(
            "AI Agent Lobstar Wilde Accidentally Sends $442K to Beggar",
            "Cointelegraph, through The Outpost",
            "2026-02",
            "https://theoutpost.ai/news-story/open-ai-developer-s-ai-agent-lobstar-wilde-accidentally-sends-442-k-in-"
            "crypto-transaction-error-24022",
        ),
    ),
    proves=(
        "The cap counts at a fresh price, not at what an agent remembers. Who lost state opens nothing"
        " before the venue's account was compared."
    ),
    scene=on_desk(prepare=market),
    rows=(
        Row("52,439 tokens while the last believed price is 84 times too low", stale, "deny: mark_fresh"),
        Row(
            "52,439,283 tokens at the fresh price of 0.0084, under a limit of 450",
            fresh,
            "deny: order_notional_max 440489.9772, limit 450",
        ),
        Row("52,439 of them", lambda desk: sell(desk, MEANT), "allow"),
        Row("the same after a start that knows of no clean stop", loses_state, "deny: venue_ready"),
        Row("the same when the venue's account was compared", compared, "allow"),
    ),
)
