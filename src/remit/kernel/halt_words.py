"""Halts in words: why something stands still, the same on the page, the command line and in notices."""

from __future__ import annotations

CAUSES = {
    "loss": "a loss limit was reached",
    "drift": "book and venue differ",
    "throttle": "a limit was hit that stops at once",
    "unknown": "nobody knows what became of orders",
    "kill": "a person killed it",
    "person": "a person halted it",
    "clock": "the clock of this machine jumped",
    "overfill": "the venue filled more than was asked",
}
"""Why a halt is there, by its cause."""
RULES = {
    "halt_file": "the file HALT lies in the data folder",
    "reconcile": "the venue shows something else than the book",
    "unexpected_fill": "a fill came that belongs to no order of the book",
    "busted_fill": "the venue took a fill back",
    "external_order": "an order works at the venue that was not placed here",
    "unknown_age_max": "an order's outcome has been unknown for too long",
    "unknown_count_max": "too many orders have an unknown outcome",
    "daily_loss_max": "it lost more today than it may",
    "drawdown_max": "it fell further below its best than it may",
    "child_quantity_max": "the parts of an order came to more than the order",
    "repeated_execution_max": "it placed as many orders as it may before a person looks",
    "rejections_in_row_max": "the venue rejected too many of its orders in a row",
}
"""The same by the rule or fact behind it, where that says more than the cause."""


def stopped_because(cause: str, rule: str) -> str:
    """Return why something was halted, as half a sentence: `it lost more today than it may`."""
    return RULES.get(rule) or CAUSES.get(cause) or cause.replace("_", " ")
