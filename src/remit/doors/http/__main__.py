"""The process of the HTTP door: `python -m remit.doors.http`. It says `ready on URL` once it answers."""

from __future__ import annotations

import sys

try:
    from remit.doors.http.process import main
except ModuleNotFoundError as fault:
    missing = fault.name or "a package"
    print(f"remit doors: {missing} is not installed. Install it: pip install 'remit[doors]'", file=sys.stderr)
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main())
