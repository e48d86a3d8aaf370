"""Keys that are known to the test are planted in a real guard, which trades and meets faults; then everything that
others can read is searched for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.guard import canaries
from tests.guard.canaries import Canaries, Found, in_files, in_memory, without_rights

from remit.guard.wire import GuardError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is of Linux")
ROOT = os.geteuid() == 0
PEEK = """
import sys
for name in ("mem", "environ", "maps", "auxv"):
    try:
        with open(f"/proc/{sys.argv[1]}/{name}", "rb") as file:
            file.read(0)
        print(name)
    except OSError:
        pass
"""
"""What another process of the guard's user reads."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaries]:
    folder = tmp_path_factory.mktemp("canaries")
    canaries.plant(folder / "data")
    house = Canaries(folder / "data")
    try:
        house.start_guard()
        house.start_venue()
        house.set_up()
        house.until_ready()
        house.mark("100")
        for _ in range(3):
            house.submit("1")
        house.say({"kind": "rotate_key", "connection": "paper1", "agent": "momentum", "why": "yearly"})
        house.submit("1")
        _meet_faults(house)
        yield house
    finally:
        house.stop()


def _meet_faults(house: Canaries) -> None:
    """Wrong keys, wrong requests, a venue that is gone: everything that could make an error speak."""
    secret = b64encode(canaries.HANDED_OVER).decode()
    wrong = [
        {"kind": "rotate_key", "connection": "paper1", "secret": secret, "why": "not here"},
        {"kind": "rotate_key", "connection": "paper1", "secret": secret, "scheme": "bearer", "why": "not here"},
        {"kind": "rotate_key", "connection": "paper1", "secret": secret, "why": "not here", "pin": secret},
        {"kind": "rotate_key", "connection": "paper1", "secret": secret + "*", "why": "not here"},
        {"kind": "rotate_key", "connection": "paper1", "keeper": "pkcs11", "why": "the token is nowhere"},
        {"kind": "set_key", "secret": secret},
        {"kind": "rotate_key", "connection": "paper1", "secret": [secret], "why": "not here"},
    ]
    for body in wrong:
        with pytest.raises(GuardError) as fault:
            house.say(body)
        assert not canaries.PATTERN.search(str(fault.value).encode()), body
    assert house.venue is not None
    house.venue.kill()
    house.venue.wait(10)
    house.submit("1")
    house.start_venue()
    house.until_ready()
    house.submit("1")


def test_no_file_no_log_and_no_journal_holds_a_key(house: Canaries) -> None:
    assert in_files(house.home.parent) == []
    assert (house.home / "side.db").exists() and any((house.home / "journal").iterdir())
    assert b"remit-vault-2-locked" in (house.home / "keys" / "vault.json").read_bytes()


def test_no_environment_and_no_command_line_holds_a_key(house: Canaries) -> None:
    assert house.guard is not None and house.venue is not None
    for process in (house.guard, house.venue):
        for name in ("environ", "cmdline"):
            if name == "environ" and process is house.guard and not ROOT:
                continue  # nobody but root reads it
            held = Path(f"/proc/{process.pid}/{name}").read_bytes()
            assert held and canaries.PATTERN.search(held) is None


def test_no_other_process_holds_a_key_and_the_search_would_find_one(house: Canaries) -> None:
    assert house.guard is not None and house.venue is not None
    door = subprocess.Popen(
        [sys.executable, "-m", "remit", "--home", str(house.home), "log", "--follow"], stdout=subprocess.DEVNULL
    )
    try:
        house.submit("1")
        for process in (house.venue, door):
            assert in_memory(process.pid) == []
        if ROOT:
            assert {hit.what for hit in in_memory(house.guard.pid)} >= set(canaries.SECRETS.values())
    finally:
        door.terminate()
        door.wait(10)


def test_another_process_of_its_user_reads_nothing_of_the_guard(house: Canaries) -> None:
    def start(*words: str) -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return subprocess.Popen([sys.executable, "-c", *words], text=True, preexec_fn=without_rights, **pipes)  # type: ignore[call-overload, no-any-return]

    def read_of(pid: int) -> list[str]:
        return start(PEEK, str(pid)).communicate(timeout=30)[0].split()

    assert house.guard is not None
    assert read_of(house.guard.pid) == []
    ordinary = start("print('here', flush=True); input()")
    assert ordinary.stdout is not None and ordinary.stdout.readline() == "here\n"
    assert read_of(ordinary.pid) == ["mem", "environ", "maps", "auxv"]
    ordinary.communicate("\n", timeout=30)


def test_a_guard_that_is_shot_leaves_no_core_and_the_search_finds_what_is_there(
    tmp_path: Path, house: Canaries
) -> None:
    canaries.plant(tmp_path / "data")
    other = Canaries(tmp_path / "data")
    other.start_guard()
    assert other.guard is not None
    os.kill(other.guard.pid, signal.SIGSEGV)
    _, status = os.waitpid(other.guard.pid, 0)
    assert os.WIFSIGNALED(status) and not os.WCOREDUMP(status)
    assert in_files(tmp_path) == []
    (tmp_path / "leak").write_text(canaries.SECRETS["permit"].hex())
    assert in_files(tmp_path) == [Found(str(tmp_path / "leak"), canaries.SECRETS["permit"].hex().encode())]
