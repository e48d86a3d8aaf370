"""The state: everything the kernel remembers, as plain tables. It is a fold of records and nothing else."""

from __future__ import annotations

from collections import deque

import msgspec

from remit.kernel import access
from remit.kernel.book import Cell
from remit.kernel.command import Busted, DeclareParent, Filled, Reconciled, SetVenueState
from remit.kernel.deadline import Deadlines
from remit.kernel.drift import Drift, Fill, Kind
from remit.kernel.event import Dimension, HaltCause
from remit.kernel.exit import Exit, exit_id
from remit.kernel.instrument import FxMark, Instrument, Mark, Unfit
from remit.kernel.level import LevelKey
from remit.kernel.mandate import MandateVersion, Proposal
from remit.kernel.model_call import ModelCall
from remit.kernel.names import At, Principal, Text, subject
from remit.kernel.numbers import DAY_NS, NANOSECONDS, SCALE
from remit.kernel.order import Order
from remit.kernel.sums import Cash, Sums

INTENT_LIFE_NS = 3 * DAY_NS
"""Finished orders are remembered this long; an intent created earlier is refused."""
CLOCK_LEAD_NS = 60 * NANOSECONDS
"""How far ahead of journal time a mark may be stamped, or an intent that opens."""
INTENT_LEAD_NS = DAY_NS // 2
"""How far ahead of journal time an intent may be stamped that only reduces: exits pass where the machine's clock jumped
ahead."""


class Subject:
    """One firm, account, agent or client: its mandate in force and its running sums."""

    __slots__ = ("written", "scope", "name", "currency", "total", "groups", "version", "number")

    def __init__(self, written: str, scope: str, name: str, currency: str, umbrella: Sums | None) -> None:
        self.written = written
        self.scope = scope
        self.name = name
        self.currency = currency
        self.total = Sums(umbrella)
        self.groups: dict[tuple[Dimension, str], Sums] = {}
        """Sums per ("market" | "category" | "venue", name)."""
        self.version: MandateVersion | None = None
        self.number = 0

    def group(self, dimension: Dimension, name: str) -> Sums:
        """Return the sums of one market, category or venue; they begin at nothing."""
        key: tuple[Dimension, str] = (dimension, name)
        sums = self.groups.get(key)
        if sums is None:
            sums = self.groups[key] = Sums(self.total.umbrella)
        return sums


class HaltFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A halt in force: the guard's own fact, latched until a person reviewed and resumed it."""

    id: str
    subject: str
    cause: HaltCause
    rule: str
    limit: str
    actual: str
    why: str
    at: At
    flatten: bool = False
    """Whether the guard closes the subject's positions while the halt lasts."""
    reviewed_by: str = ""
    reviewed_limit: str = ""
    review: str = ""
    by_owner: str = ""
    """The owner who raised it and may end it; empty where it was a limit or somebody else."""


class PauseFact(msgspec.Struct, frozen=True, kw_only=True):
    """A pause in force: a person's fact."""

    subject: str
    by: Principal
    at: At
    why: Text


class CancelAllFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last time a connection's venue was told to cancel everything, and what it answered."""

    connection: str
    at: At
    tries: int
    """How often it was told since a kill last asked for it."""
    code: str | None = None
    """Empty where the venue did it, else why not; None while there is no answer."""
    answered_at: At = 0


class ArmFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The dead man of a connection: when it was armed or renewed last, for how long, and what the venue answered."""

    connection: str
    at: At
    after_s: int
    code: str | None = None
    """Empty where the venue did it, else why not; None while there is no answer."""


class Seen(msgspec.Struct, frozen=True):
    """An intent id that was decided: by which entry, for which order, and what the intent said."""

    seq: int
    order: str
    fingerprint: str


class Calendar(msgspec.Struct, frozen=True):
    """A journalled calendar; outside its span nothing is known."""

    begins_at: At
    ends_at: At
    windows: tuple[tuple[At, At], ...]

    def is_open(self, at: int) -> bool:
        """Whether `at` lies in a window; `at` outside the span is not open, because nothing is known of it."""
        low, high = 0, len(self.windows)
        while low < high:
            middle = (low + high) // 2
            if self.windows[middle][1] <= at:
                low = middle + 1
            else:
                high = middle
        return low < len(self.windows) and self.windows[low][0] <= at


class State:
    """Everything the kernel remembers."""

    def __init__(self) -> None:
        self.seq = 0
        self.at = 0
        self.prefix = ""
        self.version = ""
        self.firm_currency = ""
        self.crashed = False
        self._begin_access()
        # the book
        self.cash: dict[tuple[str, str], Cash] = {}
        self.cells: dict[tuple[str, str, str], Cell] = {}
        self.cells_of: dict[str, list[Cell]] = {}
        self.orders: dict[str, Order] = {}
        self.orders_of: dict[str, dict[str, None]] = {}
        """Live order ids per agent, oldest first."""
        self.finished: dict[str, Order] = {}
        self.finished_at: deque[tuple[int, str]] = deque()
        self.fills: dict[str, Fill] = {}
        """By fill id (with its connection), in the order in which they were heard, for as long as their order is
        remembered."""
        self.confirmed: dict[tuple[str, str], int] = {}
        """Per (connection, instrument): the position as its venue last showed it, moved along by fills since."""
        self.crossings: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
        """Working orders per (owner, instrument, side), sorted by worst price."""
        # what venues show
        self.tolerances: dict[str, access.Tolerance] = {}
        """Per connection for which a person said other than the defaults."""
        self.gathered: dict[str, Reconciled] = {}
        """The parts of an account that are there so far."""
        self.reconciled_at: dict[str, int] = {}
        """When a connection's venue last gave a whole account."""
        self.doubted: dict[str, int] = {}
        """Per connection: the last entry that put what is known of it into doubt. An account asked for before is
        none."""
        self.silent: dict[str, int] = {}
        """Rounds in a row without one."""
        self.drifts: dict[str, tuple[Drift, ...]] = {}
        """What differed in the last round, less what a person decided since."""
        self.kept: dict[tuple[str, Kind, str], int] = {}
        """Per (connection, kind, item): how much more the venue may show, because a person said so."""
        self.unknown: dict[str, dict[str, int]] = {}
        """Since when the outcome of which orders is unknown, oldest first, per connection."""
        self.settled: deque[tuple[int, str, Kind, str, int]] = deque()
        """What moved the book without a fill, oldest first: when, connection, kind, item, by how much. The venue may
        show it late."""
        self._begin_world()
        self._begin_exits()
        self._begin_behaviour()

    def _begin_access(self) -> None:
        self.accounts: dict[str, access.Account] = {}
        self.connections: dict[str, access.Connection] = {}
        self.agents: dict[str, access.Agent] = {}
        self.clients: dict[str, access.Client] = {}
        self.grants: set[tuple[str, str]] = set()
        self.capabilities: set[tuple[str, str]] = set()
        self.people: dict[str, access.Person] = {}
        self.tokens: dict[str, access.TokenGrant] = {}
        self.revoked: set[str] = set()
        self.preapprovals: dict[str, access.Preapproval] = {}
        """By id, for INTENT_LIFE_NS beyond their end."""
        self.preapprovals_of: dict[str, dict[str, None]] = {}
        """Their ids per agent."""
        self.preapproval_ends = Deadlines()
        self.callbacks: dict[str, access.CallbackKey] = {}
        self.keys: dict[tuple[str, str], access.VenueKey] = {}
        """Per (connection, agent): the key in force, where one was set; before that it is the vault's first."""
        self.called_back: dict[tuple[str, str], int] = {}
        """Per (callback, message id): when it was heard, oldest first."""
        self.subjects: dict[str, Subject] = {}
        self._paths: dict[tuple[str, str], tuple[Subject, ...]] = {}
        """What `path` has found; subjects are added and never go."""
        self.history: dict[str, list[MandateVersion]] = {}
        self.proposals: dict[str, Proposal] = {}
        """What waits for a second person, oldest first."""

    def _begin_world(self) -> None:
        self.instruments: dict[str, Instrument] = {}
        self.markets: dict[str, list[str]] = {}
        self.marks: dict[str, Mark] = {}
        self.fx: dict[tuple[str, str], FxMark] = {}
        self.unfit: dict[str, Unfit] = {}
        """Instruments whose price is not to be trusted now."""
        self.begun: dict[str, str] = {}
        """Which of them became so with the marks taken last, and why: said once, and no part of a snapshot."""
        self.zones: dict[str, tuple[int, ...]] = {}
        self.sessions: dict[str, int] = {}
        """The start of the current session per zone."""
        self.calendars: dict[str, Calendar] = {}
        self.volumes: dict[str, int] = {}
        self.locates: dict[tuple[str, str], tuple[int, int]] = {}
        self.restricted: dict[str, bool] = {}
        self.trading: dict[str, str] = {}
        self.margins: dict[str, int] = {}
        self.venue_states: dict[str, SetVenueState] = {}

    def _begin_exits(self) -> None:
        self.exits: dict[str, Exit] = {}
        self.exits_of: dict[str, dict[str, None]] = {}
        """Exit ids per instrument."""
        self.exits_at: dict[tuple[str, str, str], dict[str, None]] = {}
        """Exit ids per (agent, connection, instrument)."""
        self.exits_due: dict[str, None] = {}
        """Exits of which something has happened that no event has told yet."""
        self.past_exits: dict[str, Exit] = {}
        """Brackets that are over, for as long as their entry is remembered: it may still fill late."""
        self.expiries = Deadlines()
        """When instruments that have exits expire."""

    def _begin_behaviour(self) -> None:
        self.seen: dict[tuple[str, str], Seen] = {}
        self.seen_at: deque[tuple[int, tuple[str, str]]] = deque()
        self.same: dict[tuple[str, str, str, int, int], int] = {}
        self.same_at: deque[tuple[int, tuple[str, str, str, int, int]]] = deque()
        self.strange: dict[Filled | Busted, int] = {}
        """Fills of orders that are not in the book, or their being taken back: when each was told of, oldest first."""
        self.refusals: dict[str, tuple[str, int, int]] = {}
        """Per agent: the fingerprint refused last, how many times in a row, and when."""
        self.parents: dict[str, DeclareParent] = {}
        self.children: dict[str, int] = {}
        self.model_calls: dict[tuple[str, str], ModelCall] = {}
        """By agent and id: what is reserved, what is of unknown price, and for a day what is neither."""
        self.model_calls_at: deque[tuple[int, tuple[str, str]]] = deque()
        # stops
        self.pauses: dict[str, PauseFact] = {}
        self.halts: dict[str, HaltFact] = {}
        self.halted: dict[str, tuple[str, ...]] = {}
        """Halt ids per subject."""
        self.sweeps: dict[str, bool] = {}
        """Subjects whose orders are still being cancelled, a few at a time: all of them, or those that open."""
        self.cancel_alls: dict[str, CancelAllFact] = {}
        """Per connection that a kill reached."""
        self.armed: dict[str, ArmFact] = {}
        """Per connection whose dead man is armed, or was last tried to be."""
        self.levels: dict[LevelKey, int] = {}
        """Limits that are near (80) or exceeded (100), each told once."""
        self.look_cut: str | None = None
        """The subject at which looking at limits goes on with the next entry; None where nothing is left."""
        # what falls due
        self.holds = Deadlines()

    # -- subjects and cells

    def add_subject(self, scope: str, name: str, currency: str, umbrella: Sums | None) -> Subject:
        """Put a subject into the book, without a mandate."""
        written = subject(scope, name)
        added = self.subjects[written] = Subject(written, scope, name, currency, umbrella)
        self._paths.clear()
        return added

    def add_preapproval(self, preapproval: access.Preapproval) -> None:
        """Put a preapproval into its table, where its agent and its end find it."""
        self.preapprovals[preapproval.id] = preapproval
        self.preapprovals_of.setdefault(preapproval.agent, {})[preapproval.id] = None
        self.preapproval_ends[preapproval.id] = preapproval.ends_at

    def path(self, agent: str, client: str) -> tuple[Subject, ...]:
        """Return the subjects an order of `agent` (through `client`) is judged for: firm, account, agent and client."""
        path = self._paths.get((agent, client))
        if path is None:
            names = [subject("firm"), subject("account", self.agents[agent].account), subject("agent", agent)]
            if client:
                names.append(subject("client", client))
            path = self._paths[(agent, client)] = tuple(self.subjects[name] for name in names)
        return path

    def rate(self, of: str, to: str) -> int | None:
        """Return how much of `to` one unit of `of` is worth, as last marked, or None where nobody said."""
        if of == to:
            return SCALE
        mark = self.fx.get((of, to))
        if mark is not None:
            return int(mark.rate)
        inverse = self.fx.get((to, of))
        return -(-SCALE * SCALE // inverse.rate) if inverse is not None else None

    def unit(self, instrument: Instrument, currency: str) -> int | None:
        """Return multiplier times exchange rate into `currency`, at scale 10^-36, or None where the rate is missing."""
        rate = self.rate(instrument.currency, currency)
        return None if rate is None else instrument.multiplier * rate

    def margin_rate(self, instrument: Instrument) -> int | None:
        """Return the initial margin of an instrument: as stated; else all of its worth, but for a perpetual nothing is
        assumed."""
        stated = self.margins.get(instrument.name)
        if stated is not None:
            return stated
        return None if instrument.kind == "perpetual" else SCALE

    def cell(self, of: Subject, connection: str, instrument: Instrument, unit: int) -> Cell:
        """Return the stake of a subject in an instrument through a connection, empty if it is new.

        An empty one is worth no record: judging makes them too.
        """
        key = (of.written, connection, instrument.name)
        cell = self.cells.get(key)
        if cell is None:
            sums = (
                of.total,
                of.group("market", instrument.market_name),
                of.group("category", instrument.category),
                of.group("venue", instrument.venue),
            )
            rate = self.margin_rate(instrument)
            cell = self.cells[key] = Cell(
                of.written, connection, instrument.name, unit, SCALE if rate is None else rate, sums
            )
            mark = self.marks.get(instrument.name)
            if mark is not None:
                cell.price = mark.last
            self.cells_of.setdefault(instrument.name, []).append(cell)
        return cell

    def cash_of(self, connection: str, currency: str) -> Cash:
        """Return the cash of a connection in a currency; it begins at nothing."""
        key = (connection, currency)
        cash = self.cash.get(key)
        if cash is None:
            cash = self.cash[key] = Cash()
        return cash

    def order(self, name: str) -> Order | None:
        """Return a live or lately finished order."""
        return self.orders.get(name) or self.finished.get(name)

    def prune(self) -> None:
        """Forget what no rule can ask for any more; a function of journal time alone."""
        horizon = self.at - INTENT_LIFE_NS
        # An intent may be stamped ahead of its entry, so its id outlives the entry by as much.
        while self.seen_at and self.seen_at[0][0] < horizon - INTENT_LEAD_NS:
            self.seen.pop(self.seen_at.popleft()[1], None)
        while self.finished_at and self.finished_at[0][0] < horizon:
            order = self.finished.pop(self.finished_at.popleft()[1])
            self.past_exits.pop(exit_id(order.id), None)
            for fill in order.fills:
                del self.fills[fill]
        if self.preapproval_ends and self.preapproval_ends.first(horizon) < horizon:
            for name in [name for name, until in self.preapproval_ends.items() if until < horizon]:
                del self.preapproval_ends[name]
                del self.preapprovals_of[self.preapprovals.pop(name).agent][name]
        while self.proposals and next(iter(self.proposals.values())).until <= self.at:
            del self.proposals[next(iter(self.proposals))]
        while self.strange and next(iter(self.strange.values())) < horizon:
            del self.strange[next(iter(self.strange))]
        while self.called_back and next(iter(self.called_back.values())) < horizon:
            del self.called_back[next(iter(self.called_back))]
        while self.same_at and self.same_at[0][0] < horizon:
            at, key = self.same_at.popleft()
            if self.same.get(key) == at:
                del self.same[key]
