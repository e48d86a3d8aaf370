"""Halts in words: whom one stops, which limit it was, how that stands now, and the way back."""

from __future__ import annotations

from typing import Any

from remit.doors.cli import show


def told(row: dict[str, Any]) -> None:
    """Print one halt: whom it stops and why, its limit, and how to end it."""
    show.say(
        f"{row['id']}  {row['subject']} since {show.when(row['at'] // 10**9 * 10**9)}, cause {row['cause']}", "red"
    )
    now = f", now {row['now']}" if row["now"] else ""
    show.say(f"  {why_halted(row)}{now}")
    if row["reviewed_by"]:
        show.say(f"  reviewed by {row['reviewed_by']} ({row['reviewed_limit']}): {row['review']}")
    for number, step in enumerate(row["to_end"], 1):
        show.say(f"  {number}. {step}")


def why_halted(row: dict[str, Any]) -> str:
    """Return why a subject is halted: the limit and what was measured, or what was found, and the reason given."""
    if row["limit"]:
        said = f"{row['rule']} at {row['actual']}, limit {row['limit']}"
    elif row["rule"] == row["cause"] and row["why"]:  # a person's: the cause stands beside it already
        return str(row["why"])
    else:
        said = f"{row['rule']}: {row['actual']}" if row["actual"] else row["rule"]
    return f"{said}: {row['why']}" if row["why"] else said
