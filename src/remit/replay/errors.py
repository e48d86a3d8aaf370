"""The named errors of a replay. Each has a code, says what is wrong, and what to do."""

from __future__ import annotations

from typing import Literal

Code = Literal[
    "orders_missing",
    "orders_unreadable",
    "no_order",
    "mandate_unknown",
    "mandate_refused",
    "lift_unknown",
    "cash_invalid",
    "currency_unused",
    "spread_invalid",
    "journal_exists",
    "key_invalid",
    "output_failed",
]


class ReplayRefused(Exception):
    """The replay cannot begin, or cannot write what it was asked to; a bad row is never one of these."""

    def __init__(self, code: Code, what: str, do: str) -> None:
        super().__init__(f"{code}: {what}. {do}")
        self.code = code
        self.what = what
        self.do = do
