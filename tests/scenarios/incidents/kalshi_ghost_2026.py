"""A bot on Kalshi, 4 March 2026: halted by name, and traded on by a service that nobody remembered.

All live trading of a bot was stopped on 3 March, by stopping its services by name. One that its owner took for
another went on, allowed every category, and put 139.23 USD into one tennis match and about 220 into three; 35 were
lost before somebody looked at the account.
"""

from __future__ import annotations

from tests.kernel.desk import ANN, BOB, Desk, agent
from tests.scenarios.incidents.incident import Incident, Row, Source, cash, halted, on_desk, said

from remit.kernel import command as c
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD

TENNIS = "KXATPCHALLENGERMATCH-26MAR04FARRIB-RIB"
CONTRACTS = "253"
"""At 0.55: the 139.15 that went into one match."""


def market(desk: Desk) -> None:
    cash(desk, "1000")
    terms = {"kind": "prediction", "market": "FARRIB", "outcome": "yes", "category": "tennis", "lot": "1"}
    desk.instrument(TENNIS, "0.55", **terms)
    desk.mandate("agent:momentum", Mandate(categories_allowed=("economics",)))


def buy(desk: Desk, **more: object) -> str:
    return said(desk.submit(CONTRACTS, "0.55", instrument=TENNIS, **more))


def halts_it(desk: Desk) -> str:
    desk.took(c.Halt(subject="agent:momentum", why="no live trading any more"), BOB)
    desk.mandate("agent:momentum", Mandate())
    return halted(desk)


def services(desk: Desk) -> str:
    """The agent's own token in the scanner and in the forgotten service, its client's, and a person's."""
    outcomes = [buy(desk), buy(desk), buy(desk, client="claude"), buy(desk, by=ANN)]
    return ", ".join(dict.fromkeys(outcomes))


def restarts(desk: Desk) -> str:
    """Machine and guard start again, and with them every service that is enabled."""
    for clean in (True, False):
        desk.took(c.KernelStarted(version="1", digest="0" * 64, clean=clean, prefix="next"), GUARD)
        desk.reconcile("paper1")
        desk.mark(TENNIS, "0.55")
    return buy(desk)


def unhalts(desk: Desk) -> str:
    """The service ends the halt itself."""
    (name,) = desk.state.halts
    codes = [
        desk.refused(c.Review(halt=name, limit="person", why="x"), agent("momentum")),
        desk.refused(c.Resume(halt=name, why="x"), agent("momentum")),
    ]
    return ", ".join(dict.fromkeys(codes))


INCIDENT = Incident(
    id="kalshi_ghost_2026",
    title="A bot on Kalshi, 4 March 2026",
    told=__doc__,
    sources=(
        Source(
            "How My Trading Bot Lost $35 on Tennis",
            "Northlake Labs",
            "2026-03",
            "https://www.northlakelabs.com/max/blog/how-my-trading-bot-lost-35-on-tennis",
        ),
    ),
    proves=(
        "The halt is in the guard, not in a process: whoever calls, over whichever token of the agent,"
        " finds it, also after restarts. Categories are an allow-list."
    ),
    scene=on_desk(prepare=market),
    rows=(
        Row("253 contracts of the match at 0.55, where economics alone is allowed", buy, "deny: categories_allowed"),
        Row("the agent is halted; its mandate allows every category", halts_it, "agent:momentum halted: person"),
        Row("the same order from two services, a client and a person", services, "deny: agent_active"),
        Row("the guard starts again, cleanly and not", restarts, "deny: agent_active"),
        Row("the service reviews and resumes the halt itself", unhalts, "not_authorised"),
    ),
)
