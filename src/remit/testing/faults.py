"""A paper venue on which everything goes wrong that can, by a plan: for tests of a guard, with sockets and without.

    faulty = FaultyPaper(exchange, Drawn(random.Random(7), {"lost_reply": 100, "swapped": 50}))
    PaperServer(exchange, answer=faulty.answer, log=faulty.log, clock=faulty.clock(time.time_ns))    a process
    world.venues["paper1"] = faulty.script(world.now)                                                in memory

Nothing here has a clock or chance of its own: the caller gives the instants, and either an explicit plan or the random
source. The same calls with the same plan give the same bytes.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Protocol, get_args

import msgspec

from remit.guard.errors import LinkDown, NoReply
from remit.kernel.codec import encode
from remit.kernel.numbers import BPS, Money, Price, Quantity
from remit.venues.paper import messages
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.incident import Incidents
from remit.venues.paper.messages import Holdings, Message, Refused, Sealed
from remit.venues.paper.permits import Refusal
from remit.venues.paper.state import PaperOrder

Fault = Literal[
    "lost_request", "late_request", "lost_reply", "error_after", "error_body", "too_many", "garbage", "twice",
    "partial_fill", "filled_first", "filled_after", "taken_id", "busted", "stray_order",
    "position_drift", "cash_drift", "partial_page", "empty_page",
]  # fmt: skip
MessageFault = Literal["dropped", "doubled", "swapped"]

MEANING: dict[str, str] = {
    "lost_request": "the request never arrives, and nothing is answered",
    "late_request": "the request arrives only after the next one about the same order, and nothing is answered",
    "lost_reply": "the request is carried out, and nothing is answered",
    "error_after": "the request is carried out, and the answer is an error page",
    "error_body": "the request is not carried out, and the answer is an error in a form of its own",
    "too_many": "the request is refused because there were too many",
    "garbage": "the request is carried out, and the answer is no text at all",
    "twice": "the same bytes arrive twice",
    "partial_fill": "half of the order fills as soon as it was taken",
    "filled_first": "the order fills just before the request to cancel or replace it arrives",
    "filled_after": "the order fills although its cancel was acknowledged",
    "taken_id": "somebody else has placed an order under this id just before",
    "busted": "the venue takes back the connection's last fill",
    "stray_order": "somebody else places an order on the connection",
    "position_drift": "a position moves without a trade",
    "cash_drift": "cash moves without a trade",
    "partial_page": "the account shows the first of two pages only",
    "empty_page": "the account shows nothing at all",
    "dropped": "a message never comes",
    "doubled": "a message comes twice",
    "swapped": "a message comes after the next one",
}
"""What each fault does, in words."""
FITS: dict[str, tuple[str, ...]] = {
    "partial_fill": ("place",),
    "taken_id": ("place",),
    "filled_first": ("cancel", "replace"),
    "filled_after": ("cancel",),
    "partial_page": ("snapshot",),
    "empty_page": ("snapshot",),
}
"""The actions that a fault is about; one that is not named fits every action."""
NOT_ANSWERED = ("lost_request", "late_request", "lost_reply")
NOT_CARRIED_OUT = ("lost_request", "late_request", "error_body", "too_many")
ERROR_PAGE = b"<html><body>502 Bad Gateway</body></html>"
ERROR_BODY = b'{"error":{"code":-1001,"message":"internal error; unable to process your request"}}'


class Plan(Protocol):
    """Says what goes wrong; asked once for each request and once for each message, in order."""

    def of_request(self, action: str) -> Fault | None:
        """Return the fault of the next request, or None."""

    def of_message(self) -> MessageFault | None:
        """Return the fault of the next message, or None."""


class Listed:
    """An explicit plan: the faults of each action's requests, and of the messages, in order; None lets one pass.

    What comes after the end of a list goes well. Raises ValueError for a fault that does not fit its action.
    """

    def __init__(
        self, requests: Mapping[str, Iterable[Fault | None]] | None = None, told: Iterable[MessageFault | None] = ()
    ) -> None:
        self._requests = {action: deque(faults) for action, faults in (requests or {}).items()}
        self._told = deque(told)
        for action, faults in self._requests.items():
            for fault in faults:
                if fault is not None and not fits(fault, action):
                    raise ValueError(f"{fault} is no fault of a {action}")

    def of_request(self, action: str) -> Fault | None:
        waiting = self._requests.get(action)
        return waiting.popleft() if waiting else None

    def of_message(self) -> MessageFault | None:
        return self._told.popleft() if self._told else None


class Drawn:
    """A plan drawn from the caller's random source. `chances` are in ten-thousandths for each request that the fault
    fits, or each message. Raises ValueError for an unknown fault or chances of more than one of either sort.
    """

    def __init__(self, source: random.Random, chances: Mapping[str, int]) -> None:
        self._requests = [(fault, chances[fault]) for fault in get_args(Fault) if fault in chances]
        self._told = [(fault, chances[fault]) for fault in get_args(MessageFault) if fault in chances]
        whole = all(sum(chance for _, chance in of) <= BPS for of in (self._requests, self._told))
        if chances.keys() - MEANING.keys() or not whole or min(chances.values(), default=0) < 0:
            raise ValueError(
                f"no plan can be drawn from {dict(chances)}: say known faults and at most {BPS} of each sort"
            )
        self._source = source

    def of_request(self, action: str) -> Fault | None:
        fault: Fault | None = self._draw(self._requests)
        return fault if fault is not None and fits(fault, action) else None

    def of_message(self) -> MessageFault | None:
        fault: MessageFault | None = self._draw(self._told)
        return fault

    def _draw(self, chances: list[tuple[Any, int]]) -> Any:
        drawn = self._source.randrange(BPS)
        for fault, chance in chances:
            if drawn < chance:
                return fault
            drawn -= chance
        return None


def fits(fault: str, action: str) -> bool:
    """Return whether a fault can befall a request of this action."""
    return action in FITS.get(fault, (action,))


class FaultyPaper:
    """One exchange behind a plan of faults. `skew_ns` is how far the venue's clock is ahead; `is_away` is an outage.

    `sent` is every sealed request as the guard sent it, before anything went wrong with it; `befell` is what did.
    """

    def __init__(self, exchange: PaperExchange, plan: Plan, *, skew_ns: int = 0) -> None:
        self.exchange = exchange
        self.incidents = Incidents(exchange)
        self.plan: Plan = plan
        self.skew_ns = skew_ns
        self.is_away = False
        self.sent: list[bytes] = []
        self.befell: list[str] = []
        self._late: list[tuple[str, bytes]] = []
        self._told: dict[tuple[str, int], MessageFault | None] = {}

    def stop(self) -> None:
        """Switch every fault off, from now on; what was dropped or held back of the past comes on asking again."""
        self.plan, self.skew_ns, self.is_away = Listed(), 0, False
        self._told = dict.fromkeys(self._told)

    def clock(self, now: Callable[[], int]) -> Callable[[], int]:
        """Return the venue's clock: the given one, and the skew."""
        return lambda: now() + self.skew_ns

    def script(self, now: Callable[[], int]) -> Callable[[bytes], bytes]:
        """Return what a world in memory asks for a reply; `now` is the true time. It raises LinkDown in an outage and
        NoReply where nothing is answered."""

        def reply(sealed: bytes) -> bytes:
            if self.is_away:
                raise LinkDown("the venue is away", "Try again later")
            try:
                return self.answer(sealed, now() + self.skew_ns)
            except ConnectionError as problem:
                raise NoReply(str(problem), "Ask the venue what became of it") from None

        return reply

    def answer(self, sealed: bytes, at: int) -> bytes:
        """Return the reply to a sealed request at the venue's time `at`; ConnectionAbortedError where there is none."""
        if self.is_away:
            raise ConnectionAbortedError("the venue is away")
        self.sent.append(sealed)
        body = _body(sealed)
        fault = None if body is None else self.plan.of_request(_action(body))
        if body is None or fault is None:
            return self._carry_out(sealed, body, at)
        self.befell.append(fault)
        self._before(fault, body, at)
        if fault == "late_request":
            self._late.append((_order(body), sealed))
        reply = b"" if fault in NOT_CARRIED_OUT else self._carry_out(sealed, body, at)
        if fault == "twice":
            self.exchange.handle(sealed, at)
        self._after(fault, body, at)
        if fault in NOT_ANSWERED:
            raise ConnectionAbortedError(f"{fault}: {MEANING[fault]}")
        return _spoilt(fault, body, reply)

    def log(self, connection: str, after: int) -> list[Message]:
        """Return the connection's messages from number `after` + 1 on, as the faults let them through.

        The last message, where it is swapped, waits for the next one.
        """
        heard: list[Message] = []
        waiting: list[Message] = []
        for message in self.exchange.log(connection, after):
            key = (connection, message.number)
            if key not in self._told:
                self._told[key] = drawn = self.plan.of_message()
                self.befell += [] if drawn is None else [drawn]
            fault = self._told[key]
            if fault == "swapped" and not waiting:
                waiting.append(message)
                continue
            heard += [] if fault == "dropped" else [message] * (2 if fault == "doubled" else 1)
            heard += waiting
            waiting.clear()
        return heard

    def _carry_out(self, sealed: bytes, body: messages.Body | None, at: int) -> bytes:
        """Hand a request to the exchange, and after it what was kept waiting for it."""
        reply = self.exchange.handle(sealed, at)
        about = "" if body is None else _order(body)
        overtaken = [late for order, late in self._late if order == about]
        self._late = [(order, late) for order, late in self._late if order != about]
        for late in overtaken:
            self.exchange.handle(late, at)
        return reply

    def _before(self, fault: str, body: messages.Body, at: int) -> None:
        """What befalls the venue just before the request arrives."""
        if fault == "filled_first" and isinstance(body, messages.Cancel | messages.Replace):
            self._fill(body.connection, body.order, 1, at)
        elif fault == "taken_id" and isinstance(body, messages.Place):
            self._place(body.connection, body.order, body.instrument, at)

    def _after(self, fault: str, body: messages.Body, at: int) -> None:
        """What befalls the venue once the request was carried out."""
        connection, floor = body.connection, self.exchange.floor
        if fault == "partial_fill" and isinstance(body, messages.Place):
            self._fill(connection, body.order, 2, at)
        elif fault == "filled_after" and isinstance(body, messages.Cancel):
            self._fill(connection, body.order, 1, at)
        elif fault == "busted":
            orders = [order for (of, _), order in floor.orders.items() if of == connection and order.fills]
            if orders:
                last = max(orders, key=lambda order: order.fills[-1].at)
                self.incidents.bust(connection, last.id, last.fills[-1].fill, at)
        elif fault == "stray_order":
            self._place(connection, f"stray-{len(self.sent)}", next(iter(floor.instruments)), at)
        elif fault == "position_drift":
            name, instrument = next(iter(floor.instruments.items()))
            self.incidents.shift(connection, name, Quantity(7 * instrument.lot), at)
        elif fault == "cash_drift":
            currency, amount = next(iter(floor.accounts.cash[connection].items()))
            self.incidents.pay(connection, currency, Money(-amount // 10), at)

    def _fill(self, connection: str, order: str, part: int, at: int) -> None:
        """Fill one of so many parts of an order that the venue knows, in whole lots and one lot at least."""
        known = self.exchange.floor.orders.get((connection, order))
        if known is None:
            return
        lot = self.exchange.floor.instruments[known.instrument].lot
        size = known.remaining // part
        self.incidents.fill(connection, order, Quantity(max(size - size % lot, lot)), at)

    def _place(self, connection: str, order: str, instrument: str, at: int) -> None:
        """Let somebody else place a small order far from every market; one that cannot be paid for is not there."""
        listed = self.exchange.floor.instruments[instrument]
        stray = PaperOrder(
            id=order,
            connection=connection,
            instrument=instrument,
            side="buy",
            type="limit",
            time_in_force="gtc",
            quantity=Quantity(listed.lot),
            price=Price(listed.tick),
        )
        if (connection, order) in self.exchange.floor.orders:
            return
        try:
            self.incidents.stray(stray, at)
        except Refusal:
            self.befell.append("stray_order_not_paid")


def _action(body: messages.Body) -> str:
    return str(type(body).__struct_config__.tag)


def _order(body: messages.Body) -> str:
    return str(getattr(body, "order", ""))


def _body(sealed: bytes) -> messages.Body | None:
    try:
        frame = messages.read_frame(sealed)
        return messages.read_body(frame.body) if isinstance(frame, Sealed) else None
    except ValueError:
        return None


def _spoilt(fault: str, body: messages.Body, reply: bytes) -> bytes:
    """Return what is answered instead of the reply."""
    if fault == "error_after":
        return ERROR_PAGE
    if fault == "error_body":
        return ERROR_BODY
    if fault == "garbage":
        return bytes(255 - byte for byte in reply)
    if fault == "too_many":
        return encode(Refused(order=_order(body), code="too_many_requests", why="slow down"))
    if fault in ("partial_page", "empty_page"):
        held = messages.read_reply(reply)
        if isinstance(held, Holdings):
            half = {"pages": 2, "positions": held.positions[:1], "orders": held.orders[:1]}
            nothing = {"positions": (), "cash": (), "orders": (), "fills": ()}
            return encode(msgspec.structs.replace(held, **(half if fault == "partial_page" else nothing)))
    return reply
