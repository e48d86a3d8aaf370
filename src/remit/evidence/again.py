"""Checks evidence with no journal: its records by their receipts, and every other file by making it again from them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from remit.evidence.archive import ATTESTATION, MANIFEST, files_for
from remit.evidence.holding import EvidenceRefused, hold
from remit.journal.note import Verifier
from remit.journal.receipt import parse
from remit.verify import CannotVerify, Checked, files_of, verify_receipt

RECEIPTS = "receipts/"


class CheckedEvidence(msgspec.Struct, frozen=True):
    """Evidence that holds: of what it is, how many records, the last of them and its head as a receipt says it, and
    what was not proved, in sentences."""

    of: str
    records: int
    under: Checked
    not_proved: tuple[str, ...]


def check_evidence(
    source: bytes, key: Verifier, heads: Sequence[str] = (), witnesses: Sequence[str] = ()
) -> CheckedEvidence:
    """Check that the records stand in the journal that the key signed, and that page, mandates, instructions and
    verifier are what follows from them.

    `heads` are compared where they are of its head's size, and the others are named; CannotVerify where anything is not
    as it must be.
    """
    files = files_of(source, key)
    try:
        about = json.loads(files[MANIFEST])
        of, version, decided = str(about["of"]), str(about["packed_by"]), about["decided"] is True
        receipts = [parse(files[name]) for name in sorted(files) if name.startswith(RECEIPTS)]
        again = files_for(hold(of, key, receipts, decided), files.get(ATTESTATION))
    except EvidenceRefused as refused:
        raise CannotVerify(refused.what, "Take it for forged") from None
    except (ValueError, LookupError, TypeError) as fault:
        what = f"a record or the manifest is none of this version: {fault}"
        raise CannotVerify(what, "Use the version that packed it") from None
    unlike = sorted(name for name in {*files, *again} if files.get(name) != again.get(name))
    if unlike:
        named = ", ".join([name for name in unlike if name != MANIFEST] or unlike)
        what = f"the records hold, but this is not what follows from them: {named}"
        raise CannotVerify(what, f"Take it for forged, unless Remit {version} packed it and finds that it is right")
    under = verify_receipt(receipts[-1].write().encode(), key, witnesses, heads)
    said = [*under.not_compared, f"that nothing else concerns {of}: only the whole journal shows what is absent"]
    said.append("that the decisions follow from the mandates: `remit verify` derives them from the whole journal")
    if ATTESTATION in files:
        said.append(f"{ATTESTATION}: it follows from no record; `remit attest verify` checks it")
    return CheckedEvidence(of, len(receipts), under, tuple(said))
