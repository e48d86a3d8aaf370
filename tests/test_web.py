"""The rules of the web, read from its source; and that whoever installs a package gets the page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
SOURCES = sorted(path for path in (WEB / "src").rglob("*.ts*") if path.name != "schema.d.ts")
STYLES = sorted((WEB / "src").rglob("*.css"))
LINES_MAX = 300
PLACES = {"api", "parts", "design", "frame", "screens", "testing", "proof"}
# What makes markup or script of a text, talks to anybody, or keeps something; each with the files that may.
BANNED = {
    r"dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc": (),
    r"\beval\(|new Function\(": (),
    r"new (XMLHttpRequest|WebSocket|EventSource)\b|sendBeacon\(": (),
    r"\bfetch\(": ("api/build.ts", "api/client.ts", "api/file.ts", "api/link.ts", "api/live.ts"),
    # How it looks, a public key, and a draft that outlives a session.
    r"localStorage|sessionStorage": ("design/look.ts", "screens/proof/kept.ts", "screens/limits/drafts.ts"),
    r"document\.cookie": (),
    r"parseFloat\(": (),
    r"https?://": ("screens/positions/Chart.tsx", "screens/sign-in/device.ts"),
}
TESTS = re.compile(r"\.test\.tsx?$")


def short(path: Path) -> str:
    return path.relative_to(WEB / "src").as_posix()


@pytest.mark.parametrize("banned", BANNED)
def test_a_text_stays_a_text_and_one_place_speaks_with_the_door(banned: str) -> None:
    found = {short(path) for path in SOURCES if re.search(banned, path.read_text(encoding="utf-8"))}
    ours = {name for name in found if not TESTS.search(name) and not name.startswith("testing/")}
    assert ours - set(BANNED[banned]) == set()


def test_files_are_short() -> None:
    long = {
        short(path): count for path in (*SOURCES, *STYLES) if (count := len(path.read_text().splitlines())) > LINES_MAX
    }
    assert long == {}


def test_everything_has_its_place() -> None:
    assert {path.name for path in (WEB / "src").iterdir() if path.is_dir()} <= PLACES


def test_styles_load_nothing() -> None:
    for path in STYLES:
        assert not re.search(r"url\(|@import", path.read_text(encoding="utf-8")), path


def test_packages_are_pinned_and_the_lock_names_no_host() -> None:
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name} is not pinned"
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for name, row in lock["packages"].items():
        assert name == "" or row["integrity"].startswith("sha512-"), name
        assert "resolved" not in row, name


# What is packed


def packed(builder: Any) -> set[str]:
    return {found.distribution_path for found in builder(str(ROOT)).recurse_included_files()}


def test_a_wheel_brings_the_page() -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    names = packed(wheel.WheelBuilder)
    assert "remit/doors/http/page/index.html" in names
    assert any(re.fullmatch(r"remit/doors/http/page/assets/index-[\w-]+\.js", name) for name in names)


def test_a_source_release_brings_the_page_and_what_it_is_made_of() -> None:
    sdist = pytest.importorskip("hatchling.builders.sdist", reason="hatchling is not installed")
    names = packed(sdist.SdistBuilder)
    written = {path.relative_to(ROOT).as_posix() for path in (*SOURCES, *STYLES)}
    assert {"src/remit/doors/http/page/made-of", "web/.npmrc", "hatch_build.py", "scripts/web.py"} | written <= names
    assert not any("node_modules" in name or name.startswith("web/dist") for name in names)
