"""Fuzz the targets with coverage as the guide: `python -m tests.hostile.fuzz [NAME ...] --seconds 60`.

Each target runs in a process of its own, from seeds that are made from real messages. It goes on after a find: of all
inputs that fail at one place the shortest is kept, as a file in the folder of finds. The exit code is 1 where there is
any. Needs atheris (the extra `fuzz`).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

SEED = 20_260_101
WITHOUT = "atheris is not here: it has packages for CPython 3.11 to 3.14 on Linux and x86_64 alone (the extra `fuzz`)"
FINDS_MAX = 30
"""Different finds of one target after which it is stopped: there is enough to mend."""
TIMEOUT_S = 20
"""An input that hangs for so long ends its target's process; what merely takes long fails by `bounded`."""
RSS_MB = 3_000


class Ran(NamedTuple):
    """One target's run: how many inputs it saw, how many places of code they reached, and the files of its finds."""

    name: str
    runs: int
    reached: int
    seconds: float
    finds: tuple[Path, ...]


def main(words: list[str]) -> int:
    """Run the targets that are named, or all, and say what they found."""
    asked = _arguments(words)
    targets = _targets()
    unknown = [name for name in asked.names if name not in targets]
    if unknown:
        print(f"there is no target {', '.join(unknown)}; take one of {', '.join(targets)}", file=sys.stderr)
        return 2
    asked.found.mkdir(parents=True, exist_ok=True)
    names = asked.names or list(targets)
    seconds = asked.seconds / len(names) if asked.seconds else 0
    ran = [_run(targets[name], asked.runs // targets[name].cost, seconds, asked.seed, asked.found) for name in names]
    if asked.json:
        print(json.dumps({one.name: [one.runs, [str(path) for path in one.finds]] for one in ran}))
    else:
        _say(ran, asked.seed)
    return 1 if any(one.finds for one in ran) else 0


def _say(ran: list[Ran], seed: int) -> None:
    for one in ran:
        print(
            f"{one.name:<12} {one.runs:>9} runs {one.reached:>6} places {one.seconds:>7.1f} s  {len(one.finds)} finds"
        )
        for path in one.finds:
            print(f"  {path}")
    print(f"seed {seed}: {sum(one.runs for one in ran)} runs, {sum(len(one.finds) for one in ran)} finds", flush=True)


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="targets; all where none is named")
    parser.add_argument("--runs", type=int, default=0, help="inputs for each target; fewer for dear ones")
    parser.add_argument("--seconds", type=float, default=0, help="seconds in all, shared by the targets")
    parser.add_argument("--seed", type=int, help="of the fuzzer's own randomness; fresh where runs are not counted")
    parser.add_argument("--json", action="store_true", help="say what was done as one line of JSON")
    parser.add_argument("--found", type=Path, default=Path("build/found"), help="the folder of finds")
    asked = parser.parse_args(words)
    if not asked.runs and not asked.seconds:
        asked.seconds = 60
    if asked.seed is None:
        asked.seed = SEED if asked.runs else int.from_bytes(os.urandom(4), "big") // 2
    return asked


def _targets() -> Any:
    """Import everything with its branches and comparisons counted, and return the targets."""
    try:
        import atheris
    except ImportError:
        raise SystemExit(WITHOUT) from None
    told = io.StringIO()  # it names every module that it instruments
    with contextlib.redirect_stderr(told), atheris.instrument_imports(include=["remit"]):
        from tests.hostile.targets import TARGETS
    return TARGETS


def _run(target: Any, runs: int, seconds: float, seed: int, found: Path) -> Ran:
    """Run one target in a child, which the fuzzing library never returns from."""
    begun, since = time.monotonic(), time.time()
    with tempfile.TemporaryDirectory(prefix="remit-fuzz-") as work:
        child = os.fork()
        if child == 0:
            try:
                _fuzz(target, runs, seconds, seed, Path(work), found)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        log = (Path(work) / "log").read_text(errors="replace")
    finds = tuple(sorted(path for path in found.glob(f"{target.name}-*") if path.stat().st_mtime >= since))
    if status and not finds:
        print(log[-4_000:], file=sys.stderr)
        raise SystemExit(f"{target.name}: the fuzzer ended with status {status}")
    done = re.findall(r"number_of_executed_units: (\d+)", log) or re.findall(r"^#(\d+)", log, re.MULTILINE) or ["0"]
    reached = re.findall(r"cov: (\d+)", log) or ["0"]
    return Ran(target.name, int(done[-1]), int(reached[-1]), time.monotonic() - begun, finds)


def _fuzz(target: Any, runs: int, seconds: float, seed: int, work: Path, found: Path) -> None:
    import atheris
    from tests.hostile.target import BYTES_MAX, bounded

    corpus = work / "corpus"
    corpus.mkdir()
    for number, message in enumerate(target.seeds()):
        (corpus / f"seed-{number:03d}").write_bytes(message)
    words = work / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in (*target.words, "\0")))
    log = os.open(work / "log", os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(log, 2)
    options = [
        f"-dict={words}", f"-max_len={BYTES_MAX}", f"-timeout={TIMEOUT_S}", f"-rss_limit_mb={RSS_MB}", f"-seed={seed}",
        f"-artifact_prefix={found / target.name}-", "-print_final_stats=1", "-verbosity=1",
        f"-runs={runs}" if runs else f"-max_total_time={max(int(seconds), 1)}",
    ]  # fmt: skip
    atheris.Setup(["fuzz", *options, str(corpus)], _keeping(lambda data: bounded(target, data), target.name, found))
    atheris.Fuzz()


def _keeping(check: Callable[[bytes], None], name: str, found: Path) -> Callable[[bytes], None]:
    """Return a check that keeps the shortest input of each place that fails, and goes on."""
    shortest: dict[str, int] = {}

    def keeps(data: bytes) -> None:
        try:
            check(data)
        except Exception as fault:  # noqa: BLE001  whatever it is, it is a find
            place = _place_of(fault)
            if place not in shortest or len(data) < shortest[place]:
                if len(shortest) >= FINDS_MAX:
                    os._exit(0)
                shortest[place] = len(data)
                (found / f"{name}-{place}").write_bytes(data)
                (found / f"trace-{name}-{place}.txt").write_text(
                    "".join(traceback.format_exception(fault, limit=-8)), errors="replace"
                )

    return keeps


def _place_of(fault: Exception) -> str:
    """Return what tells one find from another: the kind of fault and where it was raised."""
    frames = [
        frame
        for frame in traceback.extract_tb(fault.__traceback__)
        if "remit" in frame.filename or "hostile" in frame.filename
    ]
    last = frames[-1] if frames else traceback.extract_tb(fault.__traceback__)[-1]
    return f"{type(fault).__name__}-{Path(last.filename).stem}-{last.lineno}"


def _escaped(word: str) -> str:
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in (34, 92) else f"\\x{byte:02x}" for byte in word.encode()
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
