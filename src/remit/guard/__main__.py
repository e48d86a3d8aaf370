"""`python -m remit.guard`: the guard as a process, until it is told to stop (Ctrl-C or SIGTERM)."""

from __future__ import annotations

from remit.guard.hygiene import close, close_inherited, harden

if __name__ == "__main__":
    close()  # before all else that is imported: until here others of its user may open its memory

import argparse
import asyncio
import gc
import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from remit.guard import config
from remit.guard.errors import GuardError, SettingInvalid
from remit.guard.guard import OPERATOR_TOKEN
from remit.guard.loop import said
from remit.guard.passphrase import from_descriptor, from_keyring
from remit.guard.private import check_settings, make_private
from remit.guard.sandbox import RunAsFailed, become
from remit.guard.serve import GuardProcess
from remit.guard.trial import refuse_less
from remit.journal.errors import JournalError
from remit.journal.log import Resume
from remit.kernel.printable import printable

TEXT_MAX = 500
"""Characters of a person's reason, as the journal takes them."""

GARBAGE_EVERY = 50_000
"""Objects made, less those gone, between two looks for garbage."""


def main(given: Sequence[str] | None = None) -> int:
    """Run the guard; 0 after a clean stop, 1 where it cannot start or its journal failed."""
    words = _arguments().parse_args(given)
    try:
        close_inherited(words.passphrase_fd)
        harden()
        environ = dict(os.environ)
        if words.home is not None:
            environ["REMIT_HOME"] = str(words.home)
        settings = config.load(environ)
        check_settings(settings.home / config.FILE, settings.guard_uids)
        _refuse_code_from_here(settings)
        refuse_less(settings)  # while nothing is made yet
        if settings.run_as is not None:
            become(settings.run_as, settings.home)
            harden()  # whoever becomes somebody else can be looked into again
        make_private(settings.home.resolve(), shared=bool(settings.peers))
        resume = None if words.resume is None else _resume(*words.resume)
        heads = {f"the file {path}": path.read_bytes() for path in words.head}
        asyncio.run(_run(settings, _passphrase(words.passphrase_fd, settings), resume, heads))
    except (GuardError, JournalError) as fault:
        print(printable(f"remit guard: {fault}"), file=sys.stderr)
        return 1
    except (OSError, sqlite3.Error) as fault:
        what = printable(f"the disk refused: {fault}")
        print(f"remit guard: {what}. Check the data folder and its disk", file=sys.stderr)
        return 1
    except Exception as fault:  # noqa: BLE001  our own bug: the place it came from is enough to find it by
        print(f"remit guard: internal: {printable(said(fault))}. Report this line, then start again", file=sys.stderr)
        return 1
    return 0


def _refuse_code_from_here(settings: config.Settings) -> None:
    """RunAsFailed for root that looked for its code where it stood: somebody else's could have run already."""
    if settings.run_as is not None and os.geteuid() == 0 and not sys.flags.safe_path:
        what = "root started the guard with the current folder on Python's path, from where its code would come first"
        raise RunAsFailed(what, "Start it with python -P -s -m remit.guard")


async def _run(
    settings: config.Settings, passphrase: str | None, resume: Resume | None, heads: dict[str, bytes]
) -> None:
    process = GuardProcess(settings, passphrase, resume, heads)
    # What is known at the start lives as long as the guard, and hardly anything after it is a cycle: looking through
    # all of it again and again for garbage would only hold callers up.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_EVERY)

    def ready(token: str | None) -> None:
        for warning in process.guard.recovered.warnings:
            print(printable(f"remit guard: {warning}"), file=sys.stderr)
        for layer in process.sandbox.missing():
            lacks = f"sandbox without {layer.layer}: {layer.says}. {layer.fix}"
            print(printable(f"remit guard: {lacks}"), file=sys.stderr)
        if token is not None:
            print(
                f"remit guard: your operator token, shown once, kept in {settings.home / OPERATOR_TOKEN}:\n{token}",
                flush=True,
            )
        print(f"remit guard: ready on {settings.socket}", flush=True)

    await process.run(ready)


def _arguments() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python -m remit.guard", description=__doc__)
    words.add_argument("--home", type=Path, help="the data folder (default: REMIT_HOME, else ~/.local/share/remit)")
    words.add_argument(
        "--passphrase-fd", type=int, help="read the vault's passphrase from this file descriptor; -1 asks for it"
    )
    words.add_argument(
        "--resume", nargs=2, metavar=("PERSON", "REASON"), help="let a poisoned journal go on, in this person's name"
    )
    words.add_argument(
        "--head",
        type=Path,
        action="append",
        default=[],
        help="a file with a head of the journal that it must hold",
    )
    return words


def _resume(person: str, reason: str) -> Resume:
    if not person.strip() or not reason.strip() or max(len(person), len(reason)) > TEXT_MAX:
        raise SettingInvalid(f"a resume names a person and a reason, in up to {TEXT_MAX} characters", "Say both")
    return Resume(person, reason)


def _passphrase(descriptor: int | None, settings: config.Settings) -> str | None:
    if descriptor is not None:
        return from_descriptor(descriptor)
    return from_keyring(settings.home) if settings.passphrase == config.KEYRING else None


if __name__ == "__main__":
    sys.exit(main())
