"""How a real guard's vault is opened: by a TPM while the machine is what it was, and by a person at a terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.attest.chip import MISSING, REASON, Chip
from tests.guard.processes import Processes

from remit.guard import config, keyholder, owner

PASSPHRASE = "a passphrase for the terminal"


@pytest.mark.skipif(bool(MISSING), reason=REASON)
def test_a_guard_opens_by_the_tpm_until_what_is_measured_changes(tmp_path: Path) -> None:
    house = Processes(tmp_path / "data")
    settings = config.load({"REMIT_HOME": str(house.home)})
    owner.init(settings)
    with Chip() as chip, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TPM2TOOLS_TCTI", chip.tcti)
        keyholder.seal(settings, None, [16, 23])
        try:
            house.start_guard()
            status = house.read("status")
            assert {row["layer"]: row["active"] for row in status["sandbox"]}["no_core"]
            house.stop()
            chip.do("tpm2_pcrextend", "16:sha256=" + "ab" * 32)
            with pytest.raises(AssertionError, match="tpm_refused: the TPM refused tpm2_unseal"):
                house.start_guard()
        finally:
            house.stop()


def at_terminal(home: Path, words: list[str], typed: list[str], until: str) -> tuple[subprocess.Popen[bytes], str]:
    """Run a program at a terminal of its own, type a line for each question, and return it with what was shown when
    that has `until`, or when it has ended."""
    ours, theirs = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REMIT_")}
    started = subprocess.Popen(
        [sys.executable, "-m", *words], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**environ, "REMIT_HOME": str(home)},
    )  # fmt: skip
    os.close(theirs)
    shown, questions, end = "", list(typed), time.monotonic() + 30
    try:
        while until not in shown and time.monotonic() < end:
            try:
                shown += os.read(ours, 4096).decode()
            except OSError:  # nobody has that terminal any more
                break
            asked = len(typed) - len(questions)
            if questions and shown.count("assphrase") + shown.count("Again") > asked and shown.endswith(": "):
                os.write(ours, questions.pop(0).encode() + b"\n")
    finally:
        os.close(ours)
    return started, shown


def test_a_person_types_the_passphrase_and_no_terminal_shows_it(tmp_path: Path) -> None:
    home = tmp_path / "data"
    made, shown = at_terminal(home, ["remit", "init", "--passphrase"], [PASSPHRASE, PASSPHRASE], "next: remit up")
    assert made.wait(20) == 0 and PASSPHRASE not in shown, shown
    assert keyholder.status(config.load({"REMIT_HOME": str(home)}))["lock"] == "argon2id"
    guard = ["remit.guard", "--passphrase-fd", "-1"]
    right, shown = at_terminal(home, guard, [PASSPHRASE], "ready on")
    try:
        assert "ready on" in shown and PASSPHRASE not in shown, shown
    finally:
        if right.poll() is None:
            right.send_signal(signal.SIGTERM)
        right.wait(20)
