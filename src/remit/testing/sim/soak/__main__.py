"""`python -m remit.testing.sim.soak`, which `make soak` calls: trade for an hour of virtual time, say what was found.

Exit codes: 0 all is well, 1 something is wrong, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence

import msgspec

from remit.testing.sim.soak.crowd import Size
from remit.testing.sim.soak.report import report
from remit.testing.sim.soak.run import soak

WELL, WRONG = 0, 1
USUAL = Size()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as the command line says and return its exit code."""
    asked = _parser().parse_args(arguments)
    say = functools.partial(print, file=sys.stderr if asked.json else sys.stdout, flush=True)
    size = Size(asked.agents, asked.instruments, asked.minutes, asked.pace, asked.seed)
    try:
        outcome = soak(size, say)
    except KeyboardInterrupt:
        say("interrupted: nothing was found out")
        return WRONG
    say("")
    say("\n".join(report(outcome)))
    if asked.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(outcome)) + b"\n")
        sys.stdout.flush()
    return WRONG if outcome.wrong else WELL


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    for name, usual, words in (
        ("minutes", USUAL.minutes, "minutes of virtual time"),
        ("agents", USUAL.agents, "agents, 5 to 100"),
        ("instruments", USUAL.instruments, "instruments, 2 to 10,000"),
        ("seed", USUAL.seed, "the seed of all chance"),
    ):
        parser.add_argument(f"--{name}", type=_above_zero, default=usual, help=f"{words} ({usual})")
    parser.add_argument(
        "--pace", type=float, default=USUAL.pace_s, help=f"seconds between two orders of an agent ({USUAL.pace_s})"
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON; the rest goes to stderr")
    return parser


def _above_zero(words: str) -> int:
    if not words.isdecimal() or int(words) == 0:
        raise argparse.ArgumentTypeError(f"a whole number above zero is wanted, not {words!r}")
    return int(words)


if __name__ == "__main__":
    raise SystemExit(main())
