"""Words of a terminal: the guard's alerts as sentences, and what to type to answer."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import msgspec

from remit.kernel.printable import without_odd


class _Alert(msgspec.Struct):
    code: str
    subject: str
    why: str


class _Alerted(msgspec.Struct):
    alert: _Alert


def alert_words(line: str) -> str:
    """Return an alert of the guard's error output as a sentence; empty where the line is none."""
    try:
        alert = msgspec.json.decode(line, type=_Alerted).alert
    except msgspec.DecodeError:  # a line for people, as it is
        return ""
    whom = f" {alert.subject}" if alert.subject else ""
    said: str = without_odd(f"ALERT {alert.code}{whom}: {alert.why}")
    return said


def approve_command(home: Path, order: str) -> str:
    """Return what to type into another terminal to let a held order go out."""
    return f"{command(home)} approvals approve {order}"


def command(home: Path) -> str:
    """Return how to call `remit` for a data folder: by name where it is on the path, else by its place."""
    beside = Path(sys.executable).with_name("remit")
    found = shutil.which("remit")
    near = os.path.relpath(beside)
    name = "remit" if found and Path(found) == beside else near if len(near) < len(str(beside)) else str(beside)
    return f"REMIT_HOME={shlex.quote(str(home))} {name}"
