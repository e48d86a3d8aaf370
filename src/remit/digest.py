"""Which code decides: the measure that a journal names at each start, and that a verifier compares with its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources


@cache
def kernel_digest() -> str:
    """Return the SHA-256 over the kernel's source files, in hex: equal where the same code decides."""
    state = hashlib.sha256()
    for source in sources("remit.kernel"):
        state.update(len(source).to_bytes(8, "big") + source)
    return state.hexdigest()


def sources(package: str) -> Iterator[bytes]:
    """The Python files of a package and of those below it, in the order of their names."""
    stack, files = [resources.files(package)], []
    while stack:
        for item in stack.pop().iterdir():
            if item.is_dir():
                stack.append(item)
            elif item.name.endswith(".py"):
                files.append(item)
    for file in sorted(files, key=str):
        yield file.read_bytes()
