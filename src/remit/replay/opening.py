"""The commands that set a desk up: firm, accounts, connections, agents, instruments and mandates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from remit import __version__
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.instrument import Instrument
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal, Scope, subject
from remit.replay.hours import calendar_of_bars
from remit.replay.listing import VENUE, Account
from remit.replay.mandates import Mandates

OPERATOR = Principal(name="replay-operator", role="operator", owner="replay-operator")
WHY = "replay"
Entered = tuple[Principal, c.Body]


def prefix_of(currency: str) -> str:
    """Return what the order ids of one currency's kernel begin with."""
    return f"rp{currency.lower()}"


def published(currency: str, accounts: Iterable[Account], mandates: Mandates) -> dict[str, Mandate]:
    """Return the mandate of every subject that has one, by written subject.

    An agent is looked up by its name in the kernel, then by its name in the file.
    """
    wanted: list[tuple[Scope, str, Sequence[str]]] = [("firm", "", ("",))]
    for account in accounts:
        wanted.append(("account", account.name, (account.name,)))
        wanted += [("agent", agent, (agent, plain)) for agent, plain in account.agents.items()]
    found: dict[str, Mandate] = {}
    for scope, name, names in wanted:
        mandate = mandates.of(scope, names, calendar_of_bars(currency))
        if mandate is not None:
            found[subject(scope, name)] = mandate
    return found


def opening(
    currency: str, instruments: Iterable[Instrument], accounts: Sequence[Account], mandates: dict[str, Mandate],
    preset: str,
) -> Iterator[Entered]:
    """Yield what is entered before the first order, but for days, hours and what each connection holds."""
    digest = hashlib.sha256(f"remit {__version__}".encode()).hexdigest()
    yield GUARD, c.KernelStarted(version=__version__, digest=digest, clean=True, prefix=prefix_of(currency))
    yield OPERATOR, c.SetFirm(currency=currency)
    for instrument in instruments:
        if instrument.currency == currency:
            yield OPERATOR, c.AddInstrument(instrument=instrument)
    for account in accounts:
        name = account.name
        yield OPERATOR, c.AddAccount(
            account=access.Account(name=name, owner=name, environment="training", currency=currency)
        )
        yield OPERATOR, c.AddConnection(
            connection=access.Connection(name=name, account=name, venue=VENUE, environment="training")
        )
        for agent in account.agents:
            yield OPERATOR, c.AddAgent(agent=access.Agent(name=agent, account=name, owner=name))
            yield OPERATOR, c.SetGrant(agent=agent, connection=name, granted=True)
            yield OPERATOR, c.SetCapability(agent=agent, capability="place_order", enabled=True)
    for of, mandate in mandates.items():
        yield OPERATOR, c.SetMandate(subject=of, mandate=mandate, why=WHY, preset=preset)
