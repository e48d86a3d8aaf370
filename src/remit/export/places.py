"""Exports of a data folder's journal by the name of their place: a folder's path, or s3://BUCKET/PREFIX."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from remit.export.bucket import Bucket, Retention
from remit.export.errors import ExportRefused
from remit.export.exporter import Exporter, head_of
from remit.export.sink import Folder, Sink
from remit.export.source import Durable, SharedFolder
from remit.journal.checkpoint import Checkpoint
from remit.journal.cosign import Cosigner
from remit.journal.cosigned import cosigned_beside, holding
from remit.journal.note import Verifier, parse_verifier
from remit.journal.standing import Standing, file_name, write
from remit.journal.verify import VERIFIER

BUCKET = "s3://"
JOURNAL = "journal"
SETTLE_S = 0.2
"""How long a guard whose disk failed may take to say so."""


def place_of(to: str) -> str:
    """Return a place as the settings write it too, so that one place has one name."""
    return to if to.startswith(BUCKET) else os.path.abspath(to)


def exporter(home: Path, to: str, retention: Retention | None, witnesses: Sequence[Cosigner] = ()) -> Exporter:
    """Open a place and carry on there, under heads that these witnesses cosigned where there are any. ExportError, and
    JournalError where the public key is unreadable."""
    key = _key(home)
    sink: Sink = Bucket(to, retention) if to.startswith(BUCKET) else Folder(Path(to))
    cosigned = partial(cosigned_beside, home / JOURNAL, key, witnesses)
    files = SharedFolder(home / JOURNAL, SETTLE_S)
    return Exporter(lambda: Durable(files), key, sink, cosigned)


def head_at(home: Path, to: str) -> Checkpoint | None:
    """Return the head that stands at a place, verified by this data folder's public key; None before the first."""
    if not to.startswith(BUCKET) and not Path(to).is_dir():
        raise ExportRefused(f"there is no folder {to}", "Name an export")
    sink: Sink = Bucket(to, None, reading=True) if to.startswith(BUCKET) else Folder(Path(to))
    return head_of(sink, _key(home))


def cosigned_by(head: Checkpoint, witnesses: Sequence[Cosigner]) -> list[str]:
    """Return the names of those of these witnesses whose line on a head holds."""
    return [cosigner.name for cosigner in holding(head.note, witnesses)]


def publish(home: Path, standing: Standing) -> None:
    """Write how far an export is into the data folder, whole or not at all; OSError."""
    path = home / file_name(standing.to)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(write(standing))
    temporary.replace(path)


def _key(home: Path) -> Verifier:
    try:
        return parse_verifier((home / VERIFIER).read_text(encoding="utf-8", errors="replace").strip())
    except FileNotFoundError:
        raise ExportRefused(f"there is no journal in {home}", "Start the guard: remit up") from None
