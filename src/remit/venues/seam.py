"""The seam that every venue implements: orders to requests, replies to reports; pure, without keys or sockets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from remit.kernel.command import Body
from remit.kernel.instrument import Instrument
from remit.kernel.order import Order
from remit.kernel.permit import Request, Scheme


class Unencodable(Exception):
    """The venue's protocol cannot express this order; the reason is the message. A definitive refusal, before any byte
    is sent."""


class Powers(msgspec.Struct, frozen=True):
    """What the key of a connection can do at its venue beside trading. `withdraw` is None where nobody can tell."""

    withdraw: bool | None


class Venue(Protocol):
    """One venue's codec. `at` is the journal's time and `nonce` is kernel state, so that the same call gives the same
    bytes."""

    name: str
    scheme: Scheme | None
    """How requests are signed here; None where the venue checks the permits themselves."""

    def powers(self, connection: str) -> Powers:
        """Return what the key of a connection can do here, as far as it is known when its link opens."""

    def signed(self, request: Request) -> bytes:
        """Return the words of a request that are to be signed by `scheme`: nothing else of it is, and they follow from
        it alone. For secp256k1 they are a digest of 32 bytes. Not called where the scheme is None."""

    def place(self, order: Order, instrument: Instrument, at: int, nonce: int) -> Request:
        """Return the request that places `order`, or raise Unencodable."""

    def cancel(self, order: Order, instrument: Instrument, at: int, nonce: int) -> Request:
        """Return the request that cancels `order`."""

    def replace(self, order: Order, instrument: Instrument, at: int, nonce: int) -> Request:
        """Return the request that moves `order` to its pending terms, or raise Unencodable."""

    def query(self, order: Order, instrument: Instrument, at: int, nonce: int) -> Request:
        """Return the request that asks what became of `order`, by its client order id."""

    def snapshot(self, connection: str, at: int, nonce: int) -> Request:
        """Return the request for everything a connection holds: positions, cash, working orders, recent fills."""

    def cancel_all(self, connection: str, at: int, nonce: int) -> Request:
        """Return the request that cancels every order of a connection, also those that this guard never placed."""

    def dead_man(self, connection: str, after_s: int, at: int, nonce: int) -> Request:
        """Return the request that arms or renews the dead man: unless it comes again within `after_s` seconds the
        venue cancels every order of the connection; 0 disarms. Raises Unencodable where the venue has none."""

    def seal(self, request: Request, permit: bytes, signature: bytes) -> bytes:
        """Return the bytes that travel: the request with its permit and the guard's signature attached; where there
        is a scheme, with what its key said to the words of `signed` instead."""

    def read(self, request: Request, order: str, reply: bytes) -> Sequence[Body]:
        """Return the reports a reply spells; a reply that makes no sense is a `Lost`, never a rejection.

        A snapshot spells its recent fills first, then what is held; one that failed, is partial or is empty spells
        `NoData`. Of `cancel_all` and `dead_man`, nothing at all means that the venue did it, and `NoData` that nobody
        knows; what the cancels lead to comes as messages.
        """

    def subscribe(self, connection: str, after: int) -> bytes:
        """Return the bytes that open the stream of what a connection's venue says unasked, after message number
        `after`."""

    def numbered(self, message: bytes) -> tuple[int, int]:
        """Return an unsolicited message's number, which `subscribe` goes on from, and when it happened by the venue's
        clock. Raises ValueError for bytes that are no message."""

    def listen(self, message: bytes) -> Sequence[Body]:
        """Return the reports that an unsolicited message of the venue spells."""
