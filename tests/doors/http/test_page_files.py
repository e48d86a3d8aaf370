"""The files of the page, while it is built anew below a door that has not read it yet."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from remit.doors.http.routes import page


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A page, as it is built."""
    monkeypatch.setattr(page, "FOLDER", tmp_path / "page")
    monkeypatch.setattr(page, "_held", dict[str, page.File]())
    return build(tmp_path / "page", "1")


def build(folder: Path, name: str) -> Path:
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(f"/assets/index-{name}.js")
    (folder / "assets" / f"index-{name}.js").write_text(name)
    (folder / "made-of").write_text(name)
    return folder


def read(name: str) -> bytes | None:
    found = page._file(name)
    return None if found is None else found.plain


def test_a_page_is_held_as_it_was_read_first(folder: Path) -> None:
    assert read("index.html") == b"/assets/index-1.js"
    shutil.rmtree(folder)
    build(folder, "2")
    assert read("assets/index-1.js") == b"1" and read("assets/index-2.js") is None


@pytest.mark.parametrize("gone", ["index.html", "assets", "made-of"])
def test_half_a_page_is_none_and_the_whole_one_is_found_later(folder: Path, gone: str) -> None:
    path = folder / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert read("index.html") is None and read("assets/index-1.js") is None
    shutil.rmtree(folder)
    build(folder, "2")
    assert read("index.html") == b"/assets/index-2.js" and read("assets/index-2.js") == b"2"


def test_a_page_that_is_replaced_as_it_is_read_is_not_mixed_with_the_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = page._packed

    def replaced(plain: bytes) -> page.File:
        if plain == b"/assets/index-1.js":
            shutil.rmtree(folder)
            build(folder, "2")
        return packed(plain)

    monkeypatch.setattr(page, "_packed", replaced)
    assert read("index.html") is None, "the document of one, the files of the other"
    assert read("index.html") == b"/assets/index-2.js" and read("assets/index-2.js") == b"2"
