"""The kernel under everything that can happen to it, in any order, with the invariants checked after every step.

What can happen is in the files `happen_*`; what is watched at every command, counted independently, in `watch_*`.
"""

from __future__ import annotations

import os
import random
from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import settings
from hypothesis.stateful import initialize, invariant
from tests.kernel.desk import ANN, BOB, CAT, agent, client, money, quantity, ratio
from tests.kernel.happen_exits import LEGS, ExitThings, terms_of
from tests.kernel.happen_venues import VenueThings
from tests.kernel.happen_world import WorldThings
from tests.kernel.measures import COUNTS, EXPOSURES, GROUPED, exposure_of
from tests.kernel.recount import ROUNDING, check_sums, exposure, number
from tests.kernel.stage import AGENTS, CONNECTIONS, LOTS, agents, amounts, happens, instruments

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import flatten
from remit.kernel.decide import Judge
from remit.kernel.event import VERDICTS, Record
from remit.kernel.kernel import Kernel
from remit.kernel.mandate import Mandate, Rate
from remit.kernel.names import GUARD
from remit.kernel.numbers import Money, Price, Quantity
from remit.kernel.rules.compile import Lines
from remit.kernel.rules.table import RULES
from remit.kernel.snapshot import dump, load

NEVER_BLOCKS_A_REDUCTION = {
    rule.name for rule in RULES if rule.name.endswith(("exposure_max", "notional_max", "notional_min", "loss_max"))
} | {"drawdown_max", "capital_max", "leverage_max", "concentration_max_pct", "buying_power", "intraday_margin"}
TIGHTER = (
    {"order_notional_max": money("500")},
    {"market_exposure_max": money("1500")},
    {"category_exposure_max": money("2500")},
    {"venue_exposure_max": money("6000")},
    {"gross_exposure_max": money("4000")},
    {"net_exposure_max": money("2500")},
    {"positions_max": 1},
    {"orders_open_max": 2},
    {"approval_notional_min": money("300")},
    {"instruments_allowed": ("AAPL", "YES")},
    {"sides_allowed": ("buy",)},
    {"daily_loss_max": money("50")},
    {"drawdown_max": money("150")},
    {"order_rate_max": Rate(2, 60)},
    {"short_allowed": "blocked"},
    {"confidence_min": ratio("0.7")},
)
subjects = st.sampled_from(
    ["firm", "account:main", "account:euro", *(f"agent:{name}" for name in sorted(AGENTS)), "client:claude"]
)
mandates = st.builds(
    lambda parts: Mandate(**{name: value for part in parts for name, value in part.items()}),
    st.lists(st.sampled_from(TIGHTER), max_size=4),
)
RESTING = (
    ("momentum", "AAPL", 3, "95"),
    ("momentum", "BTC", 2, "19000"),
    ("value", "SAP", 2, "140"),
    ("value", "AAPL", 4, "94"),
    ("value", "NO", 9, "0.3"),
    ("carry", "AAPL", 5, "93"),
    ("global", "BTC", 3, "19500"),
)
"""Who waits to buy what, how many lots, and where."""


