"""Deciding again: a second kernel that is fed with the same commands from the first one on.

While it decides, each order is also judged by the table walked rule by rule in another order, and now and then with one
limit more.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from remit.kernel.codec import encode
from remit.kernel.decide import GUARD_EXIT_RULES, Asked, Judge, Needs
from remit.kernel.event import VERDICTS, Decision, Record
from remit.kernel.kernel import Kernel
from remit.kernel.mandate import Mandate, MandateVersion, Rate, digest
from remit.kernel.names import GUARD
from remit.kernel.numbers import SCALE, Money, Quantity, Ratio
from remit.kernel.rules.compile import Evaluator, Lines, _path_lines
from remit.kernel.rules.generate import Line
from remit.kernel.rules.table import RULES
from remit.kernel.snapshot import dump
from remit.kernel.state import State, Subject

TIGHTER_EVERY = 4
"""One decision of so many is judged again with one limit more."""
MORE: tuple[dict[str, Any], ...] = (
    {"order_notional_max": Money(300 * SCALE)},
    {"order_notional_max": Money(10**9 * SCALE)},
    {"order_quantity_max": Quantity(5 * SCALE)},
    {"market_exposure_max": Money(900 * SCALE)},
    {"market_exposure_max": Money(10**9 * SCALE)},
    {"category_exposure_max": Money(10**9 * SCALE)},
    {"venue_exposure_max": Money(4_000 * SCALE)},
    {"gross_exposure_max": Money(3_000 * SCALE)},
    {"gross_exposure_max": Money(10**9 * SCALE)},
    {"net_exposure_max": Money(2_000 * SCALE)},
    {"capital_max": Money(10**9 * SCALE)},
    {"positions_max": 1},
    {"orders_open_max": 2},
    {"orders_open_max": 10**6},
    {"approval_notional_min": Money(200 * SCALE)},
    {"approval_notional_min": Money(10**9 * SCALE)},
    {"quorum_notional_min": Money(10**9 * SCALE), "approval_quorum": 1},
    {"instruments_allowed": ("AAPL", "YES")},
    {"sides_allowed": ("buy",)},
    {"sides_allowed": ("buy", "sell")},
    {"daily_loss_max": Money(10**9 * SCALE)},
    {"drawdown_max": Money(10**9 * SCALE)},
    {"order_rate_max": Rate(10**6, 1)},
    {"short_allowed": "blocked"},
    {"confidence_min": Ratio(SCALE * 6 // 10)},
    {"price_collar_bps": 300},
)
"""Limits to add where there is none, or to tighten to where the one there is looser: some bind, some never could."""


class Judged(NamedTuple):
    """How one order was judged: as it counts, by the walked table in another order, and with one limit more."""

    decision: Decision
    lines: int
    """How many lines of the table did not hold, rule by rule."""
    other: Decision
    tighter: Decision | None
    added: str


class Walked(Evaluator):
    """Judges rule by rule, and remembers how many lines did not hold."""

    __slots__ = ("found",)

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self.lines = lines  # and nothing is generated: it only ever walks
        self.found: list[int] = []

    def check(self, order: Any, sums: Sequence[Any], changes: Sequence[Any]) -> list[int] | None:
        found = self.walk(order, sums, changes)
        self.found = found or []
        return found


class WalkedLines(Lines):
    """Makes evaluators that walk the table."""

    def evaluator(self, path: Sequence[tuple[str, str, Mandate | None]]) -> Evaluator:
        key = tuple((scope, known) for scope, known, _ in path)
        found = self._evaluators.get(key)
        if found is None:
            found = self._evaluators[key] = Walked(_path_lines(self.rules, path))
        return found


class Watching(Judge):
    """Judges as the kernel does, and beside it in other ways that must come to the same, or to no less."""

    def __init__(self, state: State, seed: int) -> None:
        super().__init__(state)
        self.judged: list[Judged] = []
        self._source = random.Random(f"{seed}/again")
        shuffled = list(RULES)
        self._source.shuffle(shuffled)
        self._other = Judge(state)
        self._other._lines = WalkedLines(shuffled)
        self._more = WalkedLines(RULES)

    def forget(self) -> None:
        super().forget()
        self._other.forget()

    def judge(self, asked: Asked, order_id: str) -> tuple[Decision, Needs | None]:
        decision, needs = super().judge(asked, order_id)
        other, _ = self._other.judge(asked, order_id)
        lens = self._other._lenses.get(
            (asked.intent.agent, asked.client, asked.intent.connection, asked.intent.instrument)
        )
        lines = len(other.findings)
        if lens is not None and isinstance(lens.evaluator, Walked) and decision.currency:
            found = [lens.evaluator.lines[index].rule.name for index in lens.evaluator.found]
            by_guard = asked.by.role == GUARD.role and decision.reducing == decision.quantity
            lines = sum(not by_guard or name in GUARD_EXIT_RULES for name in found)
        tighter, added = None, ""
        if lens is not None and self._source.randrange(TIGHTER_EVERY) == 0:
            tighter, added = self._with_more(asked, order_id)
        self.judged.append(Judged(decision, lines, other, tighter, added))
        return decision, needs

    def _with_more(self, asked: Asked, order_id: str) -> tuple[Decision | None, str]:
        """Judge with one limit more, or a tighter one, of one subject on the path; the state is left as it was."""
        of: Subject = self._source.choice(self.state.path(asked.intent.agent, asked.client))
        limits, version = self._source.choice(MORE), of.version
        if version is None:
            return None, ""
        mandate = msgspec.structs.replace(version.mandate, **_no_looser(version.mandate, limits))
        judge = Judge(self.state)
        judge._lines = self._more
        try:
            of.version = _published(version, mandate)
            return judge.judge(asked, order_id)[0], f"{', '.join(limits)} of {of.written}"
        finally:
            of.version = version


def _no_looser(mandate: Mandate, limits: dict[str, Any]) -> dict[str, Any]:
    """Return the limits that are new or tighter than those of a mandate."""
    found: dict[str, Any] = {}
    for name, value in limits.items():
        known = getattr(mandate, name)
        if known is None:
            found[name] = value
        elif name == "approval_quorum":
            found[name] = max(known, value)
        elif name == "confidence_min":
            found[name] = max(known, value)
        elif isinstance(value, tuple):
            found[name] = tuple(sorted({*known} & {*value}))
        elif isinstance(value, int):
            found[name] = min(known, value)
    return found


def _published(version: MandateVersion, mandate: Mandate) -> MandateVersion:
    return msgspec.structs.replace(version, mandate=mandate, digest=digest(mandate))


class Again:
    """The second kernel. `derived` is what the last record's command leads to here, None where that raised, and
    `raised` why; `judged` is how its order was judged."""

    def __init__(self, seed: int = 0) -> None:
        self.kernel = Kernel()
        self.judge = self.kernel.judge = Watching(self.kernel.state, seed)
        self.derived: Record | None = None
        self.raised = ""

    @property
    def state(self) -> State:
        return self.kernel.state

    @property
    def judged(self) -> list[Judged]:
        return self.judge.judged

    def follow(self, record: Record) -> None:
        """Decide a record's command again."""
        self.judge.judged.clear()
        self.derived, self.raised = None, ""
        try:
            self.derived = self.kernel.step(record.command)
        except Exception as fault:  # noqa: BLE001  whatever it is, the guard wrote what cannot be decided again
            self.raised = f"{type(fault).__name__}: {fault}"

    def dump(self) -> bytes:
        """Return the whole state as canonical bytes."""
        return dump(self.state)


def verdict_rank(decision: Decision) -> int:
    """Return how tight a verdict is."""
    return VERDICTS.index(decision.verdict)


def differing(one: bytes, other: bytes) -> str:
    """Return the first table in which two dumped states differ, with both sides."""
    left, right = msgspec.json.decode(one), msgspec.json.decode(other)
    for name in left:
        if left[name] != right.get(name):
            return f"{name}: {_short(left[name], right.get(name))}"
    return "the bytes alone differ"


def _short(one: Any, other: Any) -> str:
    if isinstance(one, list) and isinstance(other, list):
        for row, also in zip(one, other, strict=False):
            if row != also:
                return f"{encode(row).decode()[:300]} and {encode(also).decode()[:300]}"
        return f"{len(one)} rows and {len(other)} rows"
    return f"{encode(one).decode()[:300]} and {encode(other).decode()[:300]}"
