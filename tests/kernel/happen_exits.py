"""What happens to exits: they are set, tightened, loosened, dropped, touched and closed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import msgspec
from tests.kernel.desk import ANN, BOB, agent, client
from tests.kernel.stage import AGENTS, LOTS, Stage, agents, happens, instruments
from tests.kernel.watch_exits import closable, stops_of

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.exits import closing
from remit.kernel.names import GUARD
from remit.kernel.numbers import SCALE, Price, Quantity, parse

LEGS = st.lists(
    st.tuples(
        st.sampled_from(["stop_loss", "take_profit", "trailing_stop"]),
        st.integers(1, 15),
        st.sampled_from(["amount", "share", "activated"]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda leg: leg[0],
)
SLIPPAGES = st.sampled_from([None, None, 50, 500])
PARTS = st.sampled_from([None, None, None, 1, 5])


def terms_of(state: Any, name: str, sign: int, legs: Any, slippage: int | None, lots: int | None) -> ExitTerms | None:
    """Return terms around the price of an instrument; None where no price allows them."""
    instrument, price = state.instruments[name], state.marks[name].last
    tick, top = instrument.tick, SCALE - instrument.tick if instrument.kind == "prediction" else 10**30

    def away(percent: int) -> Price:
        return Price(min(max(price * (100 + percent) // 100 // tick * tick, tick), top))

    found = []
    for kind, percent, how in legs:
        if kind != "trailing_stop":
            found.append(Leg(kind=kind, trigger=away(sign * percent * (-1 if kind == "stop_loss" else 1))))
            continue
        activation = away(sign * percent) if how == "activated" else None
        if how == "share":
            found.append(Leg(kind=kind, offset_bps=percent * 100))
        else:
            offset = Price(max(price * percent // 100 // tick * tick, tick))
            found.append(Leg(kind=kind, offset=offset, activation=activation))
    quantity = None if lots is None else Quantity(parse(Quantity, LOTS[name]) * lots)
    return ExitTerms(legs=tuple(found), slippage_bps=slippage, quantity=quantity)


class ExitThings(Stage):
    """Everything that people, agents and prices do to exits."""

    def exits(self, *states: str) -> list[Any]:
        return [exit for exit in self.desk.state.exits.values() if exit.state in states]

    @happens(
        10,
        name=agents,
        instrument=instruments,
        side=st.sampled_from(["buy", "buy", "sell"]),
        lots=st.integers(1, 25),
        legs=st.none() | LEGS,
        slippage=SLIPPAGES,
        most=PARTS,
        part=st.sampled_from([Fraction(1), Fraction(1), Fraction(1, 2), Fraction(0)]),
        how=st.sampled_from(["agent", "client", "operator"]),
    )
    def enter(
        self, name: str, instrument: str, side: str, lots: int, legs: Any, slippage: Any, most: Any, part: Any, how: str
    ) -> None:
        """A market order, with or without a bracket, that fills at once in part or in full."""
        desk, sign = self.desk, 1 if side == "buy" else -1
        through = "claude" if how == "client" and name == "momentum" else ""
        by = client("claude") if through else ANN if how == "operator" else agent(name)
        terms = None if legs is None else terms_of(desk.state, instrument, sign, legs, slippage, most)
        intent = desk.intent("1", None, agent=name, connection=AGENTS[name], instrument=instrument, side=side)
        more = {"quantity": Quantity(parse(Quantity, LOTS[instrument]) * lots), "exit": terms}
        record = self.do(c.Submit(intent=msgspec.structs.replace(intent, **more), client=through), by)
        decision = record.decision
        if decision is not None and decision.verdict == "allow" and decision.order in desk.state.orders:
            self.work(decision.order, part)

    @happens(
        5,
        when=lambda self: self.positions(),
        data=st.data(),
        legs=LEGS,
        slippage=SLIPPAGES,
        lots=PARTS,
        how=st.sampled_from(["agent", "agent", "client", "operator"]),
    )
    def set_exit(self, data: Any, legs: Any, slippage: Any, lots: Any, how: str) -> None:
        desk = self.desk
        name, connection, instrument, quantity = data.draw(st.sampled_from(self.positions()))
        through = "claude" if how == "client" and name == "momentum" else ""
        by = client("claude") if through else ANN if how == "operator" else agent(name)
        terms = terms_of(desk.state, instrument, 1 if quantity > 0 else -1, legs, slippage, lots)
        key = f"e{desk.state.seq}"
        self.do(
            c.SetExit(id=key, agent=name, connection=connection, instrument=instrument, terms=terms, client=through), by
        )

    @happens(
        6,
        when=lambda self: self.desk.state.exits,
        data=st.data(),
        moves=st.lists(st.integers(-8, 8), min_size=3, max_size=3),
        legs=st.none() | st.none() | LEGS,
        slippage=SLIPPAGES,
        lots=PARTS,
        how=st.sampled_from(["agent", "agent", "agent", "other", "operator"]),
    )
    def amend(self, data: Any, moves: list[int], legs: Any, slippage: Any, lots: Any, how: str) -> None:
        """New terms: the same ones, moved a little, or others altogether."""
        exit = data.draw(st.sampled_from(list(self.desk.state.exits.values())))
        terms = exit.terms
        if legs is not None:
            terms = terms_of(self.desk.state, exit.instrument, exit.sign, legs, slippage, lots)
        else:
            tick = self.desk.state.instruments[exit.instrument].tick
            moved = tuple(_moved(leg, move, tick) for leg, move in zip(terms.legs, moves, strict=False))
            terms = msgspec.structs.replace(terms, legs=moved)
        by = {"operator": ANN, "other": agent("carry")}.get(how, agent(exit.agent))
        body = c.SetExit(
            id=exit.id, agent=exit.agent, connection=exit.connection, instrument=exit.instrument, terms=terms
        )
        before, loosened = self.desk.image(), loosens(exit, terms)
        record = self.do(body, by)
        refused = [event.code for event in record.events if isinstance(event, e.Refused)]
        if not by.is_person and loosened or by.name != exit.agent and how == "other":
            assert refused and self._only_time_passed(record, before), (exit, terms)
        if refused == ["widens_stop"]:
            assert loosened, "only what loosens is refused as such"

    def _only_time_passed(self, record: Any, before: bytes) -> bool:
        return len(record.events) > 1 or self.desk.image() == before

    @happens(2, when=lambda self: self.desk.state.exits, data=st.data(), by=st.sampled_from([None, None, ANN, BOB]))
    def drop_exit(self, data: Any, by: Any) -> None:
        exit = data.draw(st.sampled_from(list(self.desk.state.exits.values())))
        self.do(c.DropExit(exit=exit.id), agent(exit.agent) if by is None else by)

    @happens(6, when=lambda self: self.exits("armed"), data=st.data(), over=st.integers(-2, 3), low=st.booleans())
    def touch(self, data: Any, over: int, low: bool) -> None:
        """A mark just at a stop, short of it or beyond."""
        exit = data.draw(st.sampled_from(self.exits("armed")))
        state, levels = self.desk.state, stops_of(exit)
        tick, known = state.instruments[exit.instrument].tick, state.marks[exit.instrument]
        if not levels:
            return
        level = int(data.draw(st.sampled_from(sorted(levels.values()))) * SCALE) // tick * tick
        price = Price(max(level - exit.sign * over * tick, tick))
        if state.instruments[exit.instrument].kind == "prediction":
            price = Price(min(price, SCALE - tick))
        self.everyone_moved()
        # A bar, so that it may be far away; one with extremes comes back to where the price was.
        fields = {"fair": price, "resolution_ns": 60 * 10**9, "at": self.desk.at}
        if low:
            fields |= {"low": min(price, known.last), "high": max(price, known.last)}
        else:
            fields |= {"bid": price, "ask": price, "last": price, "low": None, "high": None}
        self.do(c.Marked(marks=(msgspec.structs.replace(known, **fields),)))

    @happens(
        8,
        when=lambda self: self.exits("triggered"),
        data=st.data(),
        part=st.sampled_from([None, Fraction(0), Fraction(1, 2), Fraction(1), Fraction(1)]),
    )
    def close(self, data: Any, part: Fraction | None) -> None:
        """The guard closes: what it sends is let out whatever stands, and never sells more than is held."""
        exit = data.draw(st.sampled_from(self.exits("triggered")))
        intent = closing(self.desk.state, exit.id, self.desk.at + 1_000_000)
        if intent is None:
            return
        most = closable(self.desk.state, exit.agent, exit.connection, exit.instrument, exit.side)
        record = self.do(c.Submit(intent=intent, client=exit.client), GUARD)
        decision = record.decision
        assert decision is not None and decision.verdict == "allow", record
        assert decision.quantity == decision.reducing <= most
        if part is not None:
            self.work(decision.order, part)
        if part == 0:
            self.do(c.Expired(order=decision.order))

    def positions(self) -> list[tuple[str, str, str, int]]:
        """Return what agents hold: agent, connection, instrument, quantity."""
        return [
            (of.removeprefix("agent:"), connection, instrument, cell.quantity)
            for (of, connection, instrument), cell in self.desk.state.cells.items()
            if of.startswith("agent:") and cell.quantity
        ]


def _moved(leg: Leg, percent: int, tick: int) -> Leg:
    fields: dict[str, Any] = {
        field: Price(max(getattr(leg, field) * (100 + percent) // 100 // tick * tick, tick))
        for field in ("trigger", "offset", "activation")
        if getattr(leg, field) is not None
    }
    if leg.offset_bps is not None:
        fields["offset_bps"] = max(leg.offset_bps * (100 + percent) // 100, 1)
    return msgspec.structs.replace(leg, **fields)


def loosens(exit: Any, terms: ExitTerms) -> bool:
    """Whether new terms loosen any stop of an exit: fewer, further away, later, on less, or at another slippage."""
    if not exit.terms.stops:
        return False
    new = {leg.kind: leg for leg in terms.legs}
    for leg in exit.terms.legs:
        if leg.kind == "take_profit":
            continue
        if leg.kind not in new or (leg.offset is None) != (new[leg.kind].offset is None):
            return True
        if leg.trigger is not None and exit.sign * (new[leg.kind].trigger - leg.trigger) < 0:
            return True
        if (new[leg.kind].offset or 0) > (leg.offset or 0) or (new[leg.kind].offset_bps or 0) > (leg.offset_bps or 0):
            return True
        later = new[leg.kind].activation
        if leg.kind == "trailing_stop" and not (exit.active and not exit.order) and later is not None:
            if leg.activation is None or exit.sign * (later - leg.activation) > 0:
                return True
    fewer = terms.quantity is not None and (exit.terms.quantity is None or terms.quantity < exit.terms.quantity)
    return fewer or terms.slippage_bps != exit.terms.slippage_bps
