"""Tokens: how callers prove who they are. Secrets are kept only as keyed hashes, outside the journal."""

from __future__ import annotations

import hmac
import re
import zlib
from collections.abc import Callable, Collection
from typing import Annotated, Literal

import msgspec

from remit.guard.errors import TokenMalformed, TokenNotKept, TokensDamaged, TokenTaken
from remit.journal.store import Store
from remit.kernel.names import Role

SECRET_BYTES = 32
FILE = "tokens.json"
Kind = Role | Literal["session"]
"""What a token shows of itself: the role it was issued for, or that it is a browser session."""
PREFIXES: dict[Kind, str] = {
    "operator": "op",
    "owner": "owner",
    "approver": "approver",
    "compliance": "compliance",
    "auditor": "auditor",
    "agent": "agent",
    "client": "client",
    "feed": "feed",
    "session": "session",
}
SHOWN = 6
"""Characters of a secret that are kept to tell tokens apart: 214 of its 250 bits stay unknown."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 43  # 62**43 > 2**256
_CHECK_LENGTH = 6  # 62**6 > 2**32
_RESTORE = "Restore it from a backup, or issue new tokens"
_SHAPE = re.compile(rf"remit_({'|'.join(PREFIXES.values())})_[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECK_LENGTH}}}")


def mint(kind: Kind, random: Callable[[int], bytes]) -> str:
    """Return a new token: `remit_<kind>_`, 256 random bits and a checksum, in base62. `random(n)` gives n random bytes.

    ValueError for a role that has no tokens (the guard itself).
    """
    if kind not in PREFIXES:
        raise ValueError(f"no token can be made for the role {kind}")
    body = f"remit_{PREFIXES[kind]}_{_base62(int.from_bytes(random(SECRET_BYTES), 'big'), _SECRET_LENGTH)}"
    return body + _checksum(body)


def check(token: str) -> None:
    """Return when the text has the shape and the checksum of a token, whoever's it is; TokenMalformed otherwise."""
    if not _SHAPE.fullmatch(token) or token[-_CHECK_LENGTH:] != _checksum(token[:-_CHECK_LENGTH]):
        raise TokenMalformed("this is not a whole token", "Copy it again, from `remit_` to its last character")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["remit-tokens-1"]
    hashes: dict[str, str]
    """Token id to the hexadecimal HMAC-SHA256 of the token."""
    prefixes: dict[str, Annotated[str, msgspec.Meta(max_length=32)]] = {}
    """Token id to the token's first characters, by which its holder knows it."""


class TokenStore:
    """Which token id a secret belongs to; what the id may do is the kernel's to say.

    Holds HMAC-SHA256 hashes under `key` (32 bytes), in one private file that is replaced whole. TokensDamaged where the
    file is not one of its own; TokenNotKept where the disk refuses a change, OSError where it refuses to be read.
    """

    def __init__(self, store: Store, key: bytes) -> None:
        if len(key) != SECRET_BYTES:
            raise ValueError("the key of the token hashes has 32 bytes")
        self._store = store
        self._key = key
        file = _read(store)
        self._hashes, self._prefixes = file.hashes, file.prefixes
        self._ids = {digest: token for token, digest in self._hashes.items()}

    def add(self, token: str, secret: str, forget: Collection[str] = ()) -> None:
        """Remember, durably on return, that `secret` is the token with the id `token`; forget those of `forget`.

        TokenTaken where the id or the secret is known already; TokenMalformed where the secret is no token.
        """
        check(secret)
        digest = self._hash(secret)
        if token in self._hashes or digest in self._ids:
            raise TokenTaken(f"the token {token} exists already", "Issue a new token under a new id")
        kept = {known: known_hash for known, known_hash in self._hashes.items() if known not in forget}
        self._write({**kept, token: digest}, {**self._prefixes, token: secret[: secret.rindex("_") + 1 + SHOWN]})

    def find(self, secret: str) -> str | None:
        """Return the id of the token that `secret` is, or None; TokenMalformed, before any look-up, if mistyped."""
        check(secret)
        # Looking up a keyed hash tells an outsider nothing by its timing: without the key no guess can be steered.
        digest = self._hash(secret)
        token = self._ids.get(digest)
        if token is None or not hmac.compare_digest(self._hashes[token], digest):
            return None
        return token

    def remove(self, token: str) -> bool:
        """Forget a token, durably on return; False where the id is not known."""
        if token not in self._hashes:
            return False
        self._write({known: digest for known, digest in self._hashes.items() if known != token}, self._prefixes)
        return True

    def prefix(self, token: str) -> str:
        """The first characters of a token, by its id; empty where they were not kept."""
        return self._prefixes.get(token, "")

    def ids(self) -> tuple[str, ...]:
        """The ids of all tokens, sorted."""
        return tuple(sorted(self._hashes))

    def _hash(self, secret: str) -> str:
        return hmac.digest(self._key, secret.encode(), "sha256").hex()

    def _write(self, hashes: dict[str, str], shown: dict[str, str]) -> None:
        prefixes = {token: prefix for token, prefix in sorted(shown.items()) if token in hashes}
        file = msgspec.json.encode(_File("remit-tokens-1", dict(sorted(hashes.items())), prefixes))
        try:
            self._store.replace(FILE, file)
        except OSError as fault:
            raise TokenNotKept(f"{FILE} could not be written: {fault}", "Check the disk, then ask again") from None
        self._hashes, self._prefixes = hashes, prefixes
        self._ids = {digest: token for token, digest in hashes.items()}


def _read(store: Store) -> _File:
    if FILE not in store.names():
        return _File("remit-tokens-1", {})
    try:
        file = msgspec.json.decode(store.read(FILE, 0, store.size(FILE)), type=_File)
    except (ValueError, RecursionError) as fault:  # bytes that are no UTF-8 are no error of msgspec's own
        raise TokensDamaged(f"{FILE} cannot be read: {fault}", _RESTORE) from None
    distinct = set(file.hashes.values())
    if len(distinct) != len(file.hashes) or not all(re.fullmatch("[0-9a-f]{64}", digest) for digest in distinct):
        raise TokensDamaged(f"{FILE} holds hashes that were not written here", _RESTORE)
    return file


def _base62(value: int, length: int) -> str:
    digits = []
    for _ in range(length):
        value, digit = divmod(value, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECK_LENGTH)