class KernelMachine(ExitThings, VenueThings, WorldThings):
    """The stage, with what agents propose and people decide."""

    @initialize()
    def open(self) -> None:
        """Everyone begins with a position, an exit on it, and orders that wait below the market."""
        super().open()
        whole, both = Fraction(1), [("stop_loss", 5, "amount"), ("take_profit", 8, "amount")]
        trails = [("trailing_stop", 4, "share")]
        self.enter("momentum", "AAPL", "buy", 11, both, None, None, whole, "client")
        self.enter("value", "YES", "buy", 20, None, None, None, whole, "agent")
        self.enter("value", "AAPL", "buy", 4, trails, 50, None, whole, "agent")
        self.enter("carry", "PERP", "sell", 90, trails, None, None, whole, "agent")
        self.enter("global", "SAP", "buy", 6, both, None, 5, whole, "agent")
        for name, instrument, lots, limit in RESTING:
            intent = self.desk.intent("1", limit, agent=name, connection=AGENTS[name], instrument=instrument)
            wanted = Quantity(quantity(LOTS[instrument]) * lots)
            self.do(c.Submit(intent=msgspec.structs.replace(intent, quantity=wanted)), agent(name))
        for order in self.live():
            self.do(c.Acked(order=order.id))

    # -- orders

    @happens(
        24,
        name=agents,
        instrument=instruments,
        side=st.sampled_from(["buy", "buy", "sell"]),
        lots=amounts,
        limit=st.sampled_from([None, 90, 95, 100, 105, 110]),
        reduce=st.sampled_from(["any", "any", "any", "any", "any", "only", "clip"]),
        how=st.sampled_from(["agent", "agent", "client", "operator", "guard"]),
        confidence=st.sampled_from([None, "0.5", "0.9"]),
        tighter=st.sampled_from(TIGHTER),
        scope=st.sampled_from(["firm", "account", "agent"]),
        legs=st.none() | st.none() | LEGS,
    )
    def propose(
        self,
        name: str,
        instrument: str,
        side: str,
        lots: int,
        limit: int | None,
        reduce: str,
        how: str,
        confidence: str | None,
        tighter: dict[str, Any],
        scope: str,
        legs: Any,
    ) -> None:
        desk = self.desk
        through = "claude" if how == "client" and name == "momentum" else ""
        by = client("claude") if through else {"operator": ANN, "guard": GUARD}.get(how, agent(name))
        intent = desk.intent(
            "1",
            None,
            agent=name,
            connection=AGENTS[name],
            instrument=instrument,
            side=side,
            reduce=reduce,
            confidence=None if confidence is None else ratio(confidence),
        )
        terms: dict[str, Any] = {"quantity": Quantity(quantity(LOTS[instrument]) * lots)}
        if limit is not None:
            mark, tick = desk.state.marks[instrument].last, desk.state.instruments[instrument].tick
            terms |= {"type": "limit", "limit_price": Price(max(mark * limit // 100 // tick * tick, tick))}
        if legs is not None:
            terms["exit"] = terms_of(desk.state, instrument, 1 if side == "buy" else -1, legs, None, None)
        body = c.Submit(intent=msgspec.structs.replace(intent, **terms), client=through)
        before = dump(desk.state)
        self._tighter(before, body, by, tighter, scope, name)
        exposures = self._exposures(name, through, instrument)
        record = self.do(body, by)
        self._shuffled(before, record)
        self._check_decision(record, exposures)

    def _tighter(self, before: bytes, body: c.Submit, by: Any, tighter: dict[str, Any], scope: str, name: str) -> None:
        """D2: the same order under one limit more, or one tighter, is never judged more loosely."""
        loose, tight = Kernel(load(before)), Kernel(load(before))
        of = {"firm": "firm", "account": f"account:{loose.state.agents[name].account}", "agent": f"agent:{name}"}[scope]
        version = loose.state.subjects[of].version
        mandate = msgspec.structs.replace(version.mandate, **_tighten(version.mandate, tighter))
        seq, at = loose.state.seq + 1, self.desk.at + 1
        loose.step(c.Command(seq=seq, at=at, by=GUARD, body=c.Tick()))
        tight.step(c.Command(seq=seq, at=at, by=ANN, body=c.SetMandate(subject=of, mandate=mandate, why="tighter")))
        ranks = [
            VERDICTS.index(record.decision.verdict)
            for record in (kernel.step(c.Command(seq=seq + 1, at=at, by=by, body=body)) for kernel in (loose, tight))
            if record.decision is not None
        ]
        assert ranks == sorted(ranks), (of, tighter)

    def _shuffled(self, before: bytes, record: Record) -> None:
        """D3: the order of the rules changes neither the verdict nor what was found."""
        assert record.decision is not None
        kernel = Kernel(load(before))
        rules = list(RULES)
        random.Random(record.command.seq).shuffle(rules)
        kernel.judge = Judge(kernel.state)
        kernel.judge._lines = Lines(rules)
        again = kernel.step(record.command).decision
        assert again is not None and again.verdict == record.decision.verdict
        assert sorted(map(str, again.findings)) == sorted(map(str, record.decision.findings))

    def _exposures(self, name: str, through: str, instrument: str) -> dict[tuple[str, str], Fraction]:
        state = self.desk.state
        market = state.instruments[instrument].market_name
        return {
            (of.written, m): exposure(state, of.written, m) for of in state.path(name, through) for m in (market, "")
        }

    def _check_decision(self, record: Record, before: dict[tuple[str, str], Fraction]) -> None:
        decision, state = record.decision, self.desk.state
        assert decision is not None
        if decision.verdict != "allow":
            assert decision.findings, "every denial and hold is explained"
        for finding in decision.findings:
            assert finding.rule and finding.subject and finding.limit and finding.actual and finding.unit
        if decision.quantity and decision.reducing == decision.quantity:
            assert not NEVER_BLOCKS_A_REDUCTION & {finding.rule for finding in decision.findings}
        if decision.verdict == "deny":
            return
        order = state.orders[decision.order]
        for (of, market), was in before.items():
            mandate = state.subjects[of].version.mandate
            cap = mandate.market_exposure_max if market else mandate.gross_exposure_max
            if cap is not None and order.opening:
                now = exposure(state, of, market)
                assert now <= number(cap) + ROUNDING or now <= was + ROUNDING, (of, market, float(now))

    @happens(
        4,
        when=lambda self: self.live(),
        data=st.data(),
        lots=amounts,
        percent=st.sampled_from([90, 98, 100, 102, 110]),
    )
    def replace(self, data: Any, lots: int, percent: int) -> None:
        order = self.pick(data)
        tick = self.desk.state.instruments[order.instrument].tick
        limit = Price(max(order.worst_price * percent // 100 // tick * tick, tick))
        exposures = self._exposures(order.agent, order.client, order.instrument)
        body = c.Replace(
            id=f"r{self.desk.state.seq}",
            order=order.id,
            limit_price=limit,
            quantity=Quantity(quantity(LOTS[order.instrument]) * lots),
        )
        record = self.do(body, agent(order.agent))
        if record.decision is not None and record.decision.verdict == "allow":
            self._check_decision(record, exposures)

    @happens(2, when=lambda self: self.live(), data=st.data())
    def cancel(self, data: Any) -> None:
        order = self.pick(data)
        reserved = order.reserved
        self.do(c.Cancel(order=order.id), agent(order.agent))
        assert order.reserved == (0 if order.state == "cancelled" else reserved), "a cancel request ends no reservation"

    # -- people

    @happens(2, of=subjects, mandate=mandates)
    def set_mandate(self, of: str, mandate: Mandate) -> None:
        self.moved.add(of)
        self.desk.mandate(of, mandate)

    @happens(5, of=subjects, rule=st.sampled_from(EXPOSURES), percent=st.sampled_from([30, 60, 90, 110, 130]))
    def squeeze(self, of: str, rule: str, percent: int) -> None:
        """A limit just below, or just above, what is taken up now."""
        state = self.desk.state
        known = state.subjects[of]
        groups = [name for what, name in known.groups if what == GROUPED.get(rule)] if rule in GROUPED else [""]
        most = max((exposure_of(state, rule, of, group) for group in groups), default=Fraction(0))
        limit = int(most * percent / 100) if rule in COUNTS else Money(int(most * 10**18 * percent / 100))
        self.moved.add(of)
        self.desk.mandate(of, msgspec.structs.replace(known.version.mandate, **{rule: limit}))

    @happens(1, of=subjects, paused=st.booleans())
    def pause(self, of: str, paused: bool) -> None:
        self.do(c.SetPause(subject=of, paused=paused, why="people"), BOB)

    @happens(
        2,
        of=st.one_of(subjects, st.sampled_from(["venue:paper", "connection:paper1"])),
        kill=st.sampled_from([False, False, True]),
        flattens=st.booleans(),
    )
    def halt(self, of: str, kill: bool, flattens: bool) -> None:
        self.do(c.Halt(subject=of, why="people", kill=kill, flatten=flattens), BOB)

    @happens(3, when=lambda self: self.flattening(), data=st.data())
    def flatten(self, data: Any) -> None:
        """A kill closes what is held, once nothing works any more; what it sends opens nothing."""
        halt = data.draw(st.sampled_from(self.flattening()))
        for order in self.live():
            if order.state in ("pending_cancel", "unknown"):
                self.do(c.Cancelled(order=order.id))
        for intent in flatten.closing(self.desk.state, halt) or ():
            record = self.do(c.Submit(intent=intent), GUARD)
            if record.decision is not None and record.decision.verdict == "allow":
                self.work(record.decision.order)

    def flattening(self) -> list[str]:
        return [name for name, halt in self.desk.state.halts.items() if halt.flatten]

    @happens(4, when=lambda self: self.desk.state.halts, data=st.data(), reviewed=st.booleans())
    def resume(self, data: Any, reviewed: bool) -> None:
        for of in sorted(self.desk.state.pauses):
            self.do(c.SetPause(subject=of, paused=False, why="people"), BOB)
        halt = data.draw(st.sampled_from(sorted(self.desk.state.halts)))
        if reviewed:
            self.desk.took(c.Review(halt=halt, limit=self.desk.state.halts[halt].rule, why="looked"))
        was = self.desk.state.halts[halt].reviewed_by
        self.do(c.Resume(halt=halt, why="go"), ANN)
        assert was or halt in self.desk.state.halts

    @happens(6, when=lambda self: self.desk.state.halts)
    def recover(self) -> None:
        """People look at everything: what is in doubt is settled, venues show what the book holds, halts end."""
        for order in self.live():
            if order.state in ("pending_cancel", "unknown"):
                self.do(c.Cancelled(order=order.id))
        for connection in CONNECTIONS:
            self.reconcile(connection)
        for of in sorted(self.desk.state.pauses):
            self.do(c.SetPause(subject=of, paused=False, why="people"), BOB)
        for name, halt in sorted(self.desk.state.halts.items()):
            self.do(c.Review(halt=name, limit=halt.rule, why="looked"), ANN)
            self.do(c.Resume(halt=name, why="go"), ANN)

    @happens(
        5,
        when=lambda self: self.desk.state.holds,
        data=st.data(),
        by=st.sampled_from([ANN, BOB, CAT]),
        stale=st.booleans(),
        yes=st.booleans(),
    )
    def answer_hold(self, data: Any, by: Any, stale: bool, yes: bool) -> None:
        order = self.desk.state.orders[data.draw(st.sampled_from(sorted(self.desk.state.holds)))]
        exposures = self._exposures(order.agent, order.client, order.instrument)
        if not yes:
            self.do(c.Decline(order=order.id, why="no"), by)
            return
        record = self.do(c.Approve(order=order.id, digest="0" * 64 if stale else order.digest), by)
        if any(isinstance(event, e.Released) for event in record.events):
            assert not stale
            self._check_decision(record, exposures)

    @happens(1)
    def restart(self) -> None:
        """H2: a restart, here into a kernel that folded the journal, clears no stop."""
        state = self.desk.state
        stops = (set(state.halts), set(state.pauses))
        self.desk.kernel, self.desk.shadow = self.desk.shadow, self.desk.kernel
        self.desk.reload()
        self.do(c.KernelStarted(version="1", digest="0" * 64, clean=False, prefix="other"))
        assert (set(self.desk.state.halts), set(self.desk.state.pauses)) == stops
        for connection in CONNECTIONS:
            self.reconcile(connection)

    @happens(1)
    def reload(self) -> None:
        self.desk.reload()

    # -- after every step

    @invariant()
    def all_agree(self) -> None:
        self.desk.agree()

    @invariant()
    def sums_are_right(self) -> None:
        check_sums(self.desk.state)
        assert all(of.total.high_water >= of.total.pnl for of in self.desk.state.subjects.values())
        self.desk.ledger.check(self.desk.state)

    @invariant()
    def everyone_adds_up(self) -> None:
        """In one currency the agents of an account are the account, and the accounts are the firm."""
        state = self.desk.state
        for (of, connection, instrument), cell in state.cells.items():
            if not of.startswith("account:"):
                continue
            parts = [
                other
                for (whom, through, what), other in state.cells.items()
                if whom.startswith("agent:") and (through, what) == (connection, instrument)
            ]
            assert sum(part.quantity for part in parts) == cell.quantity
            assert state.cells[("firm", connection, instrument)].quantity == cell.quantity
            if of == "account:main" and instrument != "SAP":
                assert abs(sum(part.flow for part in parts) - cell.flow) < 1000
                assert state.cells[("firm", connection, instrument)].flow == cell.flow

    @invariant()
    def caps_hold_while_only_allows_move(self) -> None:
        """E1: filled, working, held and unknown on the worst side stay within the cap."""
        state = self.desk.state
        for of in state.subjects.values():
            cap = of.version.mandate.gross_exposure_max if of.version is not None else None
            if cap is not None and of.written not in self.moved:
                assert exposure(state, of.written) <= number(cap) + ROUNDING, of.written


def _tighten(mandate: Mandate, tighter: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `tighter` where they are tighter than what is there."""
    found = {}
    for name, value in tighter.items():
        known = getattr(mandate, name)
        if isinstance(value, tuple):
            value = value if known is None else tuple(sorted({*known} & {*value}))
        elif isinstance(known, Money | int) and name != "confidence_min":
            value = min(value, known)
        elif known is not None:
            value = known if name in ("confidence_min", "order_rate_max") else value
        found[name] = value
    return found


TestKernel = KernelMachine.TestCase
TestKernel.settings = settings(
    max_examples=int(os.environ.get("REMIT_MACHINE_EXAMPLES", "12")),
    stateful_step_count=int(os.environ.get("REMIT_MACHINE_STEPS", "40")),
    deadline=None,
)
"""Short by default; the two variables let it run for as long as one likes."""
