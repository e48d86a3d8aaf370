"""What must hold of limits that are judged with no order: their levels, and what a breach cancels."""

from __future__ import annotations

import copy
from collections import defaultdict
from fractions import Fraction
from typing import Any

from tests.kernel.measures import COUNTS, EXPOSURES, GROUPED, LOSSES, exposure_of, group_of, loss_of, reserving
from tests.kernel.recount import ROUNDING, Ledger

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.names import Principal

ROUNDED = ROUNDING * 10
LEVELS = {"near": 80, "over": 100, "back": 0}


class LevelWatch:
    """Looks at every limit after a command, and at what was cancelled for it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.refused: set[str] = set()
        """Orders whose cancel a venue refused: asked again when something next touches what they are in."""

    def before(self, state: Any, body: Any, by: Principal) -> None:
        self.levels = dict(state.levels)
        self.orders = {name: copy.copy(order) for name, order in state.orders.items()}

    def after(self, state: Any, record: Record) -> None:
        if state.look_cut is not None or any(isinstance(found, e.LookCut) for found in record.events):
            return
        if any(isinstance(found, e.SessionRolled) for found in record.events):
            self.levels = {key: stands for key, stands in self.levels.items() if key[1] != "daily_loss_max"}
        self._check_told(state, record)
        if isinstance(record.command.body, c.CancelRefused):
            self.refused.add(record.command.body.order)
        for of in state.subjects.values():
            mandate = None if of.version is None else of.version.mandate
            for rule in (*EXPOSURES, *LOSSES):
                limit = getattr(mandate, rule, None)
                if limit is not None:
                    self._check_limit(state, of, rule, Fraction(int(limit), 1 if rule in COUNTS else 10**18))
                else:
                    assert not [key for key in state.levels if key[:2] == (of.written, rule)]
        self._check_cancels(state, record)

    def _check_limit(self, state: Any, of: Any, rule: str, limit: Fraction) -> None:
        dimension = GROUPED.get(rule, "total")
        groups = sorted(name for what, name in of.groups if what == dimension) if rule in GROUPED else [""]
        for group in groups:
            key = (of.written, rule, dimension, group)
            if rule in LOSSES:
                measured = loss_of(state, self.ledger, rule, of.written)
            else:
                measured = exposure_of(state, rule, of.written, group)
            stood, stands = self.levels.get(key, 0), state.levels.get(key, 0)
            assert stands in expected(measured, limit, stood), (key, float(measured), float(limit), stood, stands)
            if rule in EXPOSURES and rule not in COUNTS and measured > limit + ROUNDED:
                self._check_enough(state, of.written, rule, group, limit)

    def _check_enough(self, state: Any, of: str, rule: str, group: str, limit: Fraction) -> None:
        """With everything that is being cancelled left out a limit holds, or nothing that is left worsens it."""
        leaving = {order.id for order in state.orders.values() if order.state == "pending_cancel"}
        leaving |= self.refused & state.orders.keys()
        left = exposure_of(state, rule, of, group, leaving)
        if left <= limit + ROUNDED:
            return
        for order in reserving(state, of, leaving):
            if order.opening and not is_of_guard(order):
                less = exposure_of(state, rule, of, group, leaving | {order.id})
                assert less >= left - ROUNDED, (of, rule, group, order.id, float(left), float(less))

    def _check_told(self, state: Any, record: Record) -> None:
        """Every crossing is told once: from how a limit stood to how it stands, step by step."""
        stood = dict(self.levels)
        for found in record.events:
            if isinstance(found, e.Crossed):
                key, now = (found.subject, found.rule, found.dimension, found.group), LEVELS[found.level]
                assert stood.get(key, 0) != now, key
                stood[key] = now
        for key in {*stood, *state.levels}:
            assert stood.get(key, 0) == state.levels.get(key, 0), key

    def _check_cancels(self, state: Any, record: Record) -> None:
        """What a breach cancels lessens it, oldest first, and is no more than needed."""
        moved = {found.order for found in record.events if isinstance(found, e.Moved)}
        leaving = {name for name, order in self.orders.items() if order.state == "pending_cancel"} - moved
        asked: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for found in record.events:
            if not isinstance(found, e.CancelAsked | e.Moved) or not hasattr(found, "why"):
                continue
            rule, _, of = found.why.partition(" of ")
            order = state.order(found.order)
            assert rule not in COUNTS, "a mere count cancels nothing"
            if rule in EXPOSURES and (isinstance(found, e.CancelAsked) or found.state == "cancelled"):
                asked[(of, rule, group_of(state.instruments[order.instrument], rule))].append(order.id)
            elif isinstance(found, e.CancelAsked):
                leaving.add(order.id)
        for (of, rule, group), going in asked.items():
            self._check_needed(state, of, rule, group, going, leaving)
            leaving.update(going)

    def _check_needed(self, state: Any, of: str, rule: str, group: str, going: list[str], leaving: set[str]) -> None:
        mandate = state.subjects[of].version.mandate
        limit = Fraction(int(getattr(mandate, rule)), 1 if rule in COUNTS else 10**18)
        if any(name not in state.orders and name not in self.orders for name in going):
            return  # held and withdrawn in one command: what it reserved is not to be seen from outside
        with _Held(state, self.orders, going):
            ages = {name: (state.order(name).at, int(name.rpartition("-")[2])) for name in going}
            assert going == sorted(going, key=ages.__getitem__), "oldest first"
            all_but_last = exposure_of(state, rule, of, group, leaving | {*going[:-1]})
            assert all_but_last > limit - ROUNDED, (of, rule, group, going, "more than needed")
            together = exposure_of(state, rule, of, group, leaving | {*going})
            alone = exposure_of(state, rule, of, group, leaving)
            for name in going:
                but_one = exposure_of(state, rule, of, group, leaving | {*going} - {name})
                only_one = exposure_of(state, rule, of, group, leaving | {name})
                older = {other for other in ages if ages[other] < ages[name]}
                order_in = exposure_of(state, rule, of, group, leaving | older)
                order_out = exposure_of(state, rule, of, group, leaving | older | {name})
                lessens = but_one > together or only_one < alone or order_out < order_in
                assert lessens, (of, rule, group, name, "going does not lessen it")
            for order in reserving(state, of, leaving | {*going}):
                older = (order.at, int(order.id.rpartition("-")[2])) < ages[going[-1]]
                if older and order.opening and not is_of_guard(order):
                    less = exposure_of(state, rule, of, group, leaving | {*going, order.id})
                    assert less >= together - ROUNDED, (of, rule, group, order.id, "was older and stayed")


def is_of_guard(order: Any) -> bool:
    """Whether an order closes for the guard: then no limit cancels it."""
    return bool(order.by_hand and not order.by_person)


class _Held:
    """Puts held orders back that were withdrawn, so that they can be measured."""

    def __init__(self, state: Any, before: dict[str, Any], going: list[str]) -> None:
        self.state = state
        self.back = {name: before[name] for name in going if name not in state.orders}

    def __enter__(self) -> None:
        self.state.orders.update(self.back)

    def __exit__(self, *_: object) -> None:
        for name in self.back:
            del self.state.orders[name]


def expected(measured: Fraction, limit: Fraction, stood: int) -> set[int]:
    """Return how a limit may stand that stood so and measures so; two answers only where rounding decides."""
    return {_stands(measured + by, limit, stood) for by in (-ROUNDED, Fraction(0), ROUNDED)}


def _stands(measured: Fraction, limit: Fraction, stood: int) -> int:
    if measured > limit:
        return 100
    if measured > 0 and measured * 100 >= limit * 80:
        return stood or 80
    return stood if measured > 0 and measured * 100 >= limit * 75 else 0
