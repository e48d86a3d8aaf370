"""The file: a signed statement, and the documents of hardware that it carries."""

from __future__ import annotations

import msgspec

from remit.attest.errors import AttestationInvalid
from remit.kernel.codec import decode, encode

FILE_BYTES_MAX = 1 << 20
_DO = "Give the file that `remit attest --out` wrote"


class Quote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A TPM 2.0 quote: the TPMS_ATTEST, its TPMT_SIGNATURE, and the quoted registers' values in hex by number."""

    message: bytes
    signature: bytes
    pcrs: dict[str, str]


class Attestation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A statement as a signed note, and what vouches for it: a TPM's quote, an AWS Nitro document (COSE_Sign1)."""

    note: str
    tpm: Quote | None = None
    nitro: bytes | None = None


def write(attestation: Attestation) -> bytes:
    """Return the file of an attestation, JSON with base64 for bytes, and a last newline."""
    return encode(attestation) + b"\n"


def parse(source: bytes) -> Attestation:
    """Return the attestation that a file holds; AttestationInvalid where it holds none. Nothing is verified."""
    if len(source) > FILE_BYTES_MAX:
        raise AttestationInvalid("file_malformed", f"an attestation has at most {FILE_BYTES_MAX} bytes", _DO)
    try:
        return decode(Attestation, source)
    except ValueError as fault:
        raise AttestationInvalid("file_malformed", f"this is no attestation: {fault}", _DO) from None
