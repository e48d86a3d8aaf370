"""What the sandbox costs: entering it once, and then each system call, beside the same process without it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from remit.bench.table import Row, Skipped
from remit.bench.timing import Round, in_turns
from remit.guard.landlock import Room
from remit.guard.needs import code
from remit.guard.sandbox import Sandbox
from remit.guard.system import ThisSystem

CALLS = 2_000


class Worker:
    """A process over one folder, confined or not, that makes system calls when it is told to."""

    def __init__(self, folder: Path, how: str) -> None:
        words = [sys.executable, "-m", "remit.bench.confined", str(folder), how]
        began = time.perf_counter_ns()
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        entered, _, self.missing = self._answer().partition(" ")
        self.entered_ns = int(entered)
        self.started_ns = time.perf_counter_ns() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def make(self, what: str) -> int:
        """Make so many calls of one kind; return how many."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        self._answer()
        return CALLS

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def confined(rounds: int) -> list[Row | Skipped]:
    """A process that reads from an open file, and one that opens a file each time: the two that the guard does most."""
    with TemporaryDirectory(prefix="remit-bench-") as temporary, ExitStack() as stack:
        folder = Path(temporary)
        (folder / "file").write_bytes(b"x" * 64)
        starts = []
        for _ in range(rounds):
            with Worker(folder, "confined") as once:
                starts.append((once.entered_ns, once.started_ns))
        inside = stack.enter_context(Worker(folder, "confined"))
        outside = stack.enter_context(Worker(folder, "free"))
        if inside.missing:
            return [Skipped("confined", f"this system does not give {inside.missing}")]
        took = in_turns(
            {
                f"{where} {what}": Round(lambda worker=worker, what=what: worker.make(what))  # type: ignore[misc]
                for where, worker in (("inside", inside), ("outside", outside))
                for what in ("read", "open")
            },
            rounds,
        )
    entered, started = (sorted(times)[len(starts) // 2] for times in zip(*starts, strict=True))
    rows: list[Row | Skipped] = [
        Row(group="confined", name="entering it", ns=entered, unit="us", beside="start of the process that does",
            beside_ns=started, note="Landlock and the filter of system calls, once per start"),
    ]  # fmt: skip
    for what, name in (("read", "a read of an open file"), ("open", "opening and closing a file")):
        one, other = took[f"inside {what}"], took[f"outside {what}"]
        rows.append(
            Row(group="confined", name=name, ns=one.ns, beside="the same outside", beside_ns=other.ns,
                noise=max(one.noise, other.noise))
        )  # fmt: skip
    return rows


def work(folder: Path, how: str) -> None:
    """Be the worker: enter the sandbox where `how` says so, then make calls until nothing more is asked."""
    sandbox = Sandbox(ThisSystem(), Room(write=(folder,), read=tuple(code())), ())
    began = time.perf_counter_ns()
    if how == "confined":
        sandbox.enter()
    took = time.perf_counter_ns() - began
    missing = [layer.layer for layer in sandbox.missing() if layer.layer in ("landlock", "seccomp")]
    print(took, ", ".join(missing), flush=True)
    file = str(folder / "file")
    opened = os.open(file, os.O_RDONLY)
    for line in sys.stdin:
        for _ in range(CALLS):
            if line == "read\n":
                os.pread(opened, 1, 0)
            else:
                os.close(os.open(file, os.O_RDONLY))
        print("done", flush=True)


if __name__ == "__main__":
    work(Path(sys.argv[1]), sys.argv[2])
