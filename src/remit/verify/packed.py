"""Evidence: a zip of records and receipts, checked by the very file that auditors run alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from remit.journal.note import Verifier
from remit.verify import standalone
from remit.verify.proof import verify_receipt
from remit.verify.verdict import CannotVerify, Witnessed

BEGINS = b"PK"


def witnessed_evidence(source: bytes, key: Verifier, witnesses: Sequence[str]) -> tuple[Witnessed, ...]:
    """Return who of these witnesses cosigned the head that stands under the receipts of evidence that was verified.
    CannotVerify where a line of theirs does not hold."""
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        first = min(name for name in archive.namelist() if name.startswith("receipts/"))
        return verify_receipt(archive.read(first), key, witnesses).witnessed


def verify_evidence(source: bytes, key: Verifier) -> str:
    """Return in a sentence what holds of evidence; CannotVerify where its records are not the journal's, or its files
    not those that it lists."""
    try:
        return standalone.check_evidence(source, standalone.Key(str(key)))
    except standalone.Wrong as wrong:
        raise CannotVerify(str(wrong), "Ask for it again, or take it for forged") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as fault:
        raise CannotVerify(f"this is no evidence: {fault!r}", "Give the file that `remit evidence` wrote") from None
