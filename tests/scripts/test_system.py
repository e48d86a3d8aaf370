"""What the tests want of the machine: silent where it is there, installed by root, named by anybody else."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from scripts import system


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run; what they should install never comes."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 100)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(system.shutil, "which", lambda name: f"/usr/bin/{name}")
    there, gone = (lambda: True), (lambda: False)
    needs = (
        system.Need("cc", "the faults of the disk", there, ("gcc",)),
        system.Need("libfaketime", "the jumps of the clock", gone, ("libfaketime",)),
    )
    monkeypatch.setattr(system, "NEEDS", needs)
    return commands


SAID = "no libfaketime: the tests of the jumps of the clock are skipped (Debian, Ubuntu: apt-get install libfaketime)"


@pytest.mark.parametrize(("user", "runs"), [(0, ["update", "install"]), (1000, [])])
def test_what_is_missing_is_asked_for_by_root_and_named_where_it_stays_away(
    asked: list[list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    user: int,
    runs: list[str],
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    system.main()
    assert [next(word for word in command if word in ("update", "install")) for command in asked] == runs
    assert SAID in capsys.readouterr().err


def test_where_all_is_there_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system, "NEEDS", ())
    system.main()
    assert capsys.readouterr().err == ""
