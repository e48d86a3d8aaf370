"""Rule: one row of the table. A rule measures; the row says how the measurement must stand to the limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from remit.kernel.event import HaltCause
from remit.kernel.mandate import LIMITS
from remit.kernel.names import MANDATE_SCOPES, Scope
from remit.kernel.rules.relation import Relation
from remit.kernel.rules.subset import check
from remit.kernel.rules.tree import Tree, roots, without_order
from remit.kernel.rules.unit import FACT, Unit

Lane = Literal["every", "opening", "reducing"]
EVERY: Lane = "every"
OPENING: Lane = "opening"
"""Orders of which any part increases risk (`order.opening`); a proven reduction passes."""
REDUCING: Lane = "reducing"
"""Orders that are not opening."""

Per = Literal["total", "market", "category", "venue"]
TOTAL: Per = "total"
MARKET: Per = "market"
CATEGORY: Per = "category"
VENUE: Per = "venue"
PERS: tuple[Per, ...] = (TOTAL, MARKET, CATEGORY, VENUE)
"""In the order in which the sums of one subject lie in the flat tuple an evaluator is given."""


@dataclass(frozen=True, slots=True)
class Deny:
    """A breach denies.

    `halt`: it also latches a halt of that cause on the subject. `cancel`: working orders that worsen it are cancelled.
    `retry`: the finding says after how long the same order would pass; `retry_s`: after so many seconds, whatever was
    measured.
    """

    halt: HaltCause | None = None
    cancel: bool = False
    retry: bool = False
    retry_s: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A breach holds the order for people. A measurement that cannot be made denies all the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One control: its measurement, its relation to the limit, and what follows from a breach.

    Raises OutsideSubset for a measurement that cannot be read, and ValueError for a row that contradicts itself.
    """

    measure: Callable[..., Any]
    relation: Relation
    breach: Deny | Hold = Deny()
    lane: Lane = EVERY
    per: Per = TOTAL
    unit: Unit = FACT
    standing: bool = False
    """A fact that no mandate limits; judged once per order, of the order alone."""
    limit: Any = None
    """What a standing rule is compared to, where its relation needs something."""
    state: bool = False
    """Also judged with no order, after marks and fills, of the sums alone."""
    agents_only: bool = False
    """Not asked of people (`order.by_agent`)."""
    worsens: bool = False
    """Breached only if the measurement after the order is also worse than before it."""
    scopes: tuple[Scope, ...] = MANDATE_SCOPES
    """Whose mandates may set it; in the mandate of any other scope it does not bind."""
    tree: Tree = field(init=False)
    """The measurement as read from its source."""
    resting: Tree = field(init=False)
    """The same with a change of zeros: what is measured before the order, or with no order."""

    def __post_init__(self) -> None:
        tree = check(self.measure)
        object.__setattr__(self, "tree", tree)
        object.__setattr__(self, "resting", without_order(tree))
        for fault, found in (
            ("a limit's rule is named as the mandate's field", not self.standing and self.name not in LIMITS),
            ("a standing rule is no field of a mandate", self.standing and self.name in LIMITS),
            ("a standing rule measures the order alone", self.standing and not roots(tree) <= {"order"}),
            ("a standing rule is not judged without an order", self.standing and self.state),
            ("only a standing rule brings its own limit", not self.standing and self.limit is not None),
            ("a state rule measures sums alone", self.state and not roots(self.resting) <= {"of"}),
            ("its relation has no levels to watch", self.state and self.relation.reached is None),
            ("its relation does not know worse from better", self.worsens and self.relation.worse is None),
            ("its relation compares a pair", self.relation.wants_pair and not tree.may_be_pair),
            ("its relation does not compare a pair", not self.relation.wants_pair and tree.is_pair),
        ):
            if found:
                raise ValueError(f"rule {self.name}: {fault}")

    @property
    def name(self) -> str:
        return self.measure.__name__
