"""A real guard, confined, whose agent's key lies in a token: from the command line to the venue's word, and after a
kill."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.guard.processes import Processes, wait_for
from tests.guard.vault.token import PIN, token

from remit.guard import config, errors, keyholder, owner
from remit.guard.vault.file import Token


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Processes, Token]]:
    with pytest.MonkeyPatch.context() as patch:
        named = token(tmp_path, patch)
        desk = Processes(tmp_path / "data")
        (desk.home / "remit.toml").write_text(f'sandbox_write = ["{tmp_path}"]\n')
        try:
            yield desk, named
        finally:
            desk.stop()


START = "import os, runpy, sys; os.dup2(int(sys.argv.pop(1)), 3); runpy.run_module('remit', run_name='__main__')"


def name_token(desk: Processes, named: Token, pin: str) -> subprocess.CompletedProcess[str]:
    """Name the token on the command line, its PIN on file descriptor 3."""
    reading, writing = os.pipe()
    os.write(writing, pin.encode() + b"\n")
    os.close(writing)
    words = ["--home", str(desk.home), "vault", "token", named.module, named.label, "--pin-fd", "3"]
    done = subprocess.run(
        [sys.executable, "-c", START, str(reading), *words],
        pass_fds=[reading], capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    os.close(reading)
    assert pin not in done.stdout + done.stderr
    return done


def test_a_key_in_a_token_trades_and_is_there_after_a_kill(desk: tuple[Processes, Token]) -> None:
    house, named = desk
    owner.init(config.load({"REMIT_HOME": str(house.home)}))
    wrong = name_token(house, named, "1111")
    assert wrong.returncode == 1 and "PinIncorrect" in wrong.stderr
    right = name_token(house, named, PIN)
    assert right.returncode == 0, right.stderr

    house.start_guard()
    with pytest.raises(errors.GuardRunning):
        keyholder.unlock(config.load({"REMIT_HOME": str(house.home)}), None)
    house.start_venue()
    house.set_up()
    house.until_ready()
    house.mark("100")
    house.say(
        {"kind": "rotate_key", "connection": "paper1", "agent": "momentum", "keeper": "pkcs11", "why": "hardware"}
    )
    assert [row["keeper"] for row in house.read("keys")] == ["", "pkcs11"]
    house.submit("1")
    wait_for(lambda: [row["state"] for row in house.read("orders")] == ["filled"], "the token's key was heard")

    house.kill_guard()
    house.start_guard()
    house.until_ready()
    house.mark("100")
    house.submit("1")
    wait_for(lambda: [row["state"] for row in house.read("orders")] == ["filled"] * 2, "it is there after a kill")

    house.kill_guard()
    (house.home.parent / "softhsm2.conf").write_text("directories.tokendir = /nowhere\n")
    with pytest.raises(AssertionError, match="key_refused"):
        house.start_guard()
