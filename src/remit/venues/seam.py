"""The seam that every venue implements: orders to requests, replies to reports; pure, without keys or sockets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from remit.kernel.command import Body
from remit.kernel.instrument import Instrument
from remit.kernel.order import Order
from remit.kernel.permit import Request


class Unencodable(Exception):
    """The venue's protocol cannot express this order; the reason is the message. A definitive refusal, before any byte
    is sent."""


class Venue(Protocol):
    """One venue's codec. `at` is the journal's time and `nonce` is kernel state, so that the same call gives the same
    bytes."""

    name: str

    def place(self, order: Order, instrument: Instrument, at: int, nonce: int) -> Request:
        """Return the request that places `order`, or raise Unencodable."""

    def cancel(self, order: Order, instrument: Instrument, at: int, nonce: int) -> Request:
        """Return the request that cancels `order`."""

    def replace(self, order: Order, instrument: Instrument, at: int, nonce: int) -> Request:
        """Return the request that moves `order` to its pending terms, or raise Unencodable."""

    def query(self, order: Order, instrument: Instrument, at: int, nonce: int) -> Request:
        """Return the request that asks what became of `order`, by its client order id."""

    def snapshot(self, connection: str, at: int, nonce: int) -> Request:
        """Return the request for everything a connection holds: positions, cash, working orders."""

    def seal(self, request: Request, permit: bytes, signature: bytes) -> bytes:
        """Return the bytes that travel: the request with its permit and the guard's signature attached."""

    def read(self, request: Request, order: str, reply: bytes) -> Sequence[Body]:
        """Return the reports a reply spells; a reply that makes no sense is a `Lost`, never a rejection."""

    def subscribe(self, connection: str, after: int) -> bytes:
        """Return the bytes that open the stream of what a connection's venue says unasked, after message number
        `after`."""

    def numbered(self, message: bytes) -> tuple[int, int]:
        """Return an unsolicited message's number, which `subscribe` goes on from, and when it happened by the venue's
        clock. Raises ValueError for bytes that are no message."""

    def listen(self, message: bytes) -> Sequence[Body]:
        """Return the reports that an unsolicited message of the venue spells."""
