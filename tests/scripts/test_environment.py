"""Set-up knows a whole environment from one that was left half-made, was moved, or is no environment."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "environment.py"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The set-up script, looking at a .venv in a folder of its own that is whole."""
    spec = importlib.util.spec_from_file_location("environment", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / "a b" / ".venv"
    for name, path in [("VENV", venv), ("PYTHON", venv / "bin" / "python"), ("UNFINISHED", venv / "unfinished")]:
        monkeypatch.setattr(module, name, path)
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (venv / "bin" / "python").chmod(0o755)
    (venv / "pyvenv.cfg").write_text(f"home = /usr\ncommand = /usr/bin/python3 -m venv {venv}\n")
    return module


def test_a_whole_environment_is_kept(environment: ModuleType) -> None:
    assert environment.is_whole()


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda venv: (venv / "unfinished").touch(), id="interrupted"),
        pytest.param(lambda venv: (venv / "bin" / "python").unlink(), id="no interpreter"),
        pytest.param(lambda venv: (venv / "bin" / "python").write_text("#!/bin/sh\nexit 1\n"), id="broken interpreter"),
        pytest.param(lambda venv: (venv / "pyvenv.cfg").unlink(), id="not an environment"),
        pytest.param(lambda venv: (venv / "pyvenv.cfg").write_text("command = python3 -m venv /else\n"), id="moved"),
    ],
)
def test_a_harmed_environment_is_made_anew(environment: ModuleType, harm: Callable[[Path], object]) -> None:
    harm(environment.VENV)
    assert not environment.is_whole()


def test_every_list_is_there_hashed_and_without_an_address(environment: ModuleType) -> None:
    for target in environment.LISTS:
        for path in environment.lists(target):
            lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
            pins = [line for line in lines if not line.startswith("    --hash=sha256:")]
            assert pins, path
            assert all("==" in line and line.endswith("\\") for line in pins), path


def test_a_changed_list_is_seen(environment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements").mkdir()
    for path in environment.lists("test"):
        (tmp_path / "requirements" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    before = environment.wanted("test")
    with (tmp_path / "requirements" / "dev.txt").open("a") as changed:
        changed.write("# one more line\n")
    assert environment.wanted("test") != before


@pytest.mark.parametrize(("missing", "goes_on"), [("fuzz.txt", True), ("dev.txt", False)])
def test_set_up_goes_on_without_what_has_no_package_for_this_machine(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, missing: str, goes_on: bool
) -> None:
    asked: list[str] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(str(command[-1]))
        return subprocess.CompletedProcess(command, int(str(command[-1]).endswith(missing)))

    monkeypatch.setattr(environment.subprocess, "run", run)
    environment.UNFINISHED.touch()
    if goes_on:
        environment.install("test")
        assert asked[-1] == str(environment.ROOT), "the project itself comes last"
    else:
        with pytest.raises(SystemExit):
            environment.install("test")
