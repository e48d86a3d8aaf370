"""Signed messages of approval pages, as strangers may send them to a door; and the file of their keys."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
from tests.hostile.target import Target, chosen, only, seeded

from remit.guard.callbacks import FILE, CallbackKeys, Callbacks, SignedMessage
from remit.guard.errors import CallbackRefused, CallbacksDamaged, RequestMalformed
from remit.guard.wire.webhook import sign
from remit.kernel import command as c
from remit.kernel.access import CallbackKey
from remit.kernel.callback import LIFE_NS, principal_of
from remit.kernel.codec import decode, encode
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.state import State
from remit.testing.disk import MemoryStore

AT = 1_700_000_000 * NANOSECONDS
KEY = bytes(range(32))
BOB = CallbackKey(id="C-1", person="bob", role="approver", owner="bob", issued_at=0)
DIGEST = "0f" * 32
PAGE = encode({"type": "order.approve", "data": {"callback": "C-1", "order": "O-1", "digest": DIGEST}})
DECLINED = encode({"type": "order.decline", "data": {"callback": "C-1", "order": "O-1", "digest": DIGEST, "why": "no"}})


def _callbacks() -> Callbacks:
    keys = CallbackKeys(MemoryStore(), bytes(32), lambda count: b"n" * count)
    keys.add(BOB.id, KEY)
    state = State()
    state.callbacks[BOB.id] = BOB
    state.called_back[BOB.id, "heard"] = AT
    world: Any = SimpleNamespace()
    loop: Any = SimpleNamespace(now=lambda: AT)
    return Callbacks(world, loop, state, keys)


HEARS = _callbacks()


def check_signed(data: bytes) -> None:
    """What is heard was signed with the key, of this hour and for the first time, and is its person's word: nothing
    else. The ways: any bytes as the message; any text as the body of one that is signed rightly."""
    way, said = chosen(data, 2)
    if way:
        body, at = said.decode("utf-8", "replace"), str(AT // NANOSECONDS)
        said = encode(
            {"webhook-id": "m1", "webhook-timestamp": at, "webhook-signature": sign(KEY, "m1", at, body), "body": body}
        )
    with only(CallbackRefused, RequestMalformed) as refused:
        by, answer = HEARS.heard(msgspec.Raw(said))
        message = decode(SignedMessage, said)
        right = sign(KEY, message.webhook_id, message.webhook_timestamp, message.body)
        assert right in message.webhook_signature.split(" ")
        assert abs(int(message.webhook_timestamp) * NANOSECONDS - AT) <= LIFE_NS and message.webhook_id != "heard"
        assert by == principal_of(BOB) and isinstance(answer, c.Approve | c.Decline) and answer.callback is not None
        assert (answer.callback.callback, answer.callback.message) == (BOB.id, message.webhook_id)
        assert decode(type(answer), encode(answer)) == answer
    assert not refused or refused[0].message.isprintable() or not way


def check_keys(data: bytes) -> None:
    """A file of keys is one of our own, or damaged by name; no key is found that was not sealed here."""
    store = MemoryStore()
    store.replace(FILE, data)
    with only(CallbacksDamaged):
        keys = CallbackKeys(store, bytes(32), bytes)
        assert keys.find("C-1") in (None, KEY)


def signed_seeds() -> list[bytes]:
    at = str(AT // NANOSECONDS)
    found = [seeded(1, PAGE), seeded(1, DECLINED)]
    for name in ("m1", "heard"):
        signature = sign(KEY, name, at, PAGE.decode())
        said = {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": signature, "body": PAGE.decode()}
        found.append(seeded(0, encode(said)))
        found.append(seeded(0, encode(said | {"webhook-signature": "v1,AAAA v1a,x"})))
    return found


def key_seeds() -> list[bytes]:
    store = MemoryStore()
    CallbackKeys(store, bytes(32), lambda count: b"n" * count).add("C-1", KEY)
    return [store.read(FILE, 0, store.size(FILE)), b'{"format":"remit-callbacks-1","keys":{}}']


WORDS = ('"webhook-id":', '"webhook-timestamp":', '"webhook-signature":', '"body":', "v1,", '"callback":', '"digest":')
TARGETS = (
    Target("callbacks", check_signed, signed_seeds, WORDS),
    Target("callback_keys", check_keys, key_seeds, ('"format":', '"keys":')),
)
