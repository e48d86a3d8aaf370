"""`remit` and `python -m remit`: the command line's entrance, where Ctrl-C is quiet from the first import on."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line and end the process with its exit code."""
    quiet = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if quiet:  # while parts are fetched there is nothing to clean up and nothing to say
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from remit.doors.cli.main import main as run

    if quiet:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
