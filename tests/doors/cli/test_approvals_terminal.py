"""The prompt that waits, at a real terminal before a real guard; and an agent that waits for the answer."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.guard.processes import Processes, trading

from remit.kernel import command as c
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import Money, parse

LIMITS = Mandate(approval_notional_min=parse(Money, "1000"))
SUBMIT = ("order", "submit", "AAPL", "buy", "10", "--limit", "100", "--wait")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    for processes in trading(Path(tmp_path_factory.mktemp("prompt")), LIMITS):
        asked = {"kind": "new_token", "role": "approver", "name": "bob", "owner": "bob"}
        processes.secrets["bob"] = processes.say(asked)["secret"]
        yield processes


class Terminal:
    """A run of the command line at a terminal of its own."""

    def __init__(self, desk: Processes, who: str, *words: str) -> None:
        ours, theirs = pty.openpty()
        env = os.environ | {"REMIT_HOME": str(desk.home), "REMIT_TOKEN": desk.secrets[who], "COLUMNS": "200"}
        self._fd, self.said = ours, ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "remit", *words],
            stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        os.set_blocking(ours, False)

    def until(self, words: str) -> str:
        """Return what was said up to these words, and forget it; AssertionError where they do not come."""
        end = time.monotonic() + 15
        while words not in self.said:
            assert time.monotonic() < end, self.said
            try:
                self.said += os.read(self._fd, 65536).decode()
            except BlockingIOError:
                time.sleep(0.02)
            except OSError:
                assert words in self.said, self.said
        said, _, self.said = self.said.partition(words)
        return said

    def type(self, words: str) -> None:
        os.write(self._fd, words.encode())

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def ends(self) -> int:
        try:
            return self._process.wait(15)
        finally:
            os.close(self._fd)


def test_an_agent_waits_while_a_person_is_asked(desk: Processes) -> None:
    watching = Terminal(desk, "bob", "approvals", "watch")
    waiting = Terminal(desk, "momentum", *SUBMIT)
    waiting.until("waiting for an answer")
    asked = watching.until("approve, decline, skip or quit: ")
    assert "worth up to 1000 USD, at worst 100 each" in asked
    watching.type("a\n")
    watching.until("allowed and on its way")
    waiting.until("approved, the last by bob; allowed and on its way")
    assert waiting.ends() == 0

    declined = Terminal(desk, "momentum", *SUBMIT)
    watching.until("approve, decline, skip or quit: ")
    watching.type("decline\n")
    watching.until("why: ")
    watching.type("too close to the news\n")
    declined.until("declined by bob: too close to the news")
    assert declined.ends() == 3

    held = Terminal(desk, "momentum", *SUBMIT)
    watching.until("approve, decline, skip or quit: ")
    watching.interrupt()
    watching.until("stopped; 1 order still held")
    assert watching.ends() == 0
    held.interrupt()
    held.until("not waited for to the end")
    assert held.ends() == 4
    (row,) = desk.read("approvals")
    desk.say(c.Decline(order=row["order"], why="enough"))
