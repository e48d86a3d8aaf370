"""Lint: where the mandates of one path contradict each other, allow nothing, or set a limit that can never bind.

Lint never changes a verdict. It compares only what can be compared: amounts of one currency, and a limit of one subject
with a limit that judges everything that subject does.
"""

from remit.kernel.lint.lint import lint
from remit.kernel.lint.note import Known, Level, Note

__all__ = ["Known", "Level", "Note", "lint"]
