"""The simulated firm: who exists, what they may do, and how it is set up through the guard's own socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from remit.guard.errors import GuardError
from remit.guard.wire import AsyncClient
from remit.guard.wire.message import Do
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.command import Body
from remit.kernel.instrument import Instrument
from remit.kernel.names import PersonRole, Role
from remit.kernel.numbers import SCALE, Ratio
from remit.testing.sim.limits import mandates

if TYPE_CHECKING:
    from remit.testing.sim.schedule import Swarm

CURRENCY = "USD"
ACCOUNTS: dict[str, tuple[str, str]] = {"desk": ("ann", "USD"), "fund": ("dan", "EUR")}
"""Account: its owner and its currency."""
CONNECTIONS: dict[str, str] = {"paper1": "desk", "paper2": "desk", "paper3": "fund"}
AGENTS: dict[str, tuple[str, ...]] = {
    "momentum": ("paper1",),
    "value": ("paper1", "paper2"),
    "carry": ("paper2",),
    "global": ("paper3",),
}
"""Agent: the connections granted to it."""
CLIENTS: dict[str, str] = {"claude": "momentum"}
OPERATORS: tuple[str, ...] = ("ann", "dan")
APPROVERS: tuple[str, ...] = ("bob", "cem")
PEOPLE: tuple[str, ...] = OPERATORS + APPROVERS
OWNERS: tuple[str, ...] = ("nia", "otto")
"""Owners by role: nia acts as ann and otto as dan, so each shares the owner of one account with an operator."""
TRADERS: tuple[str, ...] = (*AGENTS, *CLIENTS)
FEED = "prices"
LINKS = 3
"""Links that each caller has to the guard."""
MARGIN = Ratio(SCALE // 10)
"""What a perpetual's position holds of its worth."""
RATE = Ratio(SCALE * 5 // 4)
"""How many USD one EUR is worth at the start."""
ROLES: dict[str, tuple[Role, str]] = {
    **{name: ("operator", name) for name in OPERATORS},
    **{name: ("approver", name) for name in APPROVERS},
    "nia": ("owner", "ann"),
    "otto": ("owner", "dan"),
    "carl": ("compliance", "carl"),
    "eve": ("auditor", "eve"),
    **{name: ("agent", ACCOUNTS[CONNECTIONS[through[0]]][0]) for name, through in AGENTS.items()},
    **dict.fromkeys(CLIENTS, ("client", "ann")),
    FEED: ("feed", "dan"),
}
"""Who holds a token: in which role, and which person is behind it."""


def agent_of(who: str) -> str:
    """Return the agent that a trader is, or acts through."""
    return CLIENTS.get(who, who)


def connections_of(agent: str) -> tuple[str, ...]:
    """Return the connections that an agent is granted at the start."""
    return AGENTS[agent]


class Reply(NamedTuple):
    """What came of a request: `code` names why not, of the guard or of the kernel; it is empty where it was done."""

    code: str
    ok: Any = None

    @property
    def verdict(self) -> str:
        """The verdict on an order; empty where none was judged."""
        return (self.ok or {}).get("decision", {}).get("verdict", "") if isinstance(self.ok, dict) else ""

    @property
    def order(self) -> str:
        """The id of the order that was judged; empty where none was."""
        return (self.ok or {}).get("decision", {}).get("order", "") if isinstance(self.ok, dict) else ""

    @property
    def proposal(self) -> str:
        """The change that waits for a second person; empty where none does."""
        events = self.ok.get("events", ()) if isinstance(self.ok, dict) else ()
        return next((event["proposal"] for event in events if event["event"] == "proposed"), "")

    @property
    def words(self) -> str:
        """What came of it, in a word."""
        return self.code or self.verdict or "done"

    def has(self, event: str) -> bool:
        """Whether an event of this kind follows from it."""
        return isinstance(self.ok, dict) and any(found["event"] == event for found in self.ok.get("events", ()))


class Caller:
    """One holder of a token, with several links to the guard; what the guard says is an answer, never an exception."""

    def __init__(self, socket: Path, name: str, token: str) -> None:
        self.name = name
        self.token = token
        self._links = [AsyncClient(socket, token, "sim") for _ in range(LINKS)]

    async def ask(self, do: Do, body: object, *, link: int = 0, token: str | None = None, act: str = "") -> Reply:
        """Ask over one of the links and wait for what becomes of it; half a minute at most. `act` names the call."""
        try:
            ok = await self._links[link % LINKS].ask(do, body, token=token or self.token, act=act)
        except GuardError as fault:
            return Reply(fault.code)
        events = ok.get("events", ()) if isinstance(ok, dict) else ()
        refused = [event["code"] for event in events if event.get("event") == "refused"]
        return Reply(refused[0] if refused else "", ok)

    def hang_up(self, link: int) -> None:
        """Close one link, whatever is under way on it; the next request opens another."""
        self._links[link % LINKS].close()

    def close(self) -> None:
        """Close every link."""
        for link in self._links:
            link.close()


def founded(instruments: dict[str, Instrument]) -> Iterator[Body]:
    """Yield what makes the firm, in order, as far as prices can be told of it: accounts, instruments, margins."""
    yield c.SetFirm(currency=CURRENCY)
    for name, (owner, currency) in ACCOUNTS.items():
        account = access.Account(name=name, owner=owner, environment="training", currency=currency)
        yield c.AddAccount(account=account)
    for name in (*APPROVERS, *OWNERS, "carl"):
        role, owner = ROLES[name]
        yield c.AddPerson(person=access.Person(name=name, role=cast(PersonRole, role), owner=owner))
    for instrument in instruments.values():
        yield c.AddInstrument(instrument=instrument)
        if instrument.kind == "perpetual":
            yield c.SetMargin(instrument=instrument.name, initial=MARGIN)


def opened(swarm: Swarm) -> Iterator[Body]:
    """Yield the rest, in order, once exchange rates are known, without which no venue's cash can be compared:
    connections, agents, clients, limits."""
    for name, account_name in CONNECTIONS.items():
        connection = access.Connection(
            name=name, account=account_name, venue="paper", environment="training", fee_bps=10
        )
        yield c.AddConnection(connection=connection)
        yield c.SetTolerance(connection=name, tolerance=TOLERANCE, why="as the simulation begins")
    for name, through in AGENTS.items():
        account_name = CONNECTIONS[through[0]]
        yield c.AddAgent(agent=access.Agent(name=name, account=account_name, owner=ACCOUNTS[account_name][0]))
        for connection_name in through:
            yield c.SetGrant(agent=name, connection=connection_name, granted=True)
        for capability in ("place_order", "replace_order"):
            yield c.SetCapability(agent=name, capability=capability, enabled=True)
    for name, agent in CLIENTS.items():
        yield c.AddClient(client=access.Client(name=name, agent=agent))
    # From below, so that none asks for a second person before all are there.
    for subject, mandate in reversed(mandates(swarm.limits, swarm.zone).items()):
        yield c.SetMandate(subject=subject, mandate=mandate, why="as the simulation begins")


TOLERANCE = access.Tolerance(unknown_age_max_s=90, unknown_count_max=5, window_s=20)
