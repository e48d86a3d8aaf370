"""The feeds' named errors. Each has a code, says what is wrong and where, and what to do."""

from __future__ import annotations

from typing import Literal

Code = Literal[
    "file_missing",
    "header",
    "row",
    "order",
    "duplicate",
    "resolution_unknown",
    "extra_missing",
    "unknown_exchange",
    "unknown_symbol",
    "quote_incomplete",
    "feed_outage",
    "feed_refused",
]


class FeedError(Exception):
    """The one error a feed raises on purpose; anything else that escapes is our bug."""

    def __init__(self, code: Code, what: str, do: str) -> None:
        super().__init__(f"{code}: {what}. {do}")
        self.code = code
        self.what = what
        self.do = do
