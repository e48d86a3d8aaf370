"""A real Chromium, headless, for tests of pages: what is on them, what is pressed, and what they must never do.

`launched` yields the browser of this machine; `Visit` is one person at it, with cookies of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from scripts import system

PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
TIMEOUT_MS = 10_000
REFUSED = "Failed to load resource: "
"""What Chromium writes in the console for every answer of the API that is no 200, whatever the page makes of it."""
LISTENING = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"""


def launched() -> Iterator[Any]:
    """Yield the machine's Chromium; skip where there is none, or nothing to drive it."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = system.chromium()
    if found is None:
        pytest.skip("no Chromium on this machine: scripts/system.py says how to get it")
    with driver.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(found))
        try:
            yield chromium
        finally:
            chromium.close()


class Visit:
    """One person at the browser, at the site of `url`; `page` is their tab. `more` is a context's, as `PHONE` is.

    Each `begin` is somebody new; `end` and `close` judge what the pages did.
    """

    def __init__(self, chromium: Any, url: str, **more: Any) -> None:
        self.url, self.faults, self.sent = url, list[str](), list[Any]()
        self._host = urlsplit(url).netloc
        self.context = chromium.new_context(base_url=url, **more)
        self.context.set_default_timeout(TIMEOUT_MS)
        self.context.add_init_script(LISTENING)
        self.context.on("request", self._asked)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda fault: self.faults.append(f"raised {fault.error}"))
        self.begin()

    def begin(self) -> None:
        """Begin in a new tab, as somebody whom no site knows."""
        self.context.clear_cookies()
        for page in self.context.pages:
            page.close()
        self.sent.clear()
        self.page = self.context.new_page()

    def end(self) -> None:
        """Fail where a page did what none may: ask another host, raise, or break its policy."""
        faults, self.faults = self.faults, []
        assert faults == []

    def open(self, path: str) -> Any:
        """Open a path in the tab; the tab."""
        if "#" in path and self.page.url != "about:blank":
            self.page.goto("about:blank")  # where only the fragment differs, nothing would be loaded anew
        self.page.goto(path)
        return self.page

    def device(self, *, verifies: bool = True) -> Any:
        """Give the tab a device for passkeys that says yes at once; what speaks to it, and its name there."""
        session = self.context.new_cdp_session(self.page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": verifies, "automaticPresenceSimulation": True,
        }  # fmt: skip
        made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return session, made["authenticatorId"]

    def close(self) -> None:
        self.context.close()
        self.end()

    def _asked(self, request: Any) -> None:
        self.sent.append(request)
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "about") and parts.netloc != self._host:
            self.faults.append(f"asked {request.url}")

    def _said(self, message: Any) -> None:
        path = urlsplit(message.location["url"]).path
        of_the_api = message.text.startswith(REFUSED) and path.startswith(("/v1/", "/readyz"))
        if message.type in ("error", "warning") and not of_the_api:
            self.faults.append(f"{message.type}: {message.text}")
