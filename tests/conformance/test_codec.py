"""The codec: pure, exact, and never sure of what it was not told."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.harness import Harness
from tests.conformance.house import House, run
from tests.guard.desk import AAPL
from tests.venues.paper.desk import order

from remit.kernel import command as c
from remit.kernel.numbers import text
from remit.kernel.order import Order
from remit.kernel.permit import Request
from remit.venues.seam import Unencodable, Venue

ENDS = (c.Rejected, c.Cancelled, c.Expired, c.Filled, c.CancelRefused, c.Replaced, c.ReplaceRefused, c.Reconciled)
OF_CONNECTION = ("snapshot", "cancel_all", "dead_man")


def an_order(**more: str) -> Order:
    made = order("o-1", "buy", "4", "90", instrument="AAPL", connection="paper1")
    made.pending = (5 * 10**18, 91 * 10**18)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def every_request(codec: Venue, at: int = 7, nonce: int = 1) -> Iterator[Request]:
    for encode in (codec.place, codec.cancel, codec.replace, codec.query):
        yield encode(an_order(), AAPL, at, nonce)
    yield codec.snapshot("paper1", at, nonce)
    yield codec.cancel_all("paper1", at, nonce)
    yield codec.dead_man("paper1", 60, at, nonce)


def test_c01_the_same_call_gives_the_same_bytes(venue: type[Harness]) -> None:
    """The same call gives the same bytes: a codec holds no clock, no chance and no memory."""
    codec, again = venue.codec, type(venue.codec)()
    for first, second, third in zip(*(every_request(each) for each in (codec, again, codec)), strict=True):
        assert first == second == third


def test_c02_no_two_requests_share_a_digest(venue: type[Harness]) -> None:
    """Each action and each nonce has bytes of its own, so that a permit fits exactly one request."""
    digests = [request.digest for nonce in (1, 2) for request in every_request(venue.codec, nonce=nonce)]
    assert len(set(digests)) == len(digests) == 14


def test_c03_a_codec_reaches_no_key_and_no_clock(venue: type[Harness]) -> None:
    """The codec's module imports no clock, chance, network or vault."""
    module = sys.modules[type(venue.codec).__module__]
    reached = {getattr(value, "__module__", None) or getattr(value, "__name__", "") for value in vars(module).values()}
    banned = ("time", "random", "secrets", "socket", "ssl", "asyncio", "remit.guard", "cryptography")
    assert [name for name in reached if str(name).startswith(banned)] == []


def test_c04_every_action_has_words_and_an_answer(venue: type[Harness]) -> None:
    """Place, replace, query, cancel, snapshot, cancel-all and dead man all reach the venue and are understood."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        await house.replace(made, "5", "91")
        await house.ask(made)
        await house.cancel(made)
        await house.kill()
        assert {permit.action for permit, _ in house.permits()} == {
            "place",
            "replace",
            "query",
            "cancel",
            "snapshot",
            "cancel_all",
            "dead_man",
        }
        assert house.bodies(c.Lost) == house.bodies(c.NoData) == []

    run(venue, main)


def test_c05_numbers_travel_digit_by_digit(venue: type[Harness]) -> None:
    """Side, quantity and price arrive exactly as they were judged, to the last decimal."""

    async def main(house: House) -> None:
        for side, size, limit in (("buy", "123", "90.01"), ("sell", "7", "109.99"), ("buy", "1", "0.01")):
            made = await house.order(size, limit, side)
            known, quantity, price = house.venue.terms(made)
            assert (known, text(quantity), text(price)) == (side, size, limit)

    run(venue, main)


def test_c06_the_client_order_id_is_the_guard_s_own(venue: type[Harness]) -> None:
    """The venue knows an order by the guard's id, by which alone it is asked for later."""

    async def main(house: House) -> None:
        made = {await house.order("1", "90"), await house.order("2", "91")}
        assert house.venue.working() == made == house.working

    run(venue, main)


def test_c07_what_has_no_words_is_refused_before_any_byte(venue: type[Harness]) -> None:
    """What the protocol cannot say is Unencodable, never rounded and never left out."""
    unbounded = an_order()
    unbounded.type, unbounded.limit_price, unbounded.worst_price = "market", None, 0
    with pytest.raises(Unencodable):
        venue.codec.place(unbounded, AAPL, 7, 1)
    nothing_pending = an_order()
    nothing_pending.pending = None
    with pytest.raises(Unencodable):
        venue.codec.replace(nothing_pending, AAPL, 7, 1)


@given(reply=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_c08_a_reply_without_sense_settles_nothing(venue: type[Harness], reply: bytes) -> None:
    """Bytes that make no sense are an unknown outcome, for every action: never a rejection, an end or a fill."""
    for request in every_request(venue.codec):
        of_connection = request.action in OF_CONNECTION
        (report,) = venue.codec.read(request, "" if of_connection else "o-1", reply)
        assert isinstance(report, c.NoData if of_connection else c.Lost)


def test_c09_a_reply_about_something_else_settles_nothing(venue: type[Harness]) -> None:
    """A well-formed reply about another order or connection is an unknown outcome."""
    for request in every_request(venue.codec):
        of_connection = request.action in OF_CONNECTION
        reply = venue.others(request, "another")
        reports = venue.codec.read(request, "" if of_connection else "o-1", reply)
        assert [type(report) for report in reports] == [c.NoData if of_connection else c.Lost]


def test_c10_changed_bytes_do_nothing_at_the_venue(venue: type[Harness]) -> None:
    """A sealed request of which one bit was changed on its way does nothing; what became of it is asked."""

    async def main(house: House) -> None:
        made = []
        for place in (0.1, 0.3, 0.5, 0.7, 0.9):
            house.tampers = place
            made.append(await house.order("4", "90"))
        house.tampers = None
        await house.rest(10)
        assert not any(house.venue.knows(house.known(each)) for each in made)
        assert house.working == house.venue.working() == set()

    run(venue, main)
