"""What befalls a virtual machine and who remembers its journal, in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MEANING: Mapping[str, str] = MappingProxyType(
    {
        "killed": "the guard's process is killed; what it wrote is there, and not durable",
        "power_lost": "the power fails: what was not synced is lost, or torn at any byte",
        "crashed": "the process dies inside a write or a sync, or just after one, or just after a send",
        "slept": "the guard's machine sleeps, with everything on it",
        "jumped": "the wall clock of the guard's machine jumps",
        "bit_flip": "one bit of a file turns over",
        "truncated_tail": "a file loses its end, also what was durable",
        "old_copy": "somebody puts an old copy of a folder back",
        "anchor_refused": "the second folder refuses a head",
        "witness_away": "a witness does not answer",
        "witness_loses": "requests to a witness, and its answers, are lost",
        "witness_restarted": "a witness loses its power, and starts again",
        "export_away": "the bucket of an export does not answer",
        "export_refused": "the bucket of an export does not keep a file, or keeps it and nobody hears of that",
        "exporter_died": "an exporter dies between two files, and is started again",
        "old_export": "somebody puts an old copy of an export back",
    }
)
"""What befalls the machine, in words."""
