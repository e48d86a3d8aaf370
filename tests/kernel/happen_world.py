"""What happens in the world: marks, sane and strange, rates, settlements, time, sleep and silence."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import msgspec
from tests.kernel.desk import ANN, money, price
from tests.kernel.stage import CONNECTIONS, Stage, happens, instruments

from remit.kernel import command as c
from remit.kernel.health import fault_of
from remit.kernel.numbers import SCALE, Price

SECOND = 10**9


class WorldThings(Stage):
    """Everything that is nobody's doing."""

    @happens(
        8,
        moves=st.lists(
            st.tuples(instruments, st.sampled_from([-40, -18, -10, -2, 2, 10, 18, 40])), min_size=1, max_size=4
        ),
        bar=st.booleans(),
        wide=st.integers(0, 6),
    )
    def mark(self, moves: list[tuple[str, int]], bar: bool, wide: int) -> None:
        """Marks of a second or of a minute, some with the extremes in between."""
        self.everyone_moved()
        marks = []
        for name, percent in dict(moves).items():
            mark = self.moved_mark(name, percent)
            if bar:
                mark = msgspec.structs.replace(mark, resolution_ns=60 * SECOND)
            if wide > 3:
                low, high = (Price(max(mark.last * (100 + by) // 100, 1)) for by in (-wide, wide))
                mark = msgspec.structs.replace(mark, low=low, high=high)
            marks.append(mark)
        self.do(c.Marked(marks=tuple(marks)))

    @happens(
        4,
        name=instruments,
        percent=st.sampled_from([-60, -30, 5, 30, 90]),
        how=st.sampled_from(["jump", "jump", "crossed", "future", "zero"]),
        then=st.sampled_from(["", "again", "other source", "last", "back"]),
    )
    def strange(self, name: str, percent: int, how: str, then: str) -> None:
        """A mark that is no price, or too far away; and what came next."""
        self.everyone_moved()
        mark = self.moved_mark(name, percent)
        changed: dict[str, Any] = {"source": "one"}
        if how == "crossed":
            changed["bid"] = Price(mark.ask + self.desk.state.instruments[name].tick)
        elif how == "future":
            changed["at"] = self.desk.at + 3600 * SECOND
        elif how == "zero":
            changed["last"] = Price(0)
        strange = msgspec.structs.replace(mark, **changed)
        known = self.desk.state.marks[name]
        self.do(c.Marked(marks=(strange,)))
        if then == "last":
            self.do(c.Tick(), after_ns=6 * SECOND)
        if then == "back":
            self.do(c.Marked(marks=(msgspec.structs.replace(known, at=self.desk.at),)))
        elif then:
            source = "two" if then == "other source" else "one"
            at = strange.at if how == "future" else self.desk.at
            self.do(c.Marked(marks=(msgspec.structs.replace(strange, at=at, source=source),)))

    def moved_mark(self, name: str, percent: int) -> Any:
        state = self.desk.state
        known, tick = state.marks[name], state.instruments[name].tick
        last = Price(min(max(known.last * (100 + percent) // 100 // tick * tick, tick), _ceiling(state, name)))
        fields = {"bid": last, "ask": last, "last": last, "fair": last, "low": None, "high": None, "resolution_ns": 0}
        return msgspec.structs.replace(known, at=self.desk.at, **fields)

    @happens(1, rate=st.sampled_from(["1.1", "1.25", "1.4"]), inverse=st.booleans())
    def fx(self, rate: str, inverse: bool) -> None:
        self.everyone_moved()
        if inverse:
            self.desk.rate("USD", "EUR", "0.8")
        else:
            self.desk.rate("EUR", "USD", rate)

    @happens(1, new=st.integers(1, 4), old=st.integers(1, 2))
    def split(self, new: int, old: int) -> None:
        self.everyone_moved()
        if any(cell.quantity * new % (old * SCALE) for cell in self.desk.state.cells_of.get("AAPL", ())):
            return
        self.do(c.Split(instrument="AAPL", new=new, old=old), ANN)
        self.venue_settles("AAPL")

    @happens(1, amount=st.sampled_from(["0.5", "1.25"]))
    def dividend(self, amount: str) -> None:
        self.do(c.Dividend(instrument="AAPL", amount=money(amount)), ANN)

    @happens(1, amount=st.sampled_from(["0.1", "-0.2"]))
    def funding(self, amount: str) -> None:
        self.do(c.Funding(instrument="PERP", amount=money(amount)), ANN)

    @happens(1, outcome=st.sampled_from(["yes", "no", "void", "disputed", "disputed"]))
    def resolve(self, outcome: Any) -> None:
        self.everyone_moved()
        void = price("0.5") if outcome == "void" else None
        self.do(c.Resolve(market="RAIN", outcome=outcome, void_price=void), ANN)
        if outcome != "disputed":
            self.venue_settles("YES", "NO")

    def venue_settles(self, *names: str) -> None:
        """What a venue held beyond the book is settled with the rest."""
        for known in (self.offsets, self.shown):
            for place in [place for place in known if place[2] in names]:
                del known[place]

    @happens(3, wait=st.sampled_from([1, 10, 60, 400, 3600, 25 * 3600, 80 * 3600]), times=st.integers(0, 2))
    def wait(self, wait: int, times: int) -> None:
        """Time passes; then marks come again, or do not yet."""
        self.do(c.Tick(), after_ns=wait * SECOND)
        self.everyone_moved()
        state = self.desk.state
        for _ in range(times):
            fresh = tuple(msgspec.structs.replace(mark, at=self.desk.at) for mark in state.marks.values())
            rates = tuple(msgspec.structs.replace(mark, at=self.desk.at) for mark in state.fx.values())
            self.do(c.Marked(marks=fresh, fx=rates))

    @happens(1, names=st.lists(instruments, min_size=1, max_size=3, unique=True))
    def quiet(self, names: list[str]) -> None:
        self.do(c.Quiet(instruments=tuple(names)))
        assert all(fault_of(self.desk.state, name) for name in names)

    @happens(1, slept=st.sampled_from([3, 90, 7200]), rounds=st.booleans())
    def wake(self, slept: int, rounds: bool) -> None:
        """The machine slept: nothing opens before each connection has shown a clean account."""
        self.do(c.Woke(slept_ns=slept * SECOND), after_ns=slept * SECOND)
        assert not any(known.reconciled for known in self.desk.state.venue_states.values())
        for connection in CONNECTIONS if rounds else ():
            self.reconcile(connection)


def _ceiling(state: Any, name: str) -> int:
    return SCALE * 99 // 100 if state.instruments[name].kind == "prediction" else 10**6 * SCALE
