"""Deciding: the facts of one order are gathered, every rule judges them, and a Decision says all that did not hold.

Nothing here changes what the state means. The only thing it may add is an empty cell or an empty sum.
"""

from __future__ import annotations

from typing import NamedTuple

from remit.kernel.book import changes_of
from remit.kernel.event import DENY, HOLD, VERDICTS, Decision, Finding
from remit.kernel.gather import account_facts, complete, gather
from remit.kernel.lens import Asked, Lens, good_until
from remit.kernel.level import groups_of
from remit.kernel.mandate import EMPTY
from remit.kernel.numbers import LARGEST, Money, Price, Quantity
from remit.kernel.reserve import haircut_of
from remit.kernel.rules.compile import Lines, Watch
from remit.kernel.rules.generate import OVER
from remit.kernel.rules.rule import PERS
from remit.kernel.rules.table import RULES
from remit.kernel.state import State, Subject

SLIPPAGE_BPS = 100
"""The worst price of a market order that names none and that no mandate bounds: one percent from the far touch."""
GUARD_EXIT_RULES = frozenset(
    {"intent_id_unique", "environment_match", "instrument_tradable", "increments", "reduce_proof"}
)
"""What still binds an exit that the guard itself sends: it survives pauses, halts, revoked grants, hours, counters and
stale marks."""


class Needs(NamedTuple):
    """What people must do before a held order goes out."""

    confirm: bool
    quorum: int
    expiry_s: int


