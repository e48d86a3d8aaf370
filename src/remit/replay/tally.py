"""Tallies: from what was told of each order, and from the ledgers, to the lines of the outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from remit.kernel.event import Finding
from remit.kernel.instrument import Mark
from remit.kernel.mandate import LIMITS
from remit.kernel.numbers import Money
from remit.replay.desk import Desk, Stop
from remit.replay.ledger import Ledgers
from remit.replay.listing import Listing, Seat, account_of
from remit.replay.outcome import (
    ALLOWED,
    NO_ACCOUNT,
    AccountLine,
    Counts,
    Header,
    Outcome,
    Prices,
    Result,
    RuleLine,
    TotalLine,
    Unmet,
    Verdict,
)
from remit.replay.rows import RULE as INPUT
from remit.replay.rows import BadRow

Key = tuple[str, ...]
LANES = ("ordered", "mandate")
MISSING = "missing"
FACTS = {
    "confidence_min": "a confidence",
    "price_collar_bps": "a close of an earlier day",
    "participation_max_pct": "a volume of an earlier day",
    "locate_required": "a locate",
    "short_sale_restricted": "word of a short-sale restriction",
}
"""What an order or the bars did not bring, in words, where the rule's own measurement is less plain."""


class Told(NamedTuple):
    """What the kernel said of one order."""

    verdict: str
    findings: tuple[Finding, ...]
    order: str

    @property
    def first(self) -> str:
        """The rule that came first among those that did not hold."""
        return self.findings[0].rule if self.findings else ALLOWED


def keys(lane: str, account: str, currency: str, rule: str) -> tuple[Key, Key, Key]:
    """Return the ledgers that a fill of a lane is booked in: its account's, its rule's and the total's."""
    return (lane, "account", account), (lane, "rule", currency, rule), (lane, "total", currency)


class PriceCheck:
    """Compares the price that each order carries with the price it meets."""

    def __init__(self) -> None:
        self._counted: Counter[str] = Counter()

    def look(self, seat: Seat, mark: Mark | None) -> None:
        """Count one order against the instrument's latest mark, None where there is none yet."""
        seen = seat.row.price_seen
        is_equal = seen is not None and mark is not None and seen == mark.last
        if mark is None:
            self._counted["unpriced"] += 1
        elif mark.at == seat.row.at and mark.low is None:
            if seen is not None:
                self._counted["equal" if is_equal else "different"] += 1
        else:
            self._counted["between"] += 1
            self._counted["between_equal"] += is_equal
        self._counted["unseen"] += seen is None

    @property
    def prices(self) -> Prices:
        return Prices(**self._counted)


def lacking(seats: Iterable[Seat]) -> tuple[tuple[str, int], ...]:
    """Return how many orders carry no value for each optional field that a limit or this report can need."""
    rows = [seat.row for seat in seats]
    absent = {
        "confidence": sum(row.confidence is None for row in rows),
        "price_seen": sum(row.price_seen is None for row in rows),
        "run": sum(not row.run for row in rows),
        "category": sum(not row.category for row in rows),
    }
    return tuple((field, count) for field, count in absent.items() if count)


def outcome_of(
    listing: Listing, told: Mapping[int, Told], ledgers: Ledgers, desks: Mapping[str, Desk], header: Header
) -> Outcome:
    """Return the outcome: every line counted from the same verdicts."""
    states = {order: state for desk in desks.values() for order, state in desk.states.items()}
    seated = [(seat, told[seat.row.index]) for seat in listing.seats if seat.row.index in told]
    verdicts = [_verdict(seat.row.index, answer, states) for seat, answer in seated] + [
        Verdict(index=bad.index, verdict="invalid", findings=bad.findings, order_id=None, state=None)
        for bad in listing.bad
    ]
    stops = [(currency, stop) for currency, desk in desks.items() for stop in desk.stops]
    return Outcome(
        header=header,
        accounts=tuple(_account_lines(listing, seated, ledgers, [stop for _, stop in stops])),
        rules=tuple(_rule_lines(listing, seated, ledgers, stops)),
        totals=tuple(_total_lines(listing, seated, ledgers, stops)),
        unmet=tuple(_unmet(answer for _, answer in seated)),
        verdicts=tuple(sorted(verdicts, key=lambda verdict: verdict.index)),
    )


def _verdict(index: int, told: Told, states: Mapping[str, str]) -> Verdict:
    state = states.get(told.order, "denied")
    return Verdict(index=index, verdict=told.verdict, findings=told.findings, order_id=told.order or None, state=state)


