"""The command line as a whole: a fault becomes words and an exit code, and heavy verbs are fetched when asked for."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import MutableMapping
from typing import Any, NoReturn

import typer
import typer.main
from typer.core import TyperGroup
from typer.exceptions import Abort, Exit, TyperException

from remit.doors.cli.call import FAULT, USAGE, Fault, answers_json
from remit.guard.wire import GuardError
from remit.kernel.printable import json_line, printable

ELSEWHERE = ("replay", "bench")
"""Verbs that other parts of remit bring along, each as `remit.VERB.command`."""


class Whole(TyperGroup):
    """The root of the command line; a fault becomes two plain lines and an exit code, never a traceback."""

    def __init__(self, **told: Any) -> None:
        self._known: MutableMapping[str, Any] = {}
        self._wants_json = False
        super().__init__(**told)

    @property
    def commands(self) -> MutableMapping[str, Any]:
        """Every verb, those from elsewhere included."""
        for verb in ELSEWHERE:
            self._fetch(verb)
        return self._known

    @commands.setter
    def commands(self, known: MutableMapping[str, Any]) -> None:
        self._known = known

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return one verb; only a verb from elsewhere is fetched from there."""
        self._fetch(cmd_name)
        return self._known.get(cmd_name)

    def _fetch(self, verb: str) -> None:
        if verb not in ELSEWHERE or verb in self._known:
            return
        try:
            found = importlib.import_module(f"remit.{verb}.command")
        except ModuleNotFoundError as fault:
            if fault.name is None or not fault.name.startswith(f"remit.{verb}"):
                raise
            return
        app = typer.Typer(rich_markup_mode="markdown")
        app.callback()(lambda: None)
        if hasattr(found, "register"):
            found.register(app)
        else:
            app.command(verb)(getattr(found, verb))
        group = typer.main.get_command(app)
        assert isinstance(group, TyperGroup)
        self._known[verb] = group.commands[verb]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Note whether JSON is asked for: wrong usage is found before its option is read."""
        self._wants_json = "--json" in args
        try:
            return super().parse_args(ctx, args)
        except TyperException as fault:
            fault.message = printable(fault.message)  # it quotes what was typed
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run a verb; faults end it with their exit code."""
        try:
            return super().invoke(ctx)
        except TyperException as fault:
            if not self._wants_json:
                fault.message = printable(fault.message)
                raise
            _told_as_json("usage", fault.format_message(), "See --help of that verb")
            raise Exit(fault.exit_code) from None
        except (Exit, Abort, BrokenPipeError):
            raise
        except Exception as fault:  # noqa: BLE001  the edge: whatever it was, a person gets words and a code
            if os.environ.get("REMIT_TRACEBACK") == "1":
                raise
            _tell(*_words(fault), keep_lines=isinstance(fault, ValueError))  # a file's faults, a line each


def _words(fault: Exception) -> tuple[str, str, str, int]:
    """Return (code, what happened, what to do, exit code) of any fault."""
    if isinstance(fault, Fault):
        return fault.code, fault.message, fault.fix, fault.status
    if isinstance(fault, GuardError):
        return fault.code, fault.message, fault.fix, FAULT
    code = getattr(fault, "code", None)
    if isinstance(fault, ValueError) and isinstance(code, str):  # a file that cannot be taken: it names line and field
        return code, str(fault), "Correct the file; nothing was changed", USAGE
    if isinstance(code, str) and isinstance(getattr(fault, "what", None), str):
        return code, str(getattr(fault, "what", "")), str(getattr(fault, "do", "")), FAULT
    if isinstance(fault, OSError):
        return "disk", f"{fault.strerror or fault}: {fault.filename or ''}".rstrip(": "), "Look at that file", FAULT
    said = f"{type(fault).__name__}: {fault}".strip(": ")
    return "internal", f"remit failed in itself ({said})", "Please report it; REMIT_TRACEBACK=1 shows where", FAULT


def _told_as_json(code: str, message: str, fix: str) -> None:
    message = message.encode(errors="backslashreplace").decode()  # what was typed may be no text at all
    print(json_line({"error": {"code": code, "message": message, "fix": fix}}))


def _tell(code: str, message: str, fix: str, status: int, *, keep_lines: bool) -> NoReturn:
    if answers_json():
        _told_as_json(code, message, fix)
    else:
        for line in (f"{code}: {message}", *([f"  {fix.rstrip('.')}."] if fix else [])):
            print(printable(line, keep_lines=keep_lines), file=sys.stderr)
    raise Exit(status)
