"""Evidence: what a journal holds of one order, one agent or one day, as one file that a stranger can check and read."""

from __future__ import annotations

from remit.evidence.again import CheckedEvidence as CheckedEvidence
from remit.evidence.again import check_evidence as check_evidence
from remit.evidence.archive import write as write
from remit.evidence.gathering import gather as gather
from remit.evidence.holding import Evidence as Evidence
from remit.evidence.holding import EvidenceRefused as EvidenceRefused
