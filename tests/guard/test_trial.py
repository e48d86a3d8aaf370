"""What a guard would have of the sandbox is found out by a process that is gone afterwards, and told as that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.doors.cli.house import invoke
from tests.guard.test_process_sandbox import HAS, ROOTS, needs

from remit.guard.sandbox import LAYERS
from remit.guard.system import ThisSystem

NO_NEW_PRIVS = 39


def doctor(home: Path, settings: str = "", environment: str = "training") -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit code of `remit doctor` where no guard runs, and its rows about the sandbox."""
    home.mkdir(exist_ok=True)
    (home / "remit.toml").write_text(settings)
    env = {"REMIT_HOME": str(home), "REMIT_TOKEN": None, "REMIT_SOCKET": None, "REMIT_ENVIRONMENT": environment}
    found = invoke("doctor", "--json", **env)
    rows = {row["check"]: row for row in json.loads(found.stdout)}
    assert not rows["guard"]["well"]
    return found.exit_code, {name: row for name, row in rows.items() if name.startswith("sandbox")}


def test_doctor_says_what_would_be_where_no_guard_runs(tmp_path: Path) -> None:
    code, rows = doctor(tmp_path / "home")
    assert code == 1 and list(rows) == [f"sandbox {name}" for name in LAYERS]
    assert all(row["well"] for row in rows.values())  # training asks for none
    for name in LAYERS:
        there = HAS.get(name, True) and not (name == "own_user" and ROOTS)
        assert rows[f"sandbox {name}"]["says"].startswith("would be active: " if there else "would be missing: "), name
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["remit.toml"]
    assert ThisSystem().prctl(NO_NEW_PRIVS) == 0 and ThisSystem().sees(Path("/"))  # who asked is not confined


def test_what_live_asks_for_and_would_not_get_is_amiss(tmp_path: Path) -> None:
    needs("landlock")
    _, rows = doctor(tmp_path / "home", 'sandbox_write = ["not/there"]', "live")
    assert not rows["sandbox landlock"]["well"] and "No such file" in rows["sandbox landlock"]["says"]
    assert rows["sandbox landlock"]["fix"] and rows["sandbox no_core"]["well"]
    assert rows["sandbox own_user"]["well"] is not ROOTS
    _, rows = doctor(tmp_path / "home", 'sandbox_write = ["not/there"]\nsandbox_min = ["seccomp"]', "live")
    assert rows["sandbox landlock"]["well"] and rows["sandbox seccomp"]["well"] is HAS["seccomp"]


def test_a_user_that_the_guard_could_not_be_is_amiss(tmp_path: Path) -> None:
    _, rows = doctor(tmp_path / "home", 'run_as = "no-such-user"')
    assert list(rows) == ["sandbox own_user"] and not rows["sandbox own_user"]["well"]
    assert "there is no user no-such-user" in rows["sandbox own_user"]["says"]


def test_settings_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "remit.toml").write_text("sandbox_min = 7")
    words = [sys.executable, "-m", "remit.guard.trial", "--home", str(tmp_path)]
    tried = subprocess.run(words, capture_output=True, text=True, check=False)
    assert tried.returncode == 1 and tried.stdout == "" and "setting_invalid" in tried.stderr
    assert "Traceback" not in tried.stderr


@pytest.mark.skipif(ROOTS, reason="root becomes that user")
def test_a_user_that_only_root_makes_it_is_told_as_root_would_have_it(tmp_path: Path) -> None:
    _, rows = doctor(tmp_path / "home", 'run_as = "daemon"', "live")
    assert "root has to start it, and it becomes daemon" in rows["sandbox own_user"]["says"] and os.geteuid() != 0
