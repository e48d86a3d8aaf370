"""A second door before the demo's guard, which can be started again with another build of the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scripts.demo import Demo
from tests.doors.http.conftest import Door

from remit.doors.http.routes import page

TEXTS = (".html", ".js", ".css")


def built_anew(folder: Path) -> Path:
    """The page as another build of it would be: the same in files of other names, which name each other so."""
    shutil.copytree(page.FOLDER, folder)
    names = [path.name for path in (folder / "assets").iterdir()]
    for path in [path for path in folder.rglob("*") if path.suffix in TEXTS]:
        text = path.read_text(encoding="utf-8")
        for name in names:
            text = text.replace(name, other(name))
        path.write_text(text, encoding="utf-8")
        if path.name in names:
            path.rename(path.with_name(other(path.name)))
    return folder


def other(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-anew.{suffix}"


class SecondDoor:
    """The door at `url`, a name of this machine."""

    def __init__(self, demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self._house: Any = SimpleNamespace(
            home=demo.home, secrets={"doors": (demo.home / "doors.token").read_text().strip()}
        )
        self._door = Door(self._house)
        self.url = f"http://localhost:{self._door.port}"

    @contextmanager
    def open(self) -> Iterator[SecondDoor]:
        self._door.start()
        try:
            yield self
        finally:
            self._door.stop()

    def start_again(self, folder: Path) -> None:
        """Stop, and start with the page of another folder."""
        self._door.stop()
        self._patch.setattr(page, "FOLDER", folder)
        self._patch.setattr(page, "_held", dict[str, page.File]())
        self._door = Door(self._house, port=self._door.port)
        self._door.start()
