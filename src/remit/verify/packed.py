"""Evidence: a zip of records and receipts, checked by the very file that auditors run alone.

That the rest of it follows from the records, `remit.evidence` checks.
"""

from __future__ import annotations

from remit.journal.note import Verifier
from remit.verify import standalone
from remit.verify.verdict import CannotVerify

EVIDENCE_BYTES_MAX = standalone.FILE_BYTES_MAX
HEAD = "head.txt"
_DO = "Ask for it again, or take it for forged"


def verify_evidence(source: bytes, key: Verifier) -> str:
    """Return in a sentence what holds of the records of evidence; CannotVerify where they are not the journal's, or its
    files not those that it lists."""
    files = files_of(source, key)
    try:
        said = standalone.meet(files[HEAD].decode(), [], standalone.Key(str(key)))
    except standalone.Wrong as wrong:
        raise CannotVerify(str(wrong), _DO) from None
    return f"{sum(name.startswith('records/') for name in files)} records are entries {said}"


def files_of(source: bytes, key: Verifier) -> dict[str, bytes]:
    """Return the files: every record proven by its receipt, all of them under the head in head.txt. CannotVerify."""
    try:
        return standalone.check_evidence(source, standalone.Key(str(key)))
    except standalone.Wrong as wrong:
        raise CannotVerify(str(wrong), _DO) from None
    except standalone.CRASHES as fault:
        raise CannotVerify(f"this is no evidence: {fault!r}", "Give the file that `remit evidence` wrote") from None


def pack(files: dict[str, bytes]) -> bytes:
    """Return the one zip of these files: the same files always give the same bytes, whatever packs them."""
    return standalone.pack(files)
