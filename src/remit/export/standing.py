"""How far an export is, in a small file of the data folder: for `remit status`, and for the guard, which alarms."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import msgspec


class Standing(msgspec.Struct, frozen=True):
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


def publish(home: Path, standing: Standing) -> None:
    """Write how far an export is, whole or not at all; OSError."""
    path = home / file_name(standing.to)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(msgspec.json.encode(standing))
    os.replace(temporary, path)
