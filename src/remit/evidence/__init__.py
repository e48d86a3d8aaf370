"""Evidence: what a journal holds of one order, one agent or one day, as one file that a stranger can check and read."""

from __future__ import annotations

from remit.evidence.archive import write as write
from remit.evidence.gathering import Evidence as Evidence
from remit.evidence.gathering import EvidenceRefused as EvidenceRefused
from remit.evidence.gathering import gather as gather
