"""The statement: what a guard says of itself, its canonical text, and the digest that hardware vouches for."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from operator import itemgetter
from typing import Annotated

import msgspec

from remit.attest.errors import AttestationInvalid
from remit.journal.note import Signer
from remit.kernel.codec import decode, encode
from remit.kernel.names import At, Digest

DOMAIN = "remit-attestation-1"
"""The first line of every statement: no checkpoint begins so, and no permit, so one signature is never taken for
another."""
NONCE_BYTES_MAX = 64
Package = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\Z")]
"""A package's name: no line break or space, with which one digest of the code would be that of two lists."""
Nonce = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9a-f]{2}){0,64}\Z")]


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one guard says of itself at one moment.

    `packages` are the digests of what is installed of each package that the guard's process had imported when it
    started, `code` the digest over them, `kernel` the digest of the rules as the journal names it. `mandates` is the
    digest of the mandates in force at `at` (ns since the epoch) as of `size` journal entries with this `root`.
    `log_key` is the public key of the journal's checkpoints, `permit_key` (Ed25519, hex) the one that venues check
    permits with, itself or through the keys it endorses. `nonce` is the asker's own, in hex; or empty.
    """

    version: str
    python: str
    code: Digest
    packages: dict[Package, Digest]
    kernel: Digest
    mandates: Digest
    log_key: str
    size: At
    root: Digest
    permit_key: Digest
    nonce: Nonce
    at: At


def code_digest(packages: dict[str, str]) -> str:
    """Return the digest over the digests of packages: SHA-256 of lines `DIGEST  NAME` in order of their names."""
    return sha256("".join(f"{packages[name]}  {name}\n" for name in sorted(packages)).encode()).hexdigest()


def mandates_digest(rows: Iterable[tuple[str, str, str, int | None]]) -> str:
    """Return the digest of the mandates in force, each as (subject, digest, currency, expires_at in ns or None).

    SHA-256 of lines `DIGEST  SUBJECT CURRENCY EXPIRES` in order of their subjects; EXPIRES is `-` for no end.
    """
    lines = (
        f"{digest}  {subject} {currency} {'-' if until is None else until}\n"
        for subject, digest, currency, until in sorted(rows, key=itemgetter(0))
    )
    return sha256("".join(lines).encode()).hexdigest()


def text_of(statement: Statement) -> str:
    """Return the one text of a statement, which is what is signed: the domain, and the canonical JSON, a line each."""
    ordered = msgspec.structs.replace(statement, packages=dict(sorted(statement.packages.items())))
    return f"{DOMAIN}\n{encode(ordered).decode()}\n"


def digest_of(text: str) -> bytes:
    """Return the 32 bytes by which hardware names a statement: SHA-256 of its text."""
    return sha256(text.encode()).digest()


def sign(signer: Signer, statement: Statement) -> str:
    """Return the statement as a signed note (c2sp.org/signed-note)."""
    return signer.sign(text_of(statement))


def read(text: str) -> Statement:
    """Return the statement that a text spells; AttestationInvalid for every spelling but the canonical one."""
    domain, _, said = text.partition("\n")
    if domain != DOMAIN:
        raise AttestationInvalid("statement_malformed", "what was signed is no statement of this version")
    try:
        statement = decode(Statement, said)
    except ValueError as fault:
        raise AttestationInvalid("statement_malformed", f"what was signed is no statement: {fault}") from None
    if text_of(statement) != text:
        raise AttestationInvalid("statement_malformed", "the statement is not in its canonical form")
    if code_digest(statement.packages) != statement.code:
        raise AttestationInvalid("statement_malformed", "its digest of the code is not that of its packages")
    return statement
