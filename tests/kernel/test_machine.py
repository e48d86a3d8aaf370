"""The kernel under everything that can happen to it, in any order, with the invariants checked after every step."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.kernel.desk import ANN, BOB, CAT, Desk, agent, client, money, price, quantity, ratio
from tests.kernel.recount import ROUNDING, Ledger, check_sums, exposure, number, subjects_of

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.decide import Judge
from remit.kernel.event import VERDICTS, Record
from remit.kernel.kernel import Kernel
from remit.kernel.mandate import Mandate, Rate
from remit.kernel.names import GUARD
from remit.kernel.numbers import SCALE, Money, Price, Quantity
from remit.kernel.order import TERMINAL
from remit.kernel.rules.compile import Lines
from remit.kernel.rules.table import RULES
from remit.kernel.snapshot import dump, load

AGENTS = {"momentum": "paper1", "value": "paper1", "carry": "paper2", "global": "euro1"}
MARKS = {"AAPL": "100", "SAP": "150", "BTC": "20000", "PERP": "50", "YES": "0.6", "NO": "0.4"}
LOTS = {"AAPL": "1", "SAP": "1", "BTC": "0.01", "PERP": "0.1", "YES": "1", "NO": "1"}
NEVER_BLOCKS_A_REDUCTION = {
    rule.name for rule in RULES if rule.name.endswith(("exposure_max", "notional_max", "notional_min", "loss_max"))
} | {"drawdown_max", "capital_max", "leverage_max", "concentration_max_pct", "buying_power", "intraday_margin"}
TIGHTER = (
    {"order_notional_max": money("500")},
    {"market_exposure_max": money("1500")},
    {"gross_exposure_max": money("4000")},
    {"net_exposure_max": money("2500")},
    {"positions_max": 1},
    {"orders_open_max": 2},
    {"approval_notional_min": money("300")},
    {"instruments_allowed": ("AAPL", "YES")},
    {"sides_allowed": ("buy",)},
    {"daily_loss_max": money("50")},
    {"order_rate_max": Rate(2, 60)},
    {"short_allowed": "blocked"},
    {"confidence_min": ratio("0.7")},
)
amounts = st.integers(1, 40)
shares = st.fractions(min_value=Fraction(1, 4), max_value=Fraction(1))
agents = st.sampled_from(sorted(AGENTS))
instruments = st.sampled_from(sorted(MARKS))
subjects = st.sampled_from(
    ["firm", "account:main", "account:euro", *(f"agent:{name}" for name in sorted(AGENTS)), "client:claude"]
)
mandates = st.builds(
    lambda parts: Mandate(**{name: value for part in parts for name, value in part.items()}),
    st.lists(st.sampled_from(TIGHTER), max_size=4),
)


WEIGHTS: list[tuple[Any, dict[str, Any], Any]] = []
"""What can happen: the method, what it is called with, and when it can; as often in the list as it weighs."""


def happens(weight: int, when: Any = None, **drawn: Any) -> Any:
    def add(method: Any) -> Any:
        WEIGHTS.extend([(method, drawn, when)] * weight)
        return method

    return add


class KernelMachine(RuleBasedStateMachine):
    """Two accounts in two currencies, four agents, a client, and six instruments of five kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.ledger = Ledger()
        self.booked: list[c.Filled] = []
        self.moved: set[str] = set()
        """Subjects whose exposure something else than an ALLOW has moved."""

    @initialize()
    def open(self) -> None:
        desk = self.desk.open()
        desk.instrument("AAPL", "100")
        desk.rate("EUR", "USD", "1.25")
        desk.account("main")
        desk.account("euro", owner="bob", currency="EUR")
        for name, account, currency in (("paper1", "main", "USD"), ("paper2", "main", "USD"), ("euro1", "euro", "EUR")):
            desk.connection(name, account, "100000", currency, fee_bps=5)
            self.ledger.deposit(name, currency, money("100000"))
        for name, currency in (("paper1", "EUR"), ("paper2", "EUR"), ("euro1", "USD")):
            desk.took(c.SetBalance(connection=name, currency=currency, amount=money("50000")))
            self.ledger.deposit(name, currency, money("50000"))
        for name, connection in AGENTS.items():
            account = desk.state.connections[connection].account
            desk.agent(name, account, connection, owner=desk.state.accounts[account].owner)
        desk.client("claude", "momentum")
        desk.instrument("SAP", "150", currency="EUR")
        desk.instrument("BTC", "20000", kind="spot", base="BTC", lot="0.01", tick="1", category="crypto")
        desk.instrument("PERP", "50", kind="perpetual", lot="0.1", multiplier=quantity("2"), category="crypto")
        desk.took(c.SetMargin(instrument="PERP", initial=ratio("0.1")))
        for name, outcome in (("YES", "yes"), ("NO", "no")):
            desk.instrument(name, MARKS[name], kind="prediction", outcome=outcome, market="RAIN", category="weather")
        desk.mandate(
            "account:main",
            Mandate(market_exposure_max=money("8000"), gross_exposure_max=money("20000"), daily_loss_max=money("300")),
        )
        desk.mandate("agent:value", Mandate(market_exposure_max=money("3000"), approval_notional_min=money("900")))
        desk.mandate("account:euro", Mandate(daily_loss_max=money("500"), approval_notional_min=money("1500")))
        quorum = {"quorum_notional_min": money("1800"), "approval_quorum": 1}
        desk.mandate(
            "agent:momentum", Mandate(approval_notional_min=money("1200"), drawdown_max=money("400"), **quorum)
        )

    @rule(data=st.data())
    def something_happens(self, data: Any) -> None:
        method, drawn, when = WEIGHTS[data.draw(st.integers(0, len(WEIGHTS) - 1))]
        if when is None or when(self):
            method(self, **{name: data if name == "data" else data.draw(how) for name, how in drawn.items()})

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
        when=lambda self: self._live(),
        data=st.data(),
        lots=amounts,
        percent=st.sampled_from([90, 98, 100, 102, 110]),
    )
    def replace(self, data: Any, lots: int, percent: int) -> None:
        order = self._pick(data)
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

    @happens(2, when=lambda self: self._live(), data=st.data())
    def cancel(self, data: Any) -> None:
        order = self._pick(data)
        reserved = order.reserved
        self.do(c.Cancel(order=order.id), agent(order.agent))
        assert order.reserved == (0 if order.state == "cancelled" else reserved), "a cancel request ends no reservation"

    # -- venues

    @happens(12, when=lambda self: self._live(), data=st.data(), what=st.sampled_from([
        c.Sent, c.Acked, c.Acked, c.Acked, c.Rejected, c.Lost, c.Cancelled, c.Expired, c.CancelRefused, c.Replaced,
        c.ReplaceRefused, c.Withdrawn,
    ]))  # fmt: skip
    def report(self, data: Any, what: Any) -> None:
        order = self._pick(data)
        if order.state == "held":
            return
        more = {"code": "no"} if what in (c.Rejected, c.CancelRefused, c.ReplaceRefused) else {}
        more |= {"why": "no"} if what in (c.Lost, c.Withdrawn) else {}
        reserved = order.reserved
        self.do(what(order=order.id, **more))
        if order.state == "unknown":
            assert order.reserved == reserved, "an unknown order keeps its reservation"

    @happens(
        12,
        when=lambda self: self._live() or self.desk.state.finished,
        data=st.data(),
        part=shares,
        better=st.integers(0, 5),
        late=st.booleans(),
        over=st.booleans(),
    )
    def fill(self, data: Any, part: Fraction, better: int, late: bool, over: bool) -> None:
        desk, state = self.desk, self.desk.state
        finished = [order for order in state.finished.values() if order.state not in ("denied", "declined", "lapsed")]
        order = (
            data.draw(st.sampled_from(finished)) if late and finished else self._pick(data) if self._live() else None
        )
        if order is None or (order.state == "held" and not over):
            return
        lot = quantity(LOTS[order.instrument])
        left = max(order.remaining, lot)
        amount = max(int(left * part) // lot * lot, lot) + (lot if over and part == 1 else 0)
        tick = state.instruments[order.instrument].tick
        step = tick * better
        at = max(order.worst_price - step if order.side == "buy" else order.worst_price + step, tick)
        if order.side == "buy" and at < state.marks[order.instrument].last or order.state in TERMINAL or over:
            self.moved.update(subjects_of(order))
        body = c.Filled(
            order=order.id, fill=f"f{state.seq}", quantity=Quantity(amount), price=Price(at), fee=money("0.25")
        )
        was, asked = order.filled, max(order.quantity, order.pending[0] if order.pending else 0)
        record = self.do(body)
        self.booked.append(body)
        assert order.filled == was + amount
        if order.filled > asked:
            assert any(isinstance(event, e.HaltRaised) and event.cause == "overfill" for event in record.events) or any(
                halt.cause == "overfill" for halt in state.halts.values()
            )
        desk.agree()

    @happens(2, when=lambda self: self.booked, data=st.data())
    def fill_again(self, data: Any) -> None:
        """E4: a fill that is told twice counts once; one of an order long forgotten halts."""
        self.do(c.Tick())
        body, before = data.draw(st.sampled_from(self.booked)), self.desk.image()
        known = self.desk.state.order(body.order) is not None
        self.do(body, after_ns=0)
        if known:
            assert self.desk.image() == before
        else:
            assert any(halt.rule == "unexpected_fill" for halt in self.desk.state.halts.values())

    @happens(1, connection=st.sampled_from(["paper1", "paper2", "euro1"]))
    def reconcile(self, connection: str) -> None:
        self.desk.reconcile(connection)

    # -- the world

    @happens(
        6,
        moves=st.lists(
            st.tuples(instruments, st.sampled_from([-40, -20, -10, -2, 2, 10, 20, 40])), min_size=1, max_size=4
        ),
    )
    def mark(self, moves: list[tuple[str, int]]) -> None:
        state = self.desk.state
        marks = []
        for name, percent in dict(moves).items():
            known, tick = state.marks[name], state.instruments[name].tick
            last = Price(min(max(known.last * (100 + percent) // 100 // tick * tick, tick), _ceiling(state, name)))
            marks.append(
                msgspec.structs.replace(known, at=self.desk.at, bid=last, ask=last, last=last, close=known.close)
            )
        self._everyone_moved()
        self.do(c.Marked(marks=tuple(marks)))

    @happens(1, rate=st.sampled_from(["1.1", "1.25", "1.4"]), inverse=st.booleans())
    def fx(self, rate: str, inverse: bool) -> None:
        self._everyone_moved()
        if inverse:
            self.desk.rate("USD", "EUR", "0.8")
        else:
            self.desk.rate("EUR", "USD", rate)

    @happens(1, new=st.integers(1, 4), old=st.integers(1, 2))
    def split(self, new: int, old: int) -> None:
        self._everyone_moved()
        if any(cell.quantity * new % (old * SCALE) for cell in self.desk.state.cells_of.get("AAPL", ())):
            return
        self.do(c.Split(instrument="AAPL", new=new, old=old), ANN)
        self.ledger.split("AAPL", new, old)

    @happens(1, amount=st.sampled_from(["0.5", "1.25"]))
    def dividend(self, amount: str) -> None:
        self.do(c.Dividend(instrument="AAPL", amount=money(amount)), ANN)
        self.ledger.pay(self.desk.state, "AAPL", number(money(amount)))

    @happens(1, amount=st.sampled_from(["0.1", "-0.2"]))
    def funding(self, amount: str) -> None:
        self.do(c.Funding(instrument="PERP", amount=money(amount)), ANN)
        self.ledger.pay(self.desk.state, "PERP", -number(money(amount)))

    @happens(1, outcome=st.sampled_from(["yes", "no", "void", "disputed", "disputed"]))
    def resolve(self, outcome: Any) -> None:
        self._everyone_moved()
        void = price("0.5") if outcome == "void" else None
        self.do(c.Resolve(market="RAIN", outcome=outcome, void_price=void), ANN)
        if outcome != "disputed":
            for name in ("YES", "NO"):
                wins = outcome == self.desk.state.instruments[name].outcome
                self.ledger.close(self.desk.state, name, Fraction(1, 2) if outcome == "void" else Fraction(int(wins)))

    @happens(2, hours=st.sampled_from([0, 0, 0, 1, 25, 80]))
    def wait(self, hours: int) -> None:
        self.do(c.Tick(), after_ns=hours * 3600 * 10**9 + 60 * 10**9)
        self._everyone_moved()
        state = self.desk.state
        fresh = tuple(msgspec.structs.replace(mark, at=self.desk.at) for mark in state.marks.values())
        rates = tuple(msgspec.structs.replace(mark, at=self.desk.at) for mark in state.fx.values())
        self.do(c.Marked(marks=fresh, fx=rates))

    # -- people

    @happens(2, of=subjects, mandate=mandates)
    def set_mandate(self, of: str, mandate: Mandate) -> None:
        self.moved.add(of)
        self.desk.mandate(of, mandate)

    @happens(1, of=subjects, paused=st.booleans())
    def pause(self, of: str, paused: bool) -> None:
        self.do(c.SetPause(subject=of, paused=paused, why="people"), BOB)

    @happens(1, of=st.one_of(subjects, st.sampled_from(["venue:paper", "connection:paper1"])), kill=st.booleans())
    def halt(self, of: str, kill: bool) -> None:
        self.do(c.Halt(subject=of, why="people", kill=kill), BOB)

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
        for connection in ("paper1", "paper2", "euro1"):
            self.desk.reconcile(connection)

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
        self.ledger.check(self.desk.state)

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

    # -- small things

    def do(self, body: Any, by: Any = GUARD, after_ns: int = 1_000_000) -> Record:
        state = self.desk.state
        stopped = {*state.pauses, *state.halted}
        record = self.desk.do(body, by, after_ns)
        for event in record.events:
            if isinstance(event, e.Booked):
                self.ledger.fill(self.desk.state, event)
            released = isinstance(event, e.Released) or (isinstance(event, e.Reserved) and event.state == "allowed")
            if released:
                order = self.desk.state.order(event.order)
                path = {*subjects_of(order), f"venue:{order.venue}", f"connection:{order.connection}"}
                assert not (order.opening and path & stopped), "nothing opening goes out under a stop"
            if isinstance(event, e.Approved):
                assert record.command.by.is_person
        for order in state.orders.values():
            assert order.reserved >= 0 and order.state not in TERMINAL
        return record

    def _everyone_moved(self) -> None:
        self.moved.update(self.desk.state.subjects)

    def _live(self) -> list[Any]:
        return list(self.desk.state.orders.values())

    def _pick(self, data: Any) -> Any:
        return data.draw(st.sampled_from(self._live()))


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


def _ceiling(state: Any, name: str) -> int:
    return SCALE * 99 // 100 if state.instruments[name].kind == "prediction" else 10**6 * SCALE


TestKernel = KernelMachine.TestCase
TestKernel.settings = settings(max_examples=15, stateful_step_count=40, deadline=None)
