"""Where a person of this machine finds the page."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest
from rich.console import Console
from tests.doors.cli.house import invoke

from remit.up.page import has_screen, local, open_page
from remit.up.panels import Looked, view
from remit.up.story import Story


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("http://127.0.0.1:8420", "http://localhost:8420"),
        ("http://[::1]:8420", "http://localhost:8420"),
        ("https://remit.example:443", "https://remit.example:443"),
    ],
)
def test_passkeys_and_sessions_hang_on_a_name(address: str, asked: str) -> None:
    assert local(address) == asked


@pytest.mark.parametrize(
    ("environ", "platform", "has"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
    ],
)
def test_a_browser_is_opened_only_where_it_can_show_itself(environ: dict[str, str], platform: str, has: bool) -> None:
    assert has_screen(environ, platform) is has


def test_where_no_doors_run_nothing_is_opened_and_the_command_names_the_folder_it_looked_in(tmp_path: Path) -> None:
    browser, shown = tmp_path / "browser", tmp_path / "shown"
    browser.write_text(f'#!/bin/sh\necho "$1" > {shown}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    environ = {**os.environ, "BROWSER": str(browser)}
    assert asyncio.run(open_page(tmp_path / "home", environ)) is False
    assert not shown.exists()
    said = invoke("--home", str(tmp_path / "home"), "open", COLUMNS="200", REMIT_SOCKET=None)
    assert said.exit_code != 0 and str(tmp_path / "home") in said.stderr


def test_the_screen_says_where_the_page_is_how_to_get_in_and_what_ended() -> None:
    story = Story()
    story.notes.append("feed ended (exit code 2)")
    console = Console(width=120, height=30, file=open(os.devnull, "w"), record=True)  # noqa: SIM115
    console.print(view(story, Looked(), Path("/h"), console.size, "http://127.0.0.1:8420"))
    note, page = [line for line in console.export_text().splitlines() if line.strip()][-2:]
    assert note.startswith(" feed ended (exit code 2)")
    assert page.startswith(" Page   http://localhost:8420  to sign in: ") and "REMIT_HOME=/h" in page