_Seated = list[tuple[Seat, Told]]


def _account_lines(
    listing: Listing, seated: _Seated, ledgers: Ledgers, stops: list[Stop]
) -> Iterable[AccountLine]:
    verdicts: dict[str, Counter[str]] = {name: Counter() for name in listing.accounts}
    for seat, answer in seated:
        verdicts[seat.account][answer.verdict] += 1
    for bad in listing.bad:
        verdicts.setdefault(account_of(bad, listing.accounts) or NO_ACCOUNT, Counter())["invalid"] += 1
    halts = Counter(stop.account for stop in stops)
    for name in sorted(verdicts):
        account = listing.accounts.get(name)
        yield AccountLine(
            name=name,
            agents=() if account is None else tuple(sorted(set(account.agents.values()))),
            currency="" if account is None else account.currency,
            cash=Money(0) if account is None else account.cash,
            cash_needed=Money(-ledgers.of(("ordered", "account", name)).cash_low),
            counts=_counts(verdicts[name], halts[name]),
            result=_result(ledgers, ("account", name)),
        )


def _rule_lines(
    listing: Listing, seated: _Seated, ledgers: Ledgers, stops: list[tuple[str, Stop]]
) -> Iterable[RuleLine]:
    first: dict[Key, Counter[str]] = {}
    found: Counter[Key] = Counter()
    for seat, answer in seated:
        currency = listing.accounts[seat.account].currency
        first.setdefault((currency, answer.first), Counter())[answer.verdict] += 1
        found.update({(currency, finding.rule) for finding in answer.findings} or {(currency, ALLOWED)})
    for bad in listing.bad:
        key: Key = (_currency_of(bad, listing), INPUT)
        first.setdefault(key, Counter())["invalid"] += 1
        found[key] += 1
    halts: Counter[Key] = Counter((currency, stop.rule) for currency, stop in stops)
    for key in sorted({*found, *halts}, key=lambda key: (key[0], key[1] == ALLOWED, -found[key], key[1])):
        currency, rule = key
        yield RuleLine(
            rule=rule, currency=currency, found=found[key], counts=_counts(first.get(key, Counter()), halts[key]),
            result=_result(ledgers, ("rule", currency, rule)),
        )


def _total_lines(
    listing: Listing, seated: _Seated, ledgers: Ledgers, stops: list[tuple[str, Stop]]
) -> Iterable[TotalLine]:
    verdicts: dict[str, Counter[str]] = {account.currency: Counter() for account in listing.accounts.values()}
    for seat, answer in seated:
        verdicts[listing.accounts[seat.account].currency][answer.verdict] += 1
    for bad in listing.bad:
        verdicts.setdefault(_currency_of(bad, listing), Counter())["invalid"] += 1
    halts = Counter(currency for currency, _ in stops)
    for currency in sorted(verdicts):
        yield TotalLine(
            currency=currency, counts=_counts(verdicts[currency], halts[currency]),
            result=_result(ledgers, ("total", currency)),
        )


def _currency_of(bad: BadRow, listing: Listing) -> str:
    account = account_of(bad, listing.accounts)
    return "" if account is None else listing.accounts[account].currency


def _counts(verdicts: Counter[str], halts: int) -> Counts:
    return Counts(
        orders=verdicts.total(), allowed=verdicts["allow"], held=verdicts["hold"], denied=verdicts["deny"],
        invalid=verdicts["invalid"], halts=halts,
    )


def _result(ledgers: Ledgers, key: Key) -> Result:
    ordered, mandate = (ledgers.of((lane, *key)) for lane in LANES)
    return Result(
        pnl_ordered=ordered.pnl, pnl_mandate=mandate.pnl, drawdown_ordered=ordered.drawdown,
        drawdown_mandate=mandate.drawdown,
    )


def _unmet(answers: Iterable[Told]) -> Iterable[Unmet]:
    facts: dict[str, str] = {}
    orders: Counter[str] = Counter()
    for answer in answers:
        lacked = {finding.rule: finding.actual for finding in answer.findings if finding.actual.startswith(MISSING)}
        orders.update(lacked.keys())
        facts.update(lacked)
    for rule, count in sorted(orders.items(), key=lambda item: (-item[1], item[0])):
        yield Unmet(rule=rule, fact=FACTS.get(rule, facts[rule]), orders=count, lift=rule if rule in LIMITS else "")

