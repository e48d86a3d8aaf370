"""Evidence: a zip of records and receipts, checked by the very file that auditors run alone."""

from __future__ import annotations

from remit.journal.note import Verifier
from remit.verify import standalone
from remit.verify.verdict import CannotVerify

BEGINS = b"PK"


def verify_evidence(source: bytes, key: Verifier) -> str:
    """Return in a sentence what holds of evidence; CannotVerify where its records are not the journal's, or its files
    not those that it lists."""
    try:
        return standalone.check_evidence(source, standalone.Key(str(key)))
    except standalone.Wrong as wrong:
        raise CannotVerify(str(wrong), "Ask for it again, or take it for forged") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as fault:
        raise CannotVerify(f"this is no evidence: {fault!r}", "Give the file that `remit evidence` wrote") from None
