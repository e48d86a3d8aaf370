"""A disk that is full: a small file system of its own, filled up while agents trade, and room made again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.desk import FaultDesk, set_up_desk
from tests.faults.truth import assert_kept, assert_settled, assert_truth, kept

ROOM = 48 * 1024
"""What is left on the full disk: enough for some dozen entries."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FaultDesk]:
    """A desk whose data folder is a file system of 2 MB; only root can make one."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small file system; test_disk_points.py fills the disk by the shim")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", str(home)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine lets even root mount nothing; test_disk_points.py fills the disk by the shim")
    try:
        desk = set_up_desk(home)
        try:
            yield desk
        finally:
            desk.stop()
    finally:
        subprocess.run(["umount", "--lazy", str(home)], check=True)


def test_a_full_disk_ends_everything_loudly_and_room_brings_it_back(desk: FaultDesk) -> None:
    """Guard and venue share the disk. Whoever cannot write stops and says so; nothing that was said is lost; a start on
    a disk that is still full is refused by name; with room again book and venue agree."""
    assert desk.guard is not None and desk.venue is not None
    desk.busy()
    ballast = desk.home / "ballast"
    with ballast.open("wb") as file:
        free = os.statvfs(desk.home)
        file.write(b"x" * (free.f_bavail * free.f_frsize - ROOM))
    end = time.monotonic() + 20
    while desk.guard.poll() is None and time.monotonic() < end:
        desk.busy()
    assert desk.guard.poll() == 1, desk.said()
    assert {"journal_failed", "guard_failed"} & {*desk.alerts()}
    assert "Traceback" not in desk.said()
    left = kept(desk)
    assert_truth(desk)

    with (desk.home / "crumb").open("wb", buffering=0) as file, pytest.raises(OSError):
        while file.write(b"x" * 1024):
            pass
    more = ("--resume", "ann", "made room") if desk.poisoned() else ()
    assert not desk.launch(*more), "the disk is still full"
    assert desk.end_guard() == 1
    assert "journal_poisoned" in desk.said() or "the disk refused" in desk.said(), desk.said()
    assert "Traceback" not in desk.said()

    for file in (ballast, desk.home / "crumb"):
        file.unlink()
    desk.venue.terminate()  # unless it has ended, or is about to, because it could not remember
    ended = desk.venue.wait(10)
    assert desk.venue.stdout is not None
    said = desk.venue.stdout.read()
    assert (ended == 0 or "Make room" in said) and "Traceback" not in said, said
    desk.start_venue()
    desk.start_guard(*(("--resume", "ann", "made room") if desk.poisoned() else ()))
    desk.until_ready()
    desk.mark("100")
    desk.busy()
    assert_kept(desk, left)
    assert_settled(desk)
