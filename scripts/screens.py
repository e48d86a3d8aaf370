"""Photograph every screen of the page, over a real `remit up --demo`, into docs/screens/.

    python -m scripts.screens                   each screen, light and dark, on a desktop and on a phone
    python -m scripts.screens halts order       these alone
    python -m scripts.screens --whole --to X    as long as they are, for whoever mends them, into another folder

With the machine's Chromium (scripts/system.py says how to get it). The prices are recorded and the agents' rules fixed,
so that two runs show the same house, at times that differ.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scripts.demo import Demo
from scripts.small import small

from scripts import system

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "docs" / "screens"
KINDS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
LOOKS = ("light", "dark")
ALIKE = {"locale": "en-GB", "timezone_id": "UTC", "reduced_motion": "reduce"}
"""What would differ from machine to machine otherwise."""
THOUGHT = "AAPL closed above its average of twenty days for the third time. A larger stake than usual."
WORTH = 3_200
"""Between what the demo asks a person for and what it denies."""
ROOMY = {"approval_expiry_s": 3600, "daily_loss_max": "20000"}
"""An order waits for as long as it is looked at, and no agent but the rogue is halted, which would withdraw it."""
MANY = 12
"""How many fills there are before anything is photographed: with fewer the lists look as on a first day."""


def main() -> None:
    words = argparse.ArgumentParser(description="Photograph every screen of the page.")
    words.add_argument("screens", nargs="*")
    words.add_argument("--to", type=Path, default=PLACE)
    words.add_argument("--whole", action="store_true")
    asked = words.parse_args()
    if system.chromium() is None:
        sys.exit("screens: no Chromium here; scripts/system.py installs it, or says how")
    with tempfile.TemporaryDirectory(prefix="remit-screens-") as folder:
        demo = Demo(Path(folder) / "home")
        try:
            places = prepared(demo)
            unknown = set(asked.screens) - set(places)
            if unknown:
                sys.exit(f"screens: there is no screen {', '.join(sorted(unknown))}; there are {', '.join(places)}")
            chosen = {name: path for name, path in places.items() if name in asked.screens or not asked.screens}
            photograph(demo, chosen, asked.to, whole=asked.whole)
        finally:
            demo.stop()


def prepared(demo: Demo) -> dict[str, str]:
    """Let everything that a screen shows happen, and return where each screen is."""
    for row in demo.rows("/v1/mandates"):
        if row["mandate"] is not None:
            demo.change(row["subject"], "room for what is to be looked at", **ROOMY)
    held = demo.propose("momentum", WORTH, thought=THOUGHT)["order"]
    demo.until(lambda: len(demo.rows("/v1/journal", kind="fill")) >= MANY, "fills")
    demo.until(lambda: demo.rows("/v1/halts"), "a halt")
    denied = demo.until(lambda: demo.rows("/v1/journal", verdict="deny", agent="rogue"), "an order that is denied")
    position = demo.until(lambda: demo.rows("/v1/exits"), "a position with an exit")
    return {
        "sign-in": "/sign-in",
        "overview": "/",
        "agents": "/agents",
        "agent": "/agents/rogue",
        "mandates": "/mandates",
        "mandate": f"/mandates/{quote('agent:rogue', safe='')}",
        "approvals": "/approvals",
        "approval": f"/approvals/{held}",
        "decisions": "/decisions",
        "order": f"/orders/{denied[0]['order']}",
        "positions": "/positions",
        "position": f"/positions/{position[0]['instrument']}",
        "halts": "/halts",
        "proof": "/proof",
        "safeguards": "/safeguards",
        "settings": "/settings",
        "start": "/start",
    }


def photograph(demo: Demo, places: dict[str, str], to: Path, *, whole: bool) -> None:
    to.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        blank = browser.new_page()
        for kind, look in ((kind, look) for kind in KINDS for look in LOOKS):
            context = browser.new_context(base_url=demo.url, color_scheme=look, **KINDS[kind], **ALIKE)
            page = context.new_page()
            for name, path in places.items():
                if name != "sign-in" and not context.cookies():
                    page.goto(f"/#code={demo.code()}")
                    page.locator("#who").wait_for()
                page.goto(path)
                settle(page)
                taken = page.screenshot(full_page=whole)
                (to / f"{name}-{kind}-{look}.png").write_bytes(small(blank, taken))
            context.close()
            print(f"screens: {kind}, {look}: done", flush=True)


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(system.chromium()))
        try:
            yield browser
        finally:
            browser.close()


def settle(page: Any) -> None:
    """Wait until a screen stands and nothing of it is under way."""
    page.locator("main h1").first.wait_for()
    page.wait_for_function("() => document.querySelector('.waiting, [aria-busy=true]') === null")
    page.evaluate("document.fonts.ready")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


if __name__ == "__main__":
    main()
