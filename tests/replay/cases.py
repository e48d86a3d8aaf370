"""Small files of orders and bars, and short words to replay them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from remit.feeds.bars import BarsFile, open_files
from remit.kernel.codec import build
from remit.kernel.mandate import Mandate
from remit.replay.mandates import Mandates, from_file
from remit.replay.outcome import Outcome
from remit.replay.rows import parse_orders
from remit.replay.run import Settings, run

SEED = bytes(range(32))
HEADER = "ts,instrument,open,high,low,close,volume\n"
DAYS = """\
2025-01-06T00:00:00Z,ABC,100,100,100,100,1000
2025-01-07T00:00:00Z,ABC,100,110,80,105,1000
2025-01-08T00:00:00Z,ABC,120,120,90,90,1000
2025-01-09T00:00:00Z,ABC,95,,,,
"""
"""ABC by day. Its path inside the second bar: it opens at the close before, so first up to 110, then down to 80."""


def order(day: int, side: str, quantity: Any, **more: Any) -> dict[str, Any]:
    """One order of a January day's open; the account is `run-1`, in USD."""
    row = {
        "ts": f"2025-01-{day:02d}T00:00:00Z", "agent": "bot", "run": "run-1", "instrument": "ABC",
        "category": "us_equity", "side": side, "quantity": quantity,
    }
    return {name: value for name, value in (row | more).items() if value is not None}


def lines(rows: Sequence[dict[str, Any] | str]) -> list[bytes]:
    return [(row if isinstance(row, str) else json.dumps(row)).encode() + b"\n" for row in rows]


def bars(folder: Path, text: str = DAYS) -> list[BarsFile]:
    path = folder / "bars.csv"
    path.write_text(HEADER + text, encoding="utf-8")
    return open_files([path])


def under(limits: dict[str, Any] | None = None, scope: str = "account", lift: Sequence[str] = ()) -> Mandates:
    """A mandate file: these limits for every subject of one scope, explicitly nothing for the others."""
    mandate = build(Mandate, limits or {})
    return from_file("test", lambda of: mandate if of.split(":")[0] == scope else Mandate(), lift)


def replayed(
    folder: Path, rows: Sequence[dict[str, Any] | str], settings: Settings, text: str = DAYS, **more: Any
) -> Outcome:
    return run(parse_orders(lines(rows)), bars(folder, text), settings, seed=SEED, **more)


def free(**more: Any) -> Settings:
    """No limit but the facts that cannot be switched off."""
    return Settings(under(), **more)
