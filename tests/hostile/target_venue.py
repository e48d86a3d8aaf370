"""What comes from venues, and what reaches the paper venue: replies, messages, sealed requests with their permits."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from tests.hostile.target import Target, check_body, check_canonical, chosen, only, seeded
from tests.venues.paper.desk import ABC, GUARD_KEY, Desk, desk, mark, order, price, quantity

from remit.guard.loop import BODY_BYTES_MAX
from remit.kernel import command as c
from remit.kernel.codec import decode, encode
from remit.kernel.numbers import Money
from remit.kernel.permit import Permit, Request
from remit.venues.paper import messages
from remit.venues.paper.codec import Paper
from remit.venues.paper.messages import Sealed, read_frame, read_reply

PAPER = Paper()


def _requests() -> list[tuple[Request, str]]:
    """Every request there is, about one order, and which order its reply must be about."""
    made = order("a-1", "buy", "10", "100")
    made.pending = (quantity("12"), price("101"))
    return [
        *((ask(made, ABC, 5, 7), made.id) for ask in (PAPER.place, PAPER.cancel, PAPER.replace, PAPER.query)),
        (PAPER.snapshot("one", 5, 7), ""),
        (PAPER.cancel_all("one", 5, 7), ""),
        (PAPER.dead_man("one", 60, 5, 7), ""),
    ]


REQUESTS = _requests()


def check_replies(data: bytes) -> None:
    """A reply spells reports that can be journalled; one that makes no sense spells that the outcome is unknown."""
    way, reply = chosen(data, len(REQUESTS))
    request, about = REQUESTS[way]
    reports = PAPER.read(request, about, reply)
    for report in reports:
        _check_report(report)
        assert getattr(report, "order", about) == about or isinstance(report, c.Filled), "it speaks of another order"
    with only(ValueError) as refused:
        check_canonical(messages.Reply, read_reply(reply))
    if refused:
        unknown = c.Lost if about else c.NoData
        assert [type(report) for report in reports] == [unknown], "never a rejection, never an account of nothing"
    if any(isinstance(report, c.Rejected) for report in reports):
        said = read_reply(reply)
        assert isinstance(said, messages.Refused | messages.Shown), said


def _check_report(report: Any) -> None:
    check_body(report)
    assert len(encode(report)) <= BODY_BYTES_MAX, f"a {type(report).__name__} that no entry holds"


def reply_seeds() -> list[bytes]:
    fill = messages.Execution(fill="f-1", quantity=quantity("4"), price=price("99.5"), fee=Money(1), at=9)
    replies: list[messages.Reply] = [
        messages.Accepted(order="a-1", venue_order="v-1"),
        messages.Refused(order="a-1", code="increments", why="no"),
        messages.Refused(order="a-1", code="duplicate", why="no", known=True),
        messages.Shown(order="a-1", status="filled", instrument="ABC", side="buy", fills=(fill,)),
        messages.Shown(order="a-1", status="cancelled", venue_order="v-1", quantity=quantity("12"), price=price("101")),
        messages.Shown(order="a-1", status="never_seen"),
        messages.Done(connection="one"),
        messages.Holdings(
            connection="one", positions=(c.Holding("ABC", quantity("3")),), cash=(("USD", Money(5)),), orders=("a-1",),
            fills=(c.Filled(order="a-1", fill="f-1", quantity=quantity("4"), price=price("99.5")),),
        ),
        messages.Holdings(connection="one", positions=(), cash=(), orders=(), pages=2),
    ]  # fmt: skip
    return [seeded(way, encode(reply)) for way in range(len(REQUESTS)) for reply in replies]


# What a venue says unasked


def check_messages(data: bytes) -> None:
    """A message is read, or refused as a ValueError, by both halves alike."""
    with only(ValueError) as refused:
        number, at = PAPER.numbered(data)
        assert type(number) is int and type(at) is int
    with only(ValueError) as unheard:
        for report in PAPER.listen(data):
            _check_report(report)
        check_canonical(messages.Message, decode(messages.Message, data))
    assert bool(refused) == bool(unheard)


def message_seeds() -> list[bytes]:
    reports: list[Any] = [
        c.Filled(order="a-1", fill="f-1", quantity=quantity("4"), price=price("99.5")),
        c.Cancelled(order="a-1"), c.Expired(order="a-1"), c.Busted(order="a-1", fill="f-1"),
    ]  # fmt: skip
    return [
        encode(messages.Message(number=number, at=5, connection="one", report=report))
        for number, report in enumerate(reports, 1)
    ]


# Sealed requests at the paper venue


@lru_cache(maxsize=1)
def _sealed() -> tuple[list[bytes], frozenset[tuple[bytes, bytes]]]:
    """Real sealed requests, and what each of them permits: (permit, body)."""
    there = desk()
    frames = [there.seal(request, about) for request, about in REQUESTS]
    read = [read_frame(frame) for frame in frames]
    return frames, frozenset((one.permit, one.body) for one in read if isinstance(one, Sealed))


def _there() -> Desk:
    there = desk()
    there.mark(mark("99", "101"))
    return there


def check_permits(data: bytes) -> None:
    """Without the guard's own permit for exactly these bytes nothing happens at the venue, and the answer says why.

    The ways: any bytes as a frame; any body under a permit for another; any permit under the guard's signature.
    """
    way, said = chosen(data, 3)
    frames, permitted = _sealed()
    frame = said
    if way == 1:
        honest = read_frame(frames[0])
        assert isinstance(honest, Sealed)
        frame = encode(Sealed("POST", "/place", said, honest.permit, honest.signature))
    elif way == 2:
        body = REQUESTS[0][0].body
        frame = encode(Sealed("POST", "/place", body, said, GUARD_KEY.sign(said)))
    there = _there()
    before = _books(there)
    reply = read_reply(there.exchange.handle(frame, there.at))
    if isinstance(reply, messages.Refused):
        assert _books(there) == before, "a refusal changes nothing"
        return
    sealed = read_frame(frame)
    assert isinstance(sealed, Sealed)
    if way == 2:
        assert encode(decode(Permit, sealed.permit)) == sealed.permit
        assert decode(Permit, sealed.permit).digest == REQUESTS[0][0].digest
    else:
        assert (sealed.permit, sealed.body) in permitted, "it took what nobody permitted"
    again = read_reply(there.exchange.handle(frame, there.at))
    assert isinstance(again, messages.Refused) and again.code == "permit_used"


def _books(there: Desk) -> list[Any]:
    floor = there.exchange.floor
    return [
        *(encode(there.exchange.holdings(name)) for name in ("one", "two")),
        dict(floor.dead_men),
        len(floor.orders),
    ]


def permit_seeds() -> list[bytes]:
    frames, permitted = _sealed()
    permit = read_frame(frames[0])
    assert isinstance(permit, Sealed)
    return [
        *(seeded(0, frame) for frame in frames),
        *(seeded(1, body) for _, body in sorted(permitted)),
        seeded(2, permit.permit),
        seeded(0, encode(messages.Subscribe(connection="one", after=3))),
        seeded(0, encode(messages.FromFeed(key="k", session_ended=True))),
    ]


WORDS = ("never_seen", "cancelled", "venue_order", "instrument", "duplicate", "pages", "known", "reply", "do", "frame")
TARGETS = (
    Target("replies", check_replies, reply_seeds, WORDS),
    Target("messages", check_messages, message_seeds, ("number", "report", "kind", "filled", "busted")),
    Target("permits", check_permits, permit_seeds, WORDS, cost=3),
)
