"""A real guard, confined, whose agent's key lies in a token: from the command line to the venue's word, and after a
kill."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.guard.processes import Processes, wait_for
from tests.guard.vault.token import PIN, token

from remit.guard import config, errors, keyholder, landlock, owner
from remit.guard.system import ThisSystem
from remit.guard.vault import file
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


MODULE = """
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
__attribute__((constructor)) static void begin(void) {
    int own = open("%s/ran", O_CREAT | O_WRONLY, 0600);
    if (open("%s", O_CREAT | O_WRONLY, 0600) >= 0 || chmod("/tmp", 01777) == 0 || fork() >= 0) write(own, "free", 4);
}
"""
"""What somebody who was in a guard before would have the next one load."""


def test_a_module_runs_no_less_confined_than_the_guard(tmp_path: Path) -> None:
    pytest.importorskip("pkcs11", reason="the extra hsm is not installed")
    compiler = shutil.which("cc") or pytest.skip("no compiler is here to make a module with")
    if not landlock.abi(ThisSystem()):
        pytest.skip("this kernel gives no landlock, or its container hides it")
    desk, module = Processes(tmp_path / "data"), tmp_path / "module.so"
    (tmp_path / "module.c").write_text(MODULE % (desk.home, tmp_path / "elsewhere"))
    words = [compiler, "-w", "-shared", "-fPIC", "-o", str(module), str(tmp_path / "module.c")]
    subprocess.run(words, check=True, capture_output=True)
    settings = config.load({"REMIT_HOME": str(desk.home)})
    owner.init(settings)
    path = settings.home / "keys" / "vault.json"
    content, lock = file.read(path.read_bytes(), None, None)
    named = msgspec.structs.replace(content, token=Token(str(module), "guard", PIN))
    path.write_bytes(file.write(named, lock, os.urandom))
    (desk.home / "remit.toml").write_text(f'sandbox_read = ["{module}"]\n')
    try:
        desk.start_guard()  # no key in force lies there, so that it starts without that token
        assert (desk.home / "ran").read_text() == "", "it was loaded, and got out"
        assert not (tmp_path / "elsewhere").exists()
    finally:
        desk.stop()
