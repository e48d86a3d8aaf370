"""No request acts without the guard's signed, unexpired, unused permit for exactly its bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.venues.paper.desk import ABC, GUARD_KEY, MINUTE, Desk, desk, mark, order

from remit.kernel.codec import decode, encode
from remit.kernel.command import Lost, Rejected
from remit.kernel.permit import Endorsement, Permit, endorsing, join_seal
from remit.venues.paper.messages import Accepted, Refused, Sealed, read_reply
from remit.venues.paper.permits import _of

STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def ready() -> tuple[Desk, Any]:
    trader = desk()
    trader.mark(mark("99", "100"))
    return trader, trader.venue.place(order("a", "buy", "10", "100"), ABC, 0, 7)


def resigned(sealed: Sealed, key: Ed25519PrivateKey = GUARD_KEY, **changed: Any) -> Sealed:
    permit = encode(msgspec.structs.replace(decode(Permit, sealed.permit), **changed))
    return msgspec.structs.replace(sealed, permit=permit, signature=key.sign(permit))


def other_body(sealed: Sealed) -> Sealed:
    return msgspec.structs.replace(sealed, body=sealed.body.replace(b'"quantity":"10"', b'"quantity":"99"'))


def spaced(sealed: Sealed) -> Sealed:
    permit = sealed.permit.replace(b":", b": ", 1)
    return msgspec.structs.replace(sealed, permit=permit, signature=GUARD_KEY.sign(permit))


REFUSED: dict[str, tuple[Callable[[Sealed], Sealed], str]] = {
    "another key signed": (lambda sealed: resigned(sealed, STRANGER), "permit_unsigned"),
    "no signature": (lambda sealed: msgspec.structs.replace(sealed, signature=b""), "permit_unsigned"),
    "permit changed after signing": (
        lambda sealed: msgspec.structs.replace(sealed, permit=sealed.permit.replace(b"permit-1", b"permit-2")),
        "permit_unsigned",
    ),
    "other bytes": (other_body, "permit_other_request"),
    "another path": (lambda sealed: msgspec.structs.replace(sealed, path="/cancel"), "permit_other_request"),
    "expired": (lambda sealed: resigned(sealed, expires_at=50), "permit_expired"),
    "expires at this instant": (lambda sealed: resigned(sealed, expires_at=100), "permit_expired"),
    "for a cancel": (lambda sealed: resigned(sealed, action="cancel"), "permit_mismatch"),
    "for another order": (lambda sealed: resigned(sealed, order="b"), "permit_mismatch"),
    "for another connection": (lambda sealed: resigned(sealed, connection="two"), "permit_mismatch"),
    "not canonical": (spaced, "malformed"),
}


@pytest.mark.parametrize(("change", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_wrong_permit_is_refused_and_nothing_happens(change: Callable[[Sealed], Sealed], code: str) -> None:
    trader, request = ready()
    trader.exchange.drain(100)
    before = trader.exchange.holdings("one")
    good = trader.seal(request, "a")
    reply = read_reply(trader.exchange.handle(encode(change(decode(Sealed, good))), 100))
    assert isinstance(reply, Refused) and reply.code == code
    assert trader.exchange.holdings("one") == before and trader.exchange.drain(100) == []
    assert isinstance(read_reply(trader.exchange.handle(good, 100)), Accepted), (
        "the permit was not used up by the attempt"
    )


def test_a_permit_is_for_one_request_ever() -> None:
    trader, request = ready()
    sealed = trader.seal(request, "a")
    assert isinstance(read_reply(trader.exchange.handle(sealed, 0)), Accepted)
    again = read_reply(trader.exchange.handle(sealed, 1))
    assert isinstance(again, Refused) and (again.code, again.known) == ("permit_used", True)
    late = read_reply(trader.exchange.handle(sealed, 2 * MINUTE))
    assert isinstance(late, Refused) and late.code == "permit_expired"
    assert trader.told_so_far() == ["a 10@100"]


def test_a_permit_is_used_up_by_a_refused_order_too() -> None:
    trader = desk(cash="1")
    sealed = trader.seal(trader.venue.place(order("a", "buy", "10", "100"), ABC, 0, 7), "a")
    first = read_reply(trader.exchange.handle(sealed, 0))
    second = read_reply(trader.exchange.handle(sealed, 0))
    assert isinstance(first, Refused) and first.code == "insufficient_funds"
    assert isinstance(second, Refused) and second.code == "permit_used"


def test_time_never_goes_back_to_revive_a_permit() -> None:
    trader, request = ready()
    sealed = trader.seal(request, "a")
    trader.exchange.drain(2 * MINUTE)
    reply = read_reply(trader.exchange.handle(sealed, 0))
    assert isinstance(reply, Refused) and reply.code == "permit_expired"


@given(st.data())
def test_no_flipped_bit_gets_through(data: st.DataObject) -> None:
    trader, request = ready()
    sealed = decode(Sealed, trader.seal(request, "a"))
    field = data.draw(st.sampled_from(["body", "permit", "signature"]))
    bytes_of = bytearray(getattr(sealed, field))
    bit = data.draw(st.integers(0, len(bytes_of) * 8 - 1))
    bytes_of[bit // 8] ^= 1 << bit % 8
    reply = read_reply(trader.exchange.handle(encode(msgspec.structs.replace(sealed, **{field: bytes(bytes_of)})), 0))
    assert isinstance(reply, Refused)
    assert trader.told_so_far() == [] and trader.position() == "0"


@given(st.binary(max_size=200))
def test_any_bytes_get_a_reply(noise: bytes) -> None:
    reply = read_reply(desk().exchange.handle(noise, 0))
    assert isinstance(reply, Refused) and reply.code == "malformed"


def test_the_guard_reads_a_refused_permit_as_a_rejection_and_a_used_one_as_lost() -> None:
    trader, request = ready()
    late = trader.seal(request, "a", expires_at=0)
    (report,) = trader.venue.read(request, "a", trader.exchange.handle(late, 0))
    assert report == Rejected(order="a", code="permit_expired")
    sealed = trader.seal(request, "a")
    trader.exchange.handle(sealed, 0)
    (report,) = trader.venue.read(request, "a", trader.exchange.handle(sealed, 0))
    assert isinstance(report, Lost), "the order of this permit works: its second refusal says nothing of the first"


# Keys that the guard's own has endorsed


def endorsed(
    sealed: Sealed,
    generation: int = 0,
    by: Ed25519PrivateKey = GUARD_KEY,
    key: Ed25519PrivateKey | None = None,
    **more: Any,
) -> Sealed:
    """The same permit, signed by an agent's key that `by` endorses."""
    own = Ed25519PrivateKey.from_private_bytes(bytes([generation + 1]) * 32)
    said = {"connection": "one", "agent": "momentum", "generation": generation} | more
    text = encode(Endorsement(key=own.public_key().public_bytes_raw(), **said))
    seal = join_seal((key or own).sign(sealed.permit), by.sign(endorsing(text)), text)
    return msgspec.structs.replace(sealed, signature=seal)


