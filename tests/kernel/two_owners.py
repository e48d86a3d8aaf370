"""Two owners on one desk, each with everything that can hang below an account."""

from __future__ import annotations

from typing import NamedTuple

from tests.kernel.desk import ANN, START, Desk, agent, money, price, quantity

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.event import Record
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.kernel import Kernel
from remit.kernel.mandate import Mandate
from remit.kernel.names import Principal
from remit.kernel.numbers import DAY_NS
from remit.kernel.snapshot import dump, load

OPERATOR = Principal(name="olga", role="operator", owner="olga")
KIM = Principal(name="kim", role="owner", owner="kim")
LEE = Principal(name="lee", role="owner", owner="lee")
TERMS = ExitTerms(legs=(Leg(kind="stop_loss", trigger=price("90")),))


class Side(NamedTuple):
    """What one owner has, by name."""

    owner: str
    account: str
    connection: str
    agent: str
    client: str
    order: str
    held: str
    exit: str
    halt: str
    token: str
    preapproval: str
    proposal: str

    @property
    def subject(self) -> str:
        return f"agent:{self.agent}"


def two_owners() -> tuple[Desk, Side, Side]:
    """Return a desk, and what kim and lee have on it."""
    if not _THERE:
        desk = Desk().open()
        desk.instrument("AAPL", "100")
        sides = _side(desk, KIM), _side(desk, LEE)
        _THERE.append((dump(desk.state), desk.at, tuple(desk.records), *sides))
    spelled, at, records, kims, lees = _THERE[0]
    desk = Desk()
    desk.kernel, desk.shadow, desk.redo = (Kernel(load(spelled)) for _ in range(3))
    desk.at, desk.records, desk.numbers = at, list(records), 100
    return desk, kims, lees


def _side(desk: Desk, by: Principal) -> Side:
    name = by.name
    desk.account(f"{name}s", owner=name)
    desk.connection(f"{name}-paper", f"{name}s")
    desk.agent(f"{name}-bot", f"{name}s", f"{name}-paper", owner=name)
    desk.client(f"{name}-chat", f"{name}-bot")
    grant = access.TokenGrant(token=f"T-{name}", role="agent", name=f"{name}-bot", owner=name, issued_at=START)
    desk.took(c.IssueToken(grant=grant), by)
    asked = {"agent": f"{name}-bot", "connection": f"{name}-paper", "by": agent(f"{name}-bot", name)}
    order = desk.working("1", "99", **asked)
    desk.hold("5", **asked)
    desk.took(
        c.SetExit(id=f"x-{name}", agent=f"{name}-bot", connection=f"{name}-paper", instrument="AAPL", terms=TERMS),
        by,
    )
    exit = next(known.id for known in desk.state.exits.values() if known.agent == f"{name}-bot")
    desk.mandate(f"agent:{name}-bot", Mandate(approval_notional_min=money("300"), second_person="required"))
    held = desk.order("4", "100", **asked)
    desk.took(
        c.Preapprove(
            id=f"p-{name}",
            agent=f"{name}-bot",
            instruments=("AAPL",),
            notional_max=money("10"),
            ends_at=desk.at + DAY_NS,
            why="a try",
        ),
        by,
    )
    loose = c.SetMandate(subject=f"agent:{name}-bot", mandate=Mandate(second_person="required"), why="more room")
    proposal = f"C-{desk.took(loose, OPERATOR).command.seq}"
    desk.took(c.Halt(subject=f"client:{name}-chat", why="a try"), by)
    halt = next(known.id for known in desk.state.halts.values() if known.subject == f"client:{name}-chat")
    return Side(
        name, f"{name}s", f"{name}-paper", f"{name}-bot", f"{name}-chat", order.id, held.id, exit, halt,
        f"T-{name}", f"p-{name}", proposal,
    )  # fmt: skip


_THERE: list[tuple[bytes, int, tuple[Record, ...], Side, Side]] = []
"""It is set up once; every test gets its own from the snapshot."""

__all__ = ["ANN", "KIM", "LEE", "OPERATOR", "TERMS", "Side", "quantity", "two_owners"]
