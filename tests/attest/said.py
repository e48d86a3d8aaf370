"""A statement, signed by a key of the tests."""

from __future__ import annotations

from typing import Any

from tests.attest.enclave import AT

from remit.attest.carried import Attestation, Quote, write
from remit.attest.statement import Statement, code_digest, digest_of, sign, text_of
from remit.journal.note import Signer

SIGNER = Signer("remit.local/journal", b"\x07" * 32)
OTHER = Signer("remit.local/journal", b"\x08" * 32)
KEY = str(SIGNER.verifier)
PACKAGES = {"cryptography": "1" * 64, "msgspec": "2" * 64, "remit": "3" * 64}
NONCE = "5f1d00c7a9"


def statement(**said: Any) -> Statement:
    packages = said.get("packages", PACKAGES)
    usual: dict[str, Any] = {
        "version": "0.1.0", "python": "CPython 3.11.7", "code": code_digest(packages), "packages": packages,
        "kernel": "4" * 64, "mandates": "5" * 64, "log_key": KEY, "size": 18, "root": "6" * 64,
        "permit_key": "7" * 64, "nonce": NONCE, "at": AT,
    }  # fmt: skip
    return Statement(**(usual | said))


def binding(said: Statement) -> bytes:
    return digest_of(text_of(said))


def file(
    said: Statement | None = None, *, signer: Signer = SIGNER, tpm: Quote | None = None, nitro: bytes | None = None
) -> bytes:
    return write(Attestation(note=sign(signer, said or statement()), tpm=tpm, nitro=nitro))
