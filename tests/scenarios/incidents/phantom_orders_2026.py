"""Phantom orders, 2026: four orders that no venue had filled the limit on open orders, and nothing traded for 40
hours.

An agent was allowed four open orders. Four that existed in its own books only, and at no venue, filled that limit,
and it traded nothing for 40 hours without saying why. No public report of it was found; its kin are told in the
sources.
"""

from __future__ import annotations

from tests.kernel.desk import ANN, Desk, money
from tests.scenarios.incidents.incident import Incident, Row, Source, on_desk, said, tally

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.effect import Alert
from remit.kernel.kernel import effects
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS

OPEN_MAX = 4
CASH = (("USD", money("1000000")),)


def works(desk: Desk) -> str:
    return tally([desk.working("1", str(90 - number)).state for number in range(OPEN_MAX)])


def fifth(desk: Desk) -> str:
    return said(desk.submit("1", "80"))


def shows_one(desk: Desk) -> str:
    """The venue's own account names the first order only."""
    first = next(iter(desk.state.orders))
    shown = c.Reconciled(connection="paper1", positions=(), cash=CASH, orders=(first,), asked=desk.state.seq)
    record = desk.took(shown, GUARD)
    asked = [event.order for event in record.events if isinstance(event, e.Asked)]
    kept = sum(order.reserved > 0 for order in desk.state.orders.values())
    return f"{len(asked)} are asked about, {kept} still reserve"


def lost(desk: Desk) -> str:
    """The venue does not know one of them either way: five minutes later people are told, and the connection halts."""
    name = list(desk.state.orders)[1]
    desk.took(c.Lost(order=name, why="no answer"), GUARD)
    record = desk.do(c.Tick(), GUARD, after_ns=301 * NANOSECONDS)
    told = [effect.code for effect in effects(record) if isinstance(effect, Alert)]
    return ", ".join(told)


def answered(desk: Desk) -> str:
    for name in list(desk.state.orders)[1:]:
        desk.took(c.Cancelled(order=name), GUARD)
    return f"{len(desk.state.orders)} at work"


def resumed(desk: Desk) -> str:
    """A person reviews and resumes the halt, and the agent goes on."""
    for halt in list(desk.state.halts.values()):
        desk.took(c.Review(halt=halt.id, limit=halt.rule, why="the venue has answered"), ANN)
        desk.took(c.Resume(halt=halt.id, why="the venue has answered"), ANN)
    desk.reconcile("paper1")
    for _ in range(2):  # after minutes without a price the first is not believed alone
        desk.mark("AAPL", "100")
    return fifth(desk)


INCIDENT = Incident(
    id="phantom_orders_2026",
    title="Phantom orders, 2026",
    told=__doc__,
    sources=(
        Source(
            "Phantom order(s) and stop trading, issue 546",
            "Krypto-trading-bot",
            "2018-01-06",
            "https://github.com/ctubio/Krypto-trading-bot/issues/546",
        ),
        Source(
            "Ghost orders, issue 699",
            "Krypto-trading-bot",
            "2018-04-07",
            "https://github.com/ctubio/Krypto-trading-bot/issues/699",
        ),
    ),
    proves=(
        "What a venue does not show is asked about by its id, and keeps its reservation only until the"
        " venue has said what became of it; an order whose outcome nobody knows for five minutes is told to"
        " people."
    ),
    scene=on_desk(("agent:momentum", Mandate(orders_open_max=OPEN_MAX))),
    rows=(
        Row("four orders work", works, "4 x acked"),
        Row("a fifth", fifth, "deny: orders_open_max"),
        Row("the venue's account shows one of the four", shows_one, "3 are asked about, 4 still reserve"),
        Row("of one there is no answer for 301 seconds", lost, "halt_unknown"),
        Row("the venue says that the three are over", answered, "1 at work"),
        Row("the next order meanwhile", fifth, "deny: agent_active"),
        Row("the next order when a person has reviewed the halt", resumed, "allow"),
    ),
)
