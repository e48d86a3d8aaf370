"""Starting: what `remit up` runs, in which order, until when, and what it says at the end."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from remit.environ import PASSPHRASE, bare, without_secrets
from remit.guard import config
from remit.guard.config import paper_socket
from remit.guard.hygiene import harden
from remit.guard.sandbox import become
from remit.guard.wire import AsyncClient, GuardError, GuardGone
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.event import Record
from remit.kernel.printable import printable
from remit.up import desk
from remit.up.desk import Files, SetUpFailed
from remit.up.doors import open_doors
from remit.up.exporter import bucket_heads, follow
from remit.up.feed import OVER
from remit.up.page import has_screen, open_page
from remit.up.paper import PaperDesk
from remit.up.screen import Screen
from remit.up.story import Story
from remit.up.summary import Summary, summarise, verified, written
from remit.up.supervise import NotStarted, Program, Supervisor
from remit.up.words import alert_words, command

LOGS = "logs"
DEMO = "demo"
LOOK_S = 1.0
"""How often the guard is asked for what the journal does not say: gauges, totals, readiness."""


class Wanted(NamedTuple):
    """What the caller asked for."""

    demo: bool
    for_s: int | None
    home: Path | None
    plain: bool
    json_summary: Path | None
    day_ms: int
    approve: bool
    open: bool


def main(
    *,
    demo: bool = False,
    for_s: int | None = None,
    home: Path | None = None,
    plain: bool = False,
    json_summary: Path | None = None,
    day_ms: int = 1500,
    approve: bool = False,
    open_: bool = False,
) -> int:
    """Run the guard and what belongs beside it until Ctrl-C, SIGTERM or `for_s` seconds have passed.

    With `demo` everything runs in a fresh private folder (or goes on in `home`). `plain` prints lines instead of a
    screen; `json_summary` is where the demo's summary goes as JSON; `day_ms` is how long a recorded trading day takes;
    `approve` lets the demo confirm held orders itself; `open_` opens the page where it runs at a terminal of a machine
    with a screen. Returns 0 after a clean end, 1 where something failed.
    """
    wanted = Wanted(demo, for_s, home, plain, json_summary, day_ms, approve, open_)
    try:
        harden()  # it may hold the vault's passphrase for as long as it runs
        _become_its_user(wanted)
        return asyncio.run(_Up(wanted).run())
    except (NotStarted, SetUpFailed, GuardError) as fault:
        print(printable(f"remit up: {fault}"), file=sys.stderr)
    except OSError as fault:
        print(printable(f"remit up: {fault}. Check the data folder"), file=sys.stderr)
    return 1


class _Up:
    """One run of `remit up`."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.console = Console(highlight=False)
        self.story = Story()
        self.home = _home(wanted)
        plain = wanted.plain or not self.console.is_terminal
        self.screen = Screen(self.console, self.story, self.home, plain=plain)
        self.files = Files(self.home / DEMO)
        self.supervisor = Supervisor(self.home / LOGS, self._heard)
        self.stop = asyncio.Event()
        self.heads: list[Path] = []
        """Files with heads of exports that the journal must hold."""
        self.opening: asyncio.Future[None] | None = None
        self.approved: set[str] = set()
        self.before = 0
        """The last entry of earlier runs: it is part of the story and is not told again."""

    async def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.stop.set)
        if self.wanted.demo:
            return await self._demo()
        return await self._plain()

    def _heard(self, name: str, line: str) -> None:
        """A program said something: its token at the first start and its faults are for people, too."""
        if name == "feed" and line.startswith("feed: day "):
            self.story.day = line.removeprefix("feed: day ")
            self.story.days.append(self.story.day)
        elif line.startswith((f"{name} ended (", OVER)):
            self.screen.tell(f"remit up: {line}")
        elif not self.wanted.demo and name == "guard":
            self.console.print(printable(alert_words(line) or line), markup=False, soft_wrap=True)

    async def _stop_all(self) -> None:
        """Stop the guard before the venue: the last that it says there, that its dead man is armed, must arrive."""
        for name in ("agents", "feed", "doors", "guard"):
            await self.supervisor.stop_one(name)
        await self.supervisor.stop()

    # Without --demo

    async def _plain(self) -> int:
        """Run the guard of a data folder, and the paper venue as long as a connection goes there."""
        exports = config.load({**os.environ, "REMIT_HOME": str(self.home)}).exports
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._stop_all)
            self.heads, faults = await bucket_heads(self.home, exports, without_secrets())
            for fault in faults:
                self.screen.tell(f"remit up: the head of an export cannot be compared: {printable(fault)}")
            socket = await self._locked_guard()
            if exports:
                await follow(self.supervisor, self.home, without_secrets())
            paper = asyncio.ensure_future(PaperDesk(self.supervisor, self.home, socket, self._venue).keep())
            doors = asyncio.ensure_future(self._doors(socket, without_secrets()))
            self.console.print("remit up: the guard runs; Ctrl-C stops it", soft_wrap=True)
            try:
                return await self._until_over()
            finally:
                paper.cancel()
                doors.cancel()
                await asyncio.wait([paper, doors])

    async def _doors(self, socket: Path, environ: dict[str, str], *, any_port: bool = False) -> str:
        """Open the doors, say where, and return their address; where they cannot be opened everything else goes on."""
        try:
            address = await open_doors(self.supervisor, self.home, socket, environ, any_port=any_port)
        except (GuardError, NotStarted, OSError) as fault:
            self.screen.tell(f"remit up: HTTP is not served, all else runs: {printable(str(fault))}")
            return ""
        if not self.wanted.demo:
            self.console.print(f"remit up: HTTP at {address}", markup=False, soft_wrap=True)
        if self.wanted.open and self.console.is_terminal and has_screen(environ):
            self.opening = asyncio.ensure_future(self._open(environ))
        return address

    async def _open(self, environ: dict[str, str]) -> None:
        if not await open_page(self.home, environ):
            self.screen.tell(f"remit up: no browser could be opened; sign in with: {command(self.home)} open --print")

    async def _locked_guard(self) -> Path:
        """Start the guard with REMIT_PASSPHRASE, and ask at the terminal for one where its vault wants one."""
        environ = {name: value for name, value in os.environ.items() if name != PASSPHRASE}
        given = os.environ.get(PASSPHRASE)
        try:
            return await self._guard(environ, given)
        except NotStarted as fault:
            if given is not None or "passphrase_needed" not in str(fault) or not sys.stdin.isatty():
                raise
        return await self._guard(environ, getpass.getpass("Passphrase of the vault: "))

    async def _until_over(self) -> int:
        """Wait for the signal, the end of the time, or the guard's own end, which is a failure."""
        stopping: asyncio.Future[Any] = asyncio.ensure_future(self.stop.wait())
        over: asyncio.Future[Any] = self.supervisor.over["guard"]
        await asyncio.wait([stopping, over], timeout=self.wanted.for_s, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if over.done():
            return 1
        return 0

    # With --demo

    async def _demo(self) -> int:
        again = self.files.done.exists()
        self.files.prepare()
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._stop_all)
            socket = await self._guard(bare())
            cash = [(name, "USD", desk.CASH) for name in desk.CONNECTIONS]
            venue = await self._venue(socket, self.files.instruments, self.files.feed_key, cash)
            client = AsyncClient(socket, (self.home / "operator.token").read_text().strip(), desk.DOOR)
            stack.callback(client.close)
            self.before = (await client.ask("read", {"view": "status"}))["seq"]
            doors = asyncio.ensure_future(self._doors(socket, bare(), any_port=True))
            stack.callback(doors.cancel)
            await desk.set_up(client, self.files)
            address = await doors  # before the first price: nothing should happen that nobody is shown
            await self._feed(socket, venue)
            await self._agents(socket)
            self.screen.begin(address, again=again)
            code = await self._show(client)
            await self.supervisor.stop_one("agents")
            await self.supervisor.stop_one("feed")
            await self.screen.look(client)
        journal = await self._verified()
        summary = summarise(self.story, self.screen.looked, self.files, journal, self.home)
        self._end(summary)
        return code if summary.journal["verified"] else 1

    async def _verified(self) -> dict[str, Any]:
        """Check the journal that is left; another Ctrl-C leaves that out."""
        count = self.story.seq
        self.console.print(f"remit up: stopped; {count:,} entries are checked now (Ctrl-C leaves that out)")
        self.stop.clear()
        checking, left = asyncio.ensure_future(verified(self.home)), asyncio.ensure_future(self.stop.wait())
        await asyncio.wait({checking, left}, return_when=asyncio.FIRST_COMPLETED)
        left.cancel()
        if checking.done():
            return checking.result()
        checking.cancel()
        await asyncio.wait({checking})
        return {"verified": False, "why": "it was left out"}

    async def _show(self, client: AsyncClient) -> int:
        following = asyncio.ensure_future(self._follow(client))
        looking = asyncio.ensure_future(self._look(client))
        with self.screen.live():
            try:
                return await self._until_over()
            finally:
                for task in (following, looking):
                    task.cancel()
                await asyncio.wait({following, looking})

    async def _follow(self, client: AsyncClient) -> None:
        """Hear every record; a guard that was started again is followed from where it was left."""
        while True:
            try:
                async for record in client.follow({"from": self.story.seq + 1}, Record):
                    for line in self.story.hear(record):
                        if record.command.seq > self.before:
                            self.screen.show(line)
                    if self.wanted.approve:
                        await self._approve(client)
            except GuardError:
                await asyncio.sleep(0.5)

    async def _approve(self, client: AsyncClient) -> None:
        """Play the person who confirms, once for each order."""
        for held in list(self.story.waiting.values()):
            if held.order in self.approved:
                continue
            self.approved.add(held.order)
            await client.ask("command", c.Approve(order=held.order, digest=held.digest))

    async def _look(self, client: AsyncClient) -> None:
        while True:
            with contextlib.suppress(GuardGone):
                await self.screen.look(client)
            self.screen.draw()
            await asyncio.sleep(LOOK_S / 4)

    def _end(self, summary: Summary) -> None:
        self.screen.end(summary)
        if self.wanted.json_summary is not None:
            self.wanted.json_summary.write_bytes(encode(written(summary)) + b"\n")

    # The programs

    async def _guard(self, environ: dict[str, str], passphrase: str | None = None) -> Path:
        heads = [word for head in self.heads for word in ("--head", str(head))]
        command = _module("remit.guard", "--home", str(self.home), *heads)
        changed = _watched({**environ, "REMIT_HOME": str(self.home)})
        program = Program("guard", command, "ready on ", lambda code: code >= 0, environ, passphrase, changed)
        return Path((await self.supervisor.start(program)).partition("ready on ")[2])

    async def _venue(self, socket: Path, instruments: Path, key: Path, cash: list[tuple[str, str, str]]) -> Path:
        path = paper_socket(socket)
        words = ["--socket", path, "--state", self.home / "paper.db", "--permit-key", self.home / "permit.pub"]
        words += ["--instruments", instruments, "--feed-key", key]
        for purse in cash:
            words += ["--cash", ",".join(purse)]
        command = _module("remit.venues.paper", *map(str, words))
        await self.supervisor.start(Program("venue", command, "listening on", lambda code: code == 2, bare()))
        return path

    async def _feed(self, socket: Path, venue: Path) -> None:
        words = ["--socket", socket, "--token", self.files.feed_token, "--venue", venue]
        words += ["--venue-key", self.files.feed_key, "--day-ms", self.wanted.day_ms, "--day", self.files.day]
        command = _module("remit.up.feed", *map(str, words))
        await self.supervisor.start(Program("feed", command, "ready", lambda code: code in (0, 2), bare()))

    async def _agents(self, socket: Path) -> None:
        every_ms = max(min(self.wanted.day_ms // 5, 400), 50)
        words = ["--socket", socket, "--tokens", self.files.agents, "--every-ms", every_ms, "--tried", self.files.tried]
        command = _module("remit.agents", *map(str, words))
        await self.supervisor.start(Program("agents", command, "ready", lambda code: code in (0, 2), bare()))


def _become_its_user(wanted: Wanted) -> None:
    """Be the user that the settings name, before anything is made: nothing that root starts here stays root.

    A process of root that writes into a folder of the guard's would follow whatever somebody in the guard laid there.
    """
    if wanted.demo and wanted.home is None:
        return  # a folder of its own, with no settings yet
    stated = {} if wanted.home is None else {"REMIT_HOME": str(wanted.home.absolute())}
    settings = config.load({**os.environ, **stated})
    if settings.run_as is None:
        return
    user = become(settings.run_as, settings.home)
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        del os.environ[name]
    os.environ.update(HOME=user.pw_dir, USER=user.pw_name, LOGNAME=user.pw_name)


def _home(wanted: Wanted) -> Path:
    if wanted.home is None:
        if wanted.demo:
            return Path(tempfile.mkdtemp(prefix="remit-"))
        return config.load(os.environ).home
    home = wanted.home.absolute()
    if wanted.demo and (home / "journal").exists() and not (home / DEMO).exists():
        raise SetUpFailed(f"{home} holds a journal that is no demo's. Name another folder with --home")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home


def _watched(environ: dict[str, str]) -> Callable[[], str]:
    """Return what says why the guard is not started again by itself: whoever was in it may have written its settings,
    which hold it from the next start on."""
    before = config.load(environ)

    def changed() -> str:
        try:
            same = config.load(environ) == before
        except GuardError as fault:
            return str(fault)
        return "" if same else f"{config.FILE} says something else than when it was started. Read it, then start again"

    return changed


def _module(name: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", name, *words)