def sealed_order(trader: Desk, id: str) -> Sealed:
    request = trader.venue.place(order(id, "buy", "1", "100"), ABC, trader.at, 7)
    return decode(Sealed, trader.seal(request, id))


def answer(trader: Desk, sealed: Sealed) -> Any:
    return read_reply(trader.exchange.handle(encode(sealed), trader.at))


def test_an_endorsed_key_is_heard_for_its_connection() -> None:
    trader, _ = ready()
    assert isinstance(answer(trader, endorsed(sealed_order(trader, "a"))), Accepted)
    assert isinstance(answer(trader, endorsed(sealed_order(trader, "b"))), Accepted)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda sealed: endorsed(sealed, connection="two"),
        lambda sealed: endorsed(sealed, by=STRANGER),
        lambda sealed: endorsed(sealed, key=STRANGER),
        lambda sealed: msgspec.structs.replace(sealed, signature=sealed.signature + b"x"),
        lambda sealed: msgspec.structs.replace(endorsed(sealed), signature=endorsed(sealed).signature[:-1]),
        lambda sealed: msgspec.structs.replace(endorsed(sealed), signature=endorsed(sealed).signature[:100]),
        lambda sealed: msgspec.structs.replace(
            sealed, signature=join_seal(STRANGER.sign(sealed.permit), GUARD_KEY.sign(sealed.permit), sealed.permit)
        ),
    ],
    ids=[
        "of another connection", "endorsed by a stranger", "signed by a stranger", "a byte too many", "cut",
        "cut more", "a permit as an endorsement",
    ],
)  # fmt: skip
def test_a_key_that_is_not_endorsed_for_it_is_not_heard(wrong: Callable[[Sealed], Sealed]) -> None:
    trader, _ = ready()
    refused = answer(trader, wrong(sealed_order(trader, "a")))
    assert isinstance(refused, Refused) and refused.code == "permit_unsigned"


def test_a_key_that_was_replaced_is_heard_a_little_longer_and_then_no_more() -> None:
    trader, _ = ready()
    old, late = endorsed(sealed_order(trader, "a"), 1), endorsed(sealed_order(trader, "c"), 1)
    assert isinstance(answer(trader, endorsed(sealed_order(trader, "b"), 2)), Accepted)
    trader.at += 9 * 10**9
    assert isinstance(answer(trader, old), Accepted), "it was signed before, and was on its way"
    trader.at += 10**9
    refused = answer(trader, late)
    assert isinstance(refused, Refused) and refused.code == "permit_unsigned" and "was replaced by 2" in refused.why
    assert isinstance(answer(trader, endorsed(sealed_order(trader, "d"), 3)), Accepted)
    assert isinstance(answer(trader, endorsed(sealed_order(trader, "e"), 0, agent="other")), Accepted)


def test_names_that_hold_a_stroke_share_no_key() -> None:
    ends = [("alpaca", "eu/momentum"), ("alpaca/eu", "momentum"), ("alpaca%2Feu", "momentum")]
    keys = {_of(Endorsement(connection=c, agent=a, generation=1, key=bytes(32))) for c, a in ends}
    assert len(keys) == 3 and _of(Endorsement(connection="a", agent="", generation=1, key=bytes(32))) not in keys
