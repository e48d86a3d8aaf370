"""Callbacks in: what an approval page signed with its key (Standard Webhooks) becomes its person's approval or refusal.

The key belongs to one person. The signature is checked here, inside the guard; whose key it is, that the message is
fresh and that its id was never heard before is the kernel's to say. An approval names the digest that was shown.
"""

from __future__ import annotations

import binascii
import hmac
import re
from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from remit.guard.errors import CallbackRefused, CallbacksDamaged, RequestMalformed, TokenNotKept
from remit.guard.loop import Loop, refusal_of
from remit.guard.wire.webhook import KEY_BYTES, secret_of, sign
from remit.guard.world import World
from remit.journal.store import Store
from remit.kernel import command as c
from remit.kernel.access import CallbackKey, CalledBack, MessageId
from remit.kernel.authority import AUTHORITY
from remit.kernel.callback import principal_of
from remit.kernel.callback import refusal_of as refusal_of_message
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.kernel.names import At, Digest, Name, Principal, Role, Text
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.state import State

FILE = "callbacks.json"
MESSAGE_BYTES_MAX = 4_096
SIGNATURES_MAX = 10
"""Signatures that one message may carry: a page that changes its key signs with both for a while."""
_NONCE_BYTES = 12
_RESTORE = "Restore it from a backup, or make new callbacks"
_AGAIN = "Check the callback's id, its key and that the body is sent as it was signed"
_SECONDS = re.compile(r"[0-9]{1,12}")
_NOBODY = bytes(KEY_BYTES)

Kind = TypeVar("Kind")


class NewCallback(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="new_callback", tag_field="kind"
):
    """Ask for a callback key for one person; the guard makes the secret and tells it once."""

    person: Name
    role: Role
    owner: Name
    expires_at: At | None = None


class SignedMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A page's message as it came: the three headers of Standard Webhooks, and the body to the byte."""

    webhook_id: MessageId
    webhook_timestamp: Annotated[str, msgspec.Meta(max_length=12)]
    webhook_signature: Annotated[str, msgspec.Meta(max_length=1_024)]
    body: Annotated[str, msgspec.Meta(max_length=MESSAGE_BYTES_MAX)]


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    callback: Name
    order: Name
    digest: Digest
    why: Text = ""


class _Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a page says: `order.approve` or `order.decline`, of which order, as it was shown."""

    type: Literal["order.approve", "order.decline"]
    data: _Data
    timestamp: Annotated[str, msgspec.Meta(max_length=64)] = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["remit-callbacks-1"]
    keys: dict[str, bytes]
    """Callback id to nonce and sealed key."""


class CallbackKeys:
    """The keys of callbacks, sealed under the vault's key in one private file that is replaced whole.

    CallbacksDamaged where the file is not one of its own, OSError where the disk refuses to be read.
    """

    def __init__(self, store: Store, key: bytes, random: Callable[[int], bytes]) -> None:
        self._store, self._random = store, random
        self._cipher = ChaCha20Poly1305(hmac.digest(key, b"remit-callbacks-1", "sha256"))
        self._sealed = _read(store)

    def add(self, callback: str, key: bytes) -> None:
        """Keep a callback's key, durably on return; TokenNotKept."""
        nonce = self._random(_NONCE_BYTES)
        self._write({**self._sealed, callback: nonce + self._cipher.encrypt(nonce, key, callback.encode())})

    def find(self, callback: str) -> bytes | None:
        """Return a callback's key, None where there is none; CallbacksDamaged where it does not open."""
        sealed = self._sealed.get(callback)
        if sealed is None:
            return None
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], callback.encode())
        except (InvalidTag, ValueError):
            raise CallbacksDamaged(f"the key of {callback} in {FILE} was altered", _RESTORE) from None

    def remove(self, callback: str) -> None:
        """Forget a callback's key, durably on return; TokenNotKept."""
        if callback in self._sealed:
            self._write({known: sealed for known, sealed in self._sealed.items() if known != callback})

    def _write(self, sealed: dict[str, bytes]) -> None:
        file = msgspec.json.encode(_File("remit-callbacks-1", dict(sorted(sealed.items()))))
        try:
            self._store.replace(FILE, file)
        except OSError as fault:
            raise TokenNotKept(f"{FILE} could not be written: {fault}", "Check the disk, then ask again") from None
        self._sealed = sealed


