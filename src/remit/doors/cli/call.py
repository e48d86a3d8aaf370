"""Calling the guard: settings, token, requests, and the named faults and exit codes every verb shares."""

from __future__ import annotations

import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from remit.environ import TOKEN
from remit.guard.config import Settings, load
from remit.guard.wire import Client
from remit.kernel.codec import build, encode, plain
from remit.kernel.numbers import Decimal18, NotDecimal, parse

DONE, FAULT, USAGE, DENIED, HELD = 0, 1, 2, 3, 4
DOOR = "cli"
TOKEN_FILE = "operator.token"
Number = TypeVar("Number", bound=Decimal18)


class Fault(Exception):
    """Something went wrong: a code, what happened, what to do, and the exit code."""

    def __init__(self, code: str, message: str, fix: str, status: int = FAULT) -> None:
        super().__init__(f"{code}: {message}. {fix}")
        self.code, self.message, self.fix, self.status = code, message, fix, status


class Caller:
    """One run of the command line: whose guard it speaks to, and whether it answers in JSON."""

    def __init__(self, home: Path | None = None) -> None:
        self.json = False
        self.home = home
        self._settings: Settings | None = None
        self._client: Client | None = None

    @property
    def settings(self) -> Settings:
        """The data folder and socket in use; GuardError where a setting is wrong."""
        if self._settings is None:
            environ = dict(os.environ)
            if self.home is not None:
                environ["REMIT_HOME"] = str(self.home)
            self._settings = load(environ)
        return self._settings

    @property
    def client(self) -> Client:
        if self._client is None:
            uids = self.settings.guard_uids
            self._client = Client(self.settings.socket, token_of(self.settings), DOOR, guard_uids=uids)
        return self._client


_CALLER: ContextVar[Caller] = ContextVar("caller")


def begin(home: Path | None) -> None:
    """Start one run of the command line."""
    _CALLER.set(Caller(home))


def caller() -> Caller:
    """Return this run."""
    return _CALLER.get()


def answers_json() -> bool:
    """Return whether this run answers in JSON; not where none has begun."""
    found = _CALLER.get(None)
    return found is not None and found.json


def token_of(settings: Settings) -> str:
    """Return the token to act with: REMIT_TOKEN, else the operator's file in the data folder. Fault."""
    stated = os.environ.get(TOKEN, "").strip()
    if stated:
        return stated
    path = settings.home / TOKEN_FILE
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Fault("open_to_others", f"{path} can be read by others", f"Run: chmod 600 {path} -- and reset it")
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise Fault(
            "no_token",
            f"there is no token: {TOKEN} is not set and {path} does not exist",
            "Set REMIT_TOKEN. The first `remit up` writes that file; where it is lost: remit token reset-operator",
        ) from None
    except OSError as fault:
        raise Fault("no_token", f"{path} cannot be read: {fault.strerror}", "Set REMIT_TOKEN") from None


# Asking


def read(name: str, **arguments: Any) -> Any:
    """Return a view as plain JSON; arguments that are None are left out."""
    given = {key.rstrip("_"): value for key, value in arguments.items() if value is not None}
    return caller().client.ask("read", {"view": name, **given})


def enter(body: object, text: str = "") -> dict[str, Any]:
    """Let a command enter and return its record; Fault where the guard refused it."""
    sent: object = body if not text else {"command": msgspec.Raw(encode(body)), "text": text}
    record: dict[str, Any] = caller().client.ask("command", sent)
    for event in record.get("events", ()):
        if event["event"] == "refused":
            raise Fault(
                event["code"], event["why"], f"Nothing changed; the refusal is entry {record['command']['seq']}"
            )
    return record


def preview(body: object) -> dict[str, Any]:
    """Return what the guard would decide of an order; nothing changes."""
    answer: dict[str, Any] = caller().client.ask("preview", body)
    return answer


def follow(start: int) -> Iterator[dict[str, Any]]:
    """Yield records as they become durable, from a sequence number on; 0 for what comes next."""
    return caller().client.follow({"from": start})


# What people write


def make(kind: type[Any], /, **fields: Any) -> Any:
    """Return a record of the kernel's nouns from what a person wrote; wrong usage where it is none."""
    try:
        return build(kind, {name: plain(value) for name, value in fields.items() if value is not None})
    except (msgspec.ValidationError, ValueError) as fault:
        raise typer.BadParameter(str(fault)) from None


def amount(kind: type[Number], written: str | None, name: str) -> Number | None:
    """Return an exact number from its text; wrong usage where it is none."""
    if written is None:
        return None
    try:
        return parse(kind, written)
    except NotDecimal as fault:
        raise typer.BadParameter(str(fault), param_hint=name) from None


_SPAN = re.compile(r"([1-9][0-9]{0,5})(s|min|h|d)")
_SPANS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}


def span_s(written: str, name: str) -> int:
    """Return the seconds of a span such as 90s, 15min, 8h or 30d; wrong usage otherwise."""
    found = _SPAN.fullmatch(written)
    if found is None:
        raise typer.BadParameter(
            f"{written!r} is no span of time; write for example 90s, 15min, 8h or 30d", param_hint=name
        )
    return int(found[1]) * _SPANS[found[2]]


def now() -> int:
    """Return the wall clock in nanoseconds, for the times that a person's own intent carries."""
    return time.time_ns()


def subject_of(written: str) -> str:
    """Return a subject: as written, or the agent of that name."""
    return written if written == "firm" or ":" in written else f"agent:{written}"


def confirm(question: str, yes: bool) -> None:
    """Return when a person agrees; Abort where not. Without a terminal to ask at, `--yes` is needed."""
    if yes:
        return
    if caller().json or not sys.stdin.isatty():
        raise Fault("not_confirmed", "this needs a yes and there is nobody to ask", "Look at it, then add --yes", USAGE)
    typer.confirm(question, abort=True, err=True)


# Options every verb shares


def _note_json(wanted: bool) -> bool:
    """Note that this run answers in JSON, its faults too."""
    caller().json = caller().json or wanted
    return wanted


AGENT_FLAGS = ("--agent", "--strategy")
Agent = Annotated[str | None, typer.Option(*AGENT_FLAGS, help="The agent.")]
Json = Annotated[bool, typer.Option("--json", callback=_note_json, help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the journal.")]


def noun(told: str) -> typer.Typer:
    """Return the group of a noun's verbs; its help is Markdown, as docs/cli.md is."""
    return typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help=told)