class Judge:
    """Judges orders against the state; keeps what it worked out per path until mandates or access change."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._lenses: dict[tuple[str, str, str, str], Lens] = {}
        self.watches: dict[str, Watch] = {}
        self._lines = Lines(RULES)

    def forget(self) -> None:
        """Work everything out anew: a mandate, an instrument or an access table changed."""
        self._lenses.clear()
        self.watches.clear()

    def judge(self, asked: Asked, order_id: str) -> tuple[Decision, Needs | None]:
        """Return the decision on an order, and what people must do where the verdict is hold."""
        lens = self._lens(asked)
        if isinstance(lens, Finding):
            return _flat_denial(asked, order_id, lens), None
        facts, prices = gather(self.state, lens, asked)
        changes = changes_of(
            lens.cells, prices.sign, prices.quantity, prices.counted, facts.opening_quantity, prices.payout
        )
        if changes[1].worth > LARGEST or prices.counted > LARGEST:
            beyond = _fact("increments", "price times quantity is beyond every amount that can be written down")
            return _flat_denial(asked, order_id, beyond), None
        complete(self.state, lens, asked, changes)
        account_facts(self.state, lens, facts, prices, changes[1], asked)
        found = lens.evaluator.check(facts, lens.sums, changes)
        if found and asked.by.role == "guard" and not facts.opening:
            found = [index for index in found if lens.evaluator.lines[index].rule.name in GUARD_EXIT_RULES]
        findings: tuple[Finding, ...] = ()
        needs = None
        verdict = 0
        if found:
            findings = lens.evaluator.findings(
                found, facts, lens.sums, changes, [(of.written, of.currency) for of in lens.path]
            )
            verdict = max(VERDICTS.index(finding.verdict) for finding in findings)
            if verdict == HOLD:
                needs = _needs(lens, findings)
        mark = self.state.marks.get(lens.instrument.name)
        return Decision(
            verdict=VERDICTS[verdict],
            order=order_id,
            quantity=Quantity(prices.quantity),
            worst_price=Price(prices.worst),
            counted_price=Price(prices.counted),
            worth=Money(changes[1].worth),
            currency=lens.account.currency,
            reducing=Quantity(facts.reducing_quantity),
            findings=findings,
            mandates=lens.digests,
            marks=() if mark is None else ((mark.instrument, mark.bid, mark.ask, mark.last, mark.at),),
        ), needs

    def watcher(self, of: Subject) -> Watch:
        """Return what judges a subject's sums with no order; without a mandate it watches nothing."""
        watch = self.watches.get(of.written)
        if watch is None:
            version = of.version
            known, mandate = ("", EMPTY) if version is None else (version.digest, version.mandate)
            watch = self.watches[of.written] = self._lines.watch(of.scope, known, mandate)
        return watch

    def watch(self, of: Subject) -> tuple[Finding, ...]:
        """Return which of a subject's limits that need no order do not hold now, in any of its groups."""
        watch, found = self.watcher(of), []
        for dimension, sums in ((PERS.index(name), sums) for (name, _), sums in groups_of(of)):
            for line, band in zip(watch.lines[dimension], watch.bands(dimension, sums), strict=True):
                if band == OVER:
                    found.append(watch.gauge(line, sums).finding(of.written, of.currency))
        return tuple(found)

    def _unknown(self, asked: Asked) -> Finding | None:
        state, intent = self.state, asked.intent
        if intent.agent not in state.agents:
            return _fact("capability_enabled", f"agent {intent.agent} is not known")
        if asked.client and (asked.client not in state.clients or state.clients[asked.client].agent != intent.agent):
            return _fact("capability_enabled", f"client {asked.client} does not act for agent {intent.agent}")
        if intent.connection not in state.connections:
            return _fact("connection_granted", f"connection {intent.connection} is not known")
        if intent.instrument not in state.instruments:
            return _fact("instrument_tradable", f"instrument {intent.instrument} is not known")
        return None

    def _lens(self, asked: Asked) -> Lens | Finding:
        intent = asked.intent
        key = (intent.agent, asked.client, intent.connection, intent.instrument)
        lens = self._lenses.get(key)
        if lens is None:
            made = self._unknown(asked) or self._make_lens(asked)
            if isinstance(made, Finding):
                return made
            lens = self._lenses[key] = made
        return lens

    def _make_lens(self, asked: Asked) -> Lens | Finding:
        state, intent = self.state, asked.intent
        lens = Lens()
        lens.path = path = state.path(intent.agent, asked.client)
        lens.instrument = instrument = state.instruments[intent.instrument]
        lens.connection = state.connections[intent.connection]
        lens.account = state.accounts[state.agents[intent.agent].account]
        if instrument.venue != lens.connection.venue:
            return _fact(
                "instrument_tradable", f"{instrument.name} trades at {instrument.venue}, not at {lens.connection.venue}"
            )
        cells = []
        for of in path:
            unit = state.unit(instrument, of.currency)
            if unit is None:
                return _fact("mark_fresh", f"no exchange rate from {instrument.currency} to {of.currency}")
            cells.append(state.cell(of, intent.connection, instrument, unit))
        lens.cells = tuple(cells)
        lens.sums = tuple(sums for cell in cells for sums in cell.sums)
        lens.evaluator = self._lines.evaluator(
            [
                (
                    of.scope,
                    of.version.digest if of.version is not None else "",
                    of.version.mandate if of.version is not None else None,
                )
                for of in path
            ]
        )
        lens.digests = tuple(of.version.digest if of.version is not None else "" for of in path)
        mandates = [of.version.mandate for of in path if of.version is not None]
        lens.good_until = min(good_until(state, of) for of in path)
        lens.calendars = tuple(sorted({name for mandate in mandates for name in mandate.hours_active or ()}))
        lens.currencies = tuple(sorted({of.currency for of in path} - {instrument.currency}))
        bounds = [mandate.slippage_max_bps for mandate in mandates if mandate.slippage_max_bps is not None]
        lens.slippage_bps = min([SLIPPAGE_BPS, *bounds])
        lens.haircut_bps = haircut_of(path)
        return lens


def _fact(rule: str, actual: str) -> Finding:
    return Finding(rule=rule, subject="order", limit="none", actual=actual, unit="fact")


def _flat_denial(asked: Asked, order_id: str, finding: Finding) -> Decision:
    """Deny an order that cannot even be measured: something that it names is not there."""
    return Decision(
        verdict=VERDICTS[DENY],
        order=order_id,
        quantity=asked.intent.quantity,
        worst_price=Price(0),
        counted_price=Price(0),
        worth=Money(0),
        currency="",
        reducing=Quantity(0),
        findings=(finding,),
    )


def _needs(lens: Lens, findings: tuple[Finding, ...]) -> Needs:
    by_subject = {of.written: of.version.mandate for of in lens.path if of.version is not None}
    quorum, confirm = 0, False
    for finding in findings:
        if finding.rule == "quorum_notional_min":
            quorum = max(quorum, by_subject[finding.subject].approval_quorum or 1)
        else:
            confirm = True
    return Needs(confirm, quorum, min(mandate.approval_expiry_s for mandate in by_subject.values()))


__all__ = ["Asked", "Judge", "Needs"]
