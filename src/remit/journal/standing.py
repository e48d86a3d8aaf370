"""How far an export of the journal is, in a small file of the data folder: the exporter writes it, the guard alarms."""

from __future__ import annotations

from hashlib import sha256

import msgspec


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`size` entries are at `to`, under the root `root` (hex): all that was durable at `at` (ns since the epoch, UTC).

    `fault` is why the try at `tried_at` failed; empty where it did not. Before the first success `at` is when the
    exporter began, and `size` what it found there.
    """

    to: str
    size: int
    root: str
    at: int
    tried_at: int
    fault: str = ""


def file_name(to: str) -> str:
    """The name, in the data folder, of the file that says how far the export to this place is."""
    return f"export-{sha256(to.encode()).hexdigest()[:12]}.json"


def write(standing: Standing) -> bytes:
    """The file's bytes."""
    return msgspec.json.encode(standing)


def parse(source: bytes) -> Standing:
    """What the file says. ValueError where it says nothing of the kind."""
    return msgspec.json.decode(source, type=Standing)
