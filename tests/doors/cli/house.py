"""A guard's socket with a real kernel behind it and no disk, and the command line in front of it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import typer.main
from tests.guard.desk import ANN, BOB, CLAUDE, EVE, FEED, MOMENTUM, REVERSION, Desk
from typer.testing import CliRunner

from remit.doors.cli.main import app
from remit.guard.errors import NotAuthenticated, RequestMalformed
from remit.guard.wire import Peer, Request, Server
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import decode, encode, plain
from remit.kernel.command import Body
from remit.kernel.decide import Asked
from remit.kernel.event import Record, Repeated
from remit.kernel.names import Principal

COMMAND = typer.main.get_command(app)
CALLERS: dict[str, Principal] = {by.name: by for by in (ANN, BOB, EVE, MOMENTUM, REVERSION, CLAUDE, FEED)}


class Handle:
    """What stands behind the socket here: the same views and the same kernel as the guard's, with names as tokens."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.texts: list[str] = []

    async def handle(self, request: Request, peer: Peer) -> bytes:
        by = CALLERS.get(request.token)
        if by is None:
            raise NotAuthenticated("the token is not known, or was revoked", "Give a valid token in REMIT_TOKEN")
        if request.do == "read":
            given = msgspec.json.decode(request.body)
            return encode(await self.desk.looked(by, given.pop("view"), **given))
        if request.do == "preview":
            body = decode(Body, bytes(request.body))
            assert isinstance(body, c.Submit)
            decision, needs = self.desk.kernel.judge.judge(Asked(body.intent, "", by, self.desk.at), "preview")
            return encode({"decision": plain(decision), "needs": None if needs is None else needs._asdict()})
        return self._command(by, bytes(request.body))

    def _command(self, by: Principal, source: bytes) -> bytes:
        given = msgspec.json.decode(source)
        if given.get("kind") == "new_token":
            grant = access.TokenGrant(
                token=f"T-{len(self.desk.journal)}", role=given["role"], name=given["name"], owner=given["owner"],
                issued_at=self.desk.at, expires_at=given.get("expires_at"),
            )  # fmt: skip
            return encode({**plain(self.desk.do(by, c.IssueToken(grant=grant))), "secret": "remit_shown_once"})
        if "command" in given:
            self.texts.append(given["text"])
            source = msgspec.json.encode(given["command"])
        try:
            body = decode(Body, source)
        except (msgspec.DecodeError, ValueError) as fault:
            raise RequestMalformed(f"this is no command: {fault}", "See `remit --help`") from None
        record = self.desk.do(by, body)
        answer = plain(record)
        for event in record.events:
            if isinstance(event, Repeated):
                answer["first"] = plain(decode(Record, self.desk.journal[event.seq - 1]))
        return encode(answer)

    async def follow(self, request: Request, peer: Peer) -> AsyncIterator[bytes]:
        for _, entry in self.desk.entries(msgspec.json.decode(request.body)["from"] - 1):
            yield entry


class Outcome:
    """What one run of the command line left: exit code, what it printed, and that read as JSON."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)


def invoke(*words: str, given: str | None = None, **environ: str | None) -> Any:
    """Run `remit WORDS` in this process."""
    # The runner makes the whole tree of commands anew for each run, which is most of what a run takes; once is enough.
    with mock.patch("typer.testing._get_command", lambda _: COMMAND):
        return CliRunner().invoke(app, list(words), input=given, env=environ)


class House:
    """A served desk in a folder of its own; `run` is the command line as somebody."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk = Desk(at=time.time_ns() - 10**9, step_ns=10**6)
        self.handle = Handle(self.desk)
        self._loop = asyncio.new_event_loop()
        self._server = Server(folder / "guard.sock", self.handle)
        self._loop.run_until_complete(self._server.start())
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def run(self, *words: str, who: str = "ann", given: str | None = None, **environ: str) -> Outcome:
        """Run `remit WORDS`; the token of `who` is its name."""
        env = {"REMIT_HOME": str(self.folder), "REMIT_TOKEN": who, "REMIT_SOCKET": None, "COLUMNS": "200", **environ}
        found = invoke(*words, given=given, **env)
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        assert "Traceback" not in found.output
        return Outcome(found.exit_code, found.stdout, found.stderr)
