"""`python -m tests.faults.small_guard`: the guard, with segments and snapshots so small that a short run turns them
over."""

from __future__ import annotations

import sys

from remit.guard import serve
from remit.guard.__main__ import main

SEGMENT_BYTES = 20_000
SNAPSHOT_EVERY = 20

if __name__ == "__main__":
    assert {"SEGMENT_BYTES", "SNAPSHOT_EVERY"} <= set(vars(serve)), "they are said elsewhere now"
    serve.SEGMENT_BYTES, serve.SNAPSHOT_EVERY = SEGMENT_BYTES, SNAPSHOT_EVERY
    sys.exit(main())
