"""Text that is shown: whatever stands in it, it stays on its line and steers nothing that shows it."""

from __future__ import annotations

from typing import Any

from remit.kernel.codec import encode

_UNSEEN = frozenset(
    map(
        chr,
        (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164, 0xFFA0)
        + tuple(range(0xFE00, 0xFE10))
        + tuple(range(0xE0100, 0xE01F0)),
    )
)  # fmt: skip
"""Letters and marks by their category that nobody sees: fillers, joiners, variation selectors."""


def is_shown(char: str) -> bool:
    """Whether a character may be shown as it is: it is seen, ends no line and steers no terminal."""
    return char.isprintable() and char not in _UNSEEN


def printable(text: str, *, keep_lines: bool = False) -> str:
    """Return text in which nothing can steer a terminal: control and invisible characters as escapes."""
    return "".join(
        char if is_shown(char) or (keep_lines and char == "\n") else char.encode("unicode_escape").decode()
        for char in text
    )


def json_line(value: object) -> str:
    """Return the canonical JSON of a value as one line that means the same and steers no terminal: what cannot be shown
    is written as JSON's own escapes."""
    return "".join(char if is_shown(char) else _escaped(char) for char in encode(value).decode())


def without_odd(value: Any) -> Any:
    """Return plain dicts, lists and text with a question mark for each character that cannot be shown: every text keeps
    its length."""
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() else "".join(c if is_shown(c) else "?" for c in value)
    if isinstance(value, dict):
        return {without_odd(name): without_odd(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_odd(inner) for inner in value]
    return value


def _escaped(char: str) -> str:
    halves = char.encode("utf-16-be")
    return "".join(f"\\u{halves[place : place + 2].hex()}" for place in range(0, len(halves), 2))