class Callbacks:
    """Makes callback keys, and hears what was signed with them."""

    def __init__(self, world: World, loop: Loop, state: State, keys: CallbackKeys) -> None:
        self._world, self._loop, self._state, self._keys = world, loop, state, keys

    async def issue(self, by: Principal, asked: NewCallback) -> tuple[str, Record]:
        """Return a new callback's secret and the record of its making; a refused one is forgotten again.

        The key is kept before the callback is journalled, so that a journalled callback always works.
        """
        key = self._world.random(KEY_BYTES)
        callback = "C-" + self._world.random(6).hex()
        if by.role in AUTHORITY[c.AddCallback]:  # whom the kernel refuses costs no write
            self._keys.add(callback, key)
        row = CallbackKey(
            id=callback,
            person=asked.person,
            role=asked.role,
            owner=asked.owner,
            issued_at=self._loop.now(),
            expires_at=asked.expires_at,
        )
        record = await self._loop.enter(by, c.AddCallback(key=row))
        if refusal_of(record) is not None:
            self._keys.remove(callback)
        return secret_of(key), record

    def forget(self, record: Record) -> None:
        """Erase the key of a callback that was removed; TokenNotKept."""
        body = record.command.body
        if isinstance(body, c.RemoveCallback) and refusal_of(record) is None:
            self._keys.remove(body.callback)

    def heard(self, raw: msgspec.Raw) -> tuple[Principal, c.Approve | c.Decline]:
        """Return whose word a signed message is, and what it says.

        CallbackRefused where the signature is not that of a callback in force, or the message is late or was heard
        before: none of that is journalled, or strangers could fill the journal. RequestMalformed.
        """
        message = _decoded(SignedMessage, bytes(raw))
        if not _SECONDS.fullmatch(message.webhook_timestamp):
            raise RequestMalformed("webhook-timestamp is no whole number of seconds", "Send seconds since the epoch")
        if not message.body.startswith("{"):
            # what is signed is `id.timestamp.body`: only where the body is an object can its parts not be cut anew
            raise RequestMalformed("the body is no object", "Send the JSON object that was signed")
        page = _decoded(_Page, message.body.encode(errors="surrogatepass"))
        key = self._state.callbacks.get(page.data.callback)
        secret = None if key is None else self._keys.find(key.id)
        if not _signs(secret or _NOBODY, message) or secret is None or key is None:
            raise CallbackRefused("callback_refused", "no callback in force signed this", _AGAIN)
        called = CalledBack(
            callback=key.id, message=message.webhook_id, sent_at=int(message.webhook_timestamp) * NANOSECONDS
        )
        by = principal_of(key)
        refused = refusal_of_message(self._state, self._loop.now(), by, called)
        if refused is not None:
            raise CallbackRefused(refused[0], "the message is not heard", refused[1].capitalize())
        data = page.data
        if page.type == "order.approve":
            return by, c.Approve(order=data.order, digest=data.digest, callback=called)
        return by, c.Decline(order=data.order, why=data.why or "declined on an approval page", callback=called)


def _signs(key: bytes, message: SignedMessage) -> bool:
    right = sign(key, message.webhook_id, message.webhook_timestamp, message.body).encode()
    given = message.webhook_signature.split(" ")[:SIGNATURES_MAX]
    return any(hmac.compare_digest(right, one.encode(errors="surrogatepass")) for one in given)


def _read(store: Store) -> dict[str, bytes]:
    if FILE not in store.names():
        return {}
    try:
        return msgspec.json.decode(store.read(FILE, 0, store.size(FILE)), type=_File).keys
    except (ValueError, RecursionError, binascii.Error) as fault:  # bytes that are no UTF-8 are no error of msgspec's
        raise CallbacksDamaged(f"{FILE} cannot be read: {fault}", _RESTORE) from None


def _decoded(kind: type[Kind], source: bytes) -> Kind:
    try:
        return decode(kind, source or b"{}")
    except ValueError as fault:
        raise RequestMalformed(f"this is no signed message: {fault}", "docs/notifications.md has the form") from None
