"""Verify offline what a guard left: a journal's folder or one receipt. Needs no private key and no network.

Tree, every signature, and every verdict decided again: each record's command enters a fresh kernel, and its decision,
events and requests must be the ones that are written. What must hold between entries is read from what they say alone.
"""

from __future__ import annotations

from remit.verify.folder import as_written as as_written
from remit.verify.folder import verify as verify
from remit.verify.packed import EVIDENCE_BYTES_MAX as EVIDENCE_BYTES_MAX
from remit.verify.packed import files_of as files_of
from remit.verify.packed import pack as pack
from remit.verify.packed import verify_evidence as verify_evidence
from remit.verify.places import JOURNAL as JOURNAL
from remit.verify.places import VERIFIER as VERIFIER
from remit.verify.places import checkpoint_of as checkpoint_of
from remit.verify.places import journals as journals
from remit.verify.places import key_of as key_of
from remit.verify.proof import Checked as Checked
from remit.verify.proof import verify_receipt as verify_receipt
from remit.verify.verdict import CannotVerify as CannotVerify
from remit.verify.verdict import Difference as Difference
from remit.verify.verdict import Stretch as Stretch
from remit.verify.verdict import Verdict as Verdict
from remit.verify.verdict import Witnessed as Witnessed
