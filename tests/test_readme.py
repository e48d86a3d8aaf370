"""The README's terminal sessions, run word for word: what it shows is what a reader gets."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def steps(block: str) -> list[tuple[str, str]]:
    """Each command of a session, with what it prints."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def pattern(printed: str) -> re.Pattern[str]:
    """What is printed, with `...` for whatever differs from run to run and blanks at line ends left out."""
    lines = [line.rstrip() for line in printed.strip().splitlines()]
    return re.compile(r"\n".join(re.escape(line).replace(r"\.\.\.", ".+") for line in lines))


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    home = tmp_path_factory.mktemp("readme") / "home"
    environ = {**os.environ, "REMIT_HOME": str(home), "COLUMNS": "120", "NO_COLOR": "1"}
    environ.pop("REMIT_TOKEN", None)
    with (home.parent / "up.log").open("w") as log:
        up = subprocess.Popen([*REMIT, "up"], env=environ, stdout=log, stderr=log, cwd=ROOT)
    try:
        until(lambda: run("remit status", environ).returncode == 0, "the guard answers")
        yield environ
    finally:
        up.terminate()
        up.wait(15)


REMIT = [sys.executable, "-m", "remit.doors.cli.main"]


def run(command: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    assert words[0] == "remit"
    return subprocess.run([*REMIT, *words[1:]], env=environ, capture_output=True, text=True, cwd=ROOT, timeout=30)


def is_ready(environ: dict[str, str]) -> bool:
    return [row["ready"] for row in json.loads(run("remit connection list --json", environ).stdout)] == [True]


def until(holds: Callable[[], bool], what: str, within_s: int = 20) -> None:
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, f"not within {within_s} s: {what}"
        time.sleep(0.1)


@contextlib.contextmanager
def beside(command: str, environ: dict[str, str], until_said: str) -> Iterator[None]:
    """Run a command beside those that follow, from when it has said so on."""
    words = [*REMIT, *shlex.split(command.removesuffix(" &"))[1:]]
    with subprocess.Popen(words, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert any(until_said in line for line in process.stdout), f"{command} ended"
            yield
        finally:
            process.terminate()


def test_the_sessions_of_the_readme(guard: dict[str, str]) -> None:
    shown, desk, flight = BLOCKS
    up, *commands, feed = (command for command, _ in steps(desk))
    assert up == "remit up &"
    for command in commands:
        done = run(command, guard)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    until(lambda: is_ready(guard), "the connection is reconciled")
    with beside(feed, guard, "their last prices stand"):
        said_as_shown([*steps(shown), *steps(flight)], guard)
        an_agent_of_ones_own(guard)


def said_as_shown(session: list[tuple[str, str]], guard: dict[str, str]) -> None:
    """Run each command of a session and compare what it prints with what is shown."""
    held = "HELD"
    for command, printed in session:
        done = run(command.replace("HELD", held), guard)
        said = "\n".join(line.rstrip() for line in (done.stdout + done.stderr).strip().splitlines())
        assert pattern(printed).fullmatch(said), f"$ {command}\n{said}"
        if said.startswith("held"):
            held = said.split()[1]
        assert done.returncode == {"denied": 3, "held": 4}.get(said.split()[0], 0)


def an_agent_of_ones_own(guard: dict[str, str]) -> None:
    """docs/agents.md: the example agent with a token of its own, allowed, denied, and without a valid token."""
    secret = json.loads(run("remit token issue momentum --role agent --json", guard).stdout)["secret"]

    def propose(quantity: str, token: str, *exit: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "examples/agent.py", "NVDA", quantity, *exit]
        environ = {**guard, "REMIT_TOKEN": token}
        return subprocess.run(words, env=environ, capture_output=True, text=True, cwd=ROOT, timeout=30)

    allowed, denied, unknown = propose("1", secret), propose("100", secret), propose("1", secret[:-1])
    assert allowed.stdout.startswith("allow r") and allowed.returncode == 0, allowed.stderr
    assert denied.stdout.startswith("deny r") and "order_notional_max of agent:momentum" in denied.stdout
    bracket, wrong = propose("1", secret, "180", "200"), propose("1", secret, "200", "180")
    assert bracket.stdout.startswith("allow r") and wrong.stdout.startswith("deny r"), bracket.stderr + wrong.stderr
    assert "exit_terms of agent:momentum: stop_loss 200 is not below the price" in wrong.stdout
    exits = json.loads(run("remit exit list --json", guard).stdout)
    assert bracket.stdout.split()[1] in {row["order"] for row in exits}
    assert unknown.returncode == 1 and "Traceback" not in unknown.stderr, unknown.stderr


def test_what_the_page_of_agents_quotes_stands_in_the_example() -> None:
    page = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
    example = (ROOT / "examples" / "agent.py").read_text(encoding="utf-8")
    quoted = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert quoted and all(block in example for block in quoted)
