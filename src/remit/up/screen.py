"""The screen: what a person sees while it runs. On anything but a terminal, and with --plain, it is plain lines."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from remit.guard.wire import AsyncClient
from remit.kernel.printable import without_odd
from remit.up.panels import Looked, line_text, view
from remit.up.story import Line, Story
from remit.up.summary import Summary, begin_text, further_text, summary_text


class Screen:
    """Shows a story as it goes on. `looked` is what the guard said last of limits, totals and readiness."""

    def __init__(self, console: Console, story: Story, home: Path, *, plain: bool) -> None:
        self.console = console
        self.looked = Looked()
        self.address = ""
        self._story = story
        self._home = home
        self._plain = plain
        self._live: Live | None = None

    def begin(self, address: str, *, again: bool) -> None:
        """Say what runs, where (`address` is that of HTTP, if served), and which limits are not the preset's, unless it
        goes on `again`."""
        self.address = address
        self.console.print(begin_text(self._home, address, again=again), soft_wrap=not self.console.is_terminal)

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Take the terminal over until the block is left; plain lines need nothing."""
        if self._plain:
            yield
            return
        with Live(self._view(), console=self.console, screen=True, auto_refresh=False) as self._live:
            try:
                yield
            finally:
                self._live = None

    def show(self, line: Line) -> None:
        """Say one thing that happened; the live view shows it with its next drawing."""
        if self._plain:
            self.console.print(line_text(line), soft_wrap=True)

    def tell(self, words: str) -> None:
        """Say something about the programs themselves."""
        words = without_odd(words)
        self._story.notes.append(words)
        if self._live is None:
            self.console.print(Text(words), soft_wrap=True)

    async def look(self, client: AsyncClient) -> None:
        """Ask the guard what the journal does not say by itself. GuardError."""

        async def read(name: str, **arguments: Any) -> Any:
            return without_odd(await client.ask("read", {"view": name, **arguments}))

        self.looked = Looked(
            status=await read("status"),
            gauges=(await read("exposure"))["gauges"],
            exits=await read("exits"),
            agents={row["name"]: row for row in await read("agents")},
        )

    def draw(self) -> None:
        """Draw the live view anew."""
        if self._live is not None:
            self._live.update(self._view(), refresh=True)

    def end(self, summary: Summary) -> None:
        """Print the summary, which stays on the terminal."""
        self.console.print(summary_text(summary), soft_wrap=not self.console.is_terminal)
        self.console.print(further_text(summary), soft_wrap=True)

    def _view(self) -> Any:
        return view(self._story, self.looked, self._home, self.console.size, self.address)
