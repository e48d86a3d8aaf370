"""The suite's numbers: each once, without a gap, each with a promise; the page says the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "conformance.md"


def promises() -> list[tuple[int, str]]:
    found = []
    for path in HERE.glob("test_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (number := re.match(r"test_c(\d\d)_", node.name)):
                found.append((int(number.group(1)), " ".join((ast.get_docstring(node) or "").split())))
    return sorted(found)


def test_every_number_stands_once_with_its_promise() -> None:
    assert [number for number, _ in promises()] == list(range(1, len(promises()) + 1))
    assert all(promise.endswith(".") and len(promise) > 30 for _, promise in promises())


def test_the_page_lists_every_promise() -> None:
    rows = re.findall(r"^\| C(\d\d) \| (.+?) \| `", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(int(number), promise) for number, promise in rows] == promises()
