"""The one entrance of lint, and the list of what it looks at."""

from __future__ import annotations

import msgspec

from remit.kernel.lint import amounts, asking, behaviour, names
from remit.kernel.lint.note import Known, Note, Path

CHECKS = (*amounts.CHECKS, *asking.CHECKS, *names.CHECKS, *behaviour.CHECKS)


def lint(path: Path, *, preset: bool = False, known: Known = Known()) -> list[Note]:  # noqa: B008 - immutable
    """Return what is worth a look in the mandates of one path, given widest scope first; empty when nothing was found.

    With `preset` every finding is a note: the values are a starting point, not yet anybody's decision. On one's own
    mandates a limit that can never bind or that allows nothing is a warning.
    """
    notes = [found for check in CHECKS for found in check(path, known)]
    if preset:
        notes = [msgspec.structs.replace(found, weight="note") for found in notes]
    return list(dict.fromkeys(notes))
