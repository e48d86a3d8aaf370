"""What the orders trade and through whom: instruments, accounts and agents, made from the rows and the bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from remit.kernel.instrument import Instrument, Kind
from remit.kernel.numbers import SCALE, Money, Price, Quantity, parse
from remit.replay.errors import ReplayRefused
from remit.replay.rows import BadRow, Row, fault

By = Literal["run", "agent"]
VENUE = "paper"
NAME_LENGTH_MAX = 128


class Terms(NamedTuple):
    """How a category of the data is traded, and the cash that its accounts begin with."""

    kind: Kind
    currency: str
    tick: Price
    cash: Money


_CENT = parse(Price, "0.01")
TERMS: dict[str, Terms] = {
    "us_equity": Terms("equity", "USD", _CENT, parse(Money, "10000")),
    "cn_equity": Terms("equity", "CNY", _CENT, parse(Money, "100000")),
    "crypto": Terms("spot", "USDT", parse(Price, "0.00000001"), parse(Money, "50000")),
}


class Seat(NamedTuple):
    """One row with the account that pays for it and the agent, under the name it has in the kernel."""

    row: Row
    account: str
    agent: str


class Account(NamedTuple):
    """One account: its currency, its first cash, its agents (kernel name to the name in the file)."""

    name: str
    currency: str
    cash: Money
    agents: dict[str, str]


class Listing(NamedTuple):
    """Everything there is to set up, and what became of each row: a seat or a bad row, by index."""

    instruments: dict[str, Instrument]
    accounts: dict[str, Account]
    seats: tuple[Seat, ...]
    bad: tuple[BadRow, ...]


def account_of(bad: BadRow, accounts: Mapping[str, Account]) -> str | None:
    """Return the account that a bad row would have been of, None where it cannot be told."""
    terms = TERMS.get(bad.category)
    for owner in (bad.run, bad.agent):
        for name in (owner, f"{owner}/{terms.currency}" if terms is not None else owner):
            if name in accounts:
                return name
    return None


class Purse(NamedTuple):
    """What was said of cash: an amount, and a currency it is meant for; None leaves the category's own."""

    cash: Money | None = None
    currency: str | None = None


def list_all(rows: Iterable[Row | BadRow], traded: frozenset[str], by: By, purse: Purse) -> Listing:
    """Return instruments, accounts and seats of the rows. `traded` are the instruments that have bars.

    A row whose category has no terms, or whose instrument or agent an earlier row placed elsewhere, is a bad row. An
    instrument without bars is not listed: the kernel denies it by name. ReplayRefused where the currency fits no
    account.
    """
    bad = [row for row in rows if isinstance(row, BadRow)]
    categories: dict[str, str] = {}
    placed: list[tuple[Row, Terms]] = []
    for row in rows:
        if isinstance(row, Row):
            terms = _terms(row.category, purse)
            known = categories.setdefault(row.instrument, row.category) if terms is not None else row.category
            if terms is None:
                wanted = f"one of {', '.join(sorted(TERMS))}; for others say --cash and --currency"
                bad.append(_bad(row, "category", wanted, row.category or None))
            elif known != row.category:
                bad.append(_bad(row, "category", f"{known or 'none'}, as before", row.category or None))
            else:
                placed.append((row, terms))
    seats, accounts, clashing = _seated(placed, by, purse)
    if purse.currency is not None and placed and not any(a.currency == purse.currency for a in accounts.values()):
        used = ", ".join(sorted({account.currency for account in accounts.values()}))
        raise ReplayRefused("currency_unused", f"no account of the orders is in {purse.currency}", f"Say one of {used}")
    all_bad = sorted([*bad, *clashing], key=lambda row: row.index)
    return Listing(_instruments(placed, traded), accounts, seats, tuple(all_bad))


def _bad(row: Row, field: str, wanted: str, found: str | None) -> BadRow:
    finding = fault(field, wanted, found)
    return BadRow(index=row.index, findings=(finding,), agent=row.agent, run=row.run, category=row.category)


def _terms(category: str, purse: Purse) -> Terms | None:
    known = TERMS.get(category)
    if known is not None or purse.cash is None or purse.currency is None:
        return known
    return Terms("equity", purse.currency, _CENT, purse.cash)


def _seated(
    placed: list[tuple[Row, Terms]], by: By, purse: Purse
) -> tuple[tuple[Seat, ...], dict[str, Account], list[BadRow]]:
    currencies: dict[str, dict[str, None]] = {}
    for row, terms in placed:
        currencies.setdefault(_owner(row, by), {})[terms.currency] = None
    accounts: dict[str, Account] = {}
    of_agent: dict[str, str] = {}
    seats: list[Seat] = []
    bad: list[BadRow] = []
    for row, terms in placed:
        owner = _owner(row, by)
        account = owner if len(currencies[owner]) == 1 else f"{owner}/{terms.currency}"
        agent = account if by == "agent" else f"{row.agent}@{account}"
        if len(agent) > NAME_LENGTH_MAX or of_agent.setdefault(agent, account) != account:
            wanted = f"agent and run that make one name of at most {NAME_LENGTH_MAX}, like no other's"
            bad.append(_bad(row, "agent", wanted, agent))
            continue
        cash = purse.cash if purse.cash is not None and purse.currency in (None, terms.currency) else terms.cash
        account_of = accounts.setdefault(account, Account(account, terms.currency, cash, {}))
        account_of.agents[agent] = row.agent
        seats.append(Seat(row, account, agent))
    return tuple(seats), accounts, bad


def _owner(row: Row, by: By) -> str:
    return row.agent if by == "agent" else row.run or row.agent


def _instruments(placed: list[tuple[Row, Terms]], traded: frozenset[str]) -> dict[str, Instrument]:
    """An instrument's lot is 1, or the smallest decimal place that any of its orders uses."""
    lots: dict[str, int] = {}
    terms_of: dict[str, tuple[str, Terms]] = {}
    for row, terms in placed:
        lot = SCALE
        while row.quantity % lot:
            lot //= 10
        lots[row.instrument] = min(lot, lots.get(row.instrument, SCALE))
        terms_of.setdefault(row.instrument, (row.category or "none", terms))
    return {
        name: Instrument(
            name=name, kind=terms.kind, venue=VENUE, currency=terms.currency, category=category, tick=terms.tick,
            lot=Quantity(lots[name]),
        )
        for name, (category, terms) in sorted(terms_of.items())
        if name in traded
    }

