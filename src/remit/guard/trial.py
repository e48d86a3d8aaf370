"""Trying the sandbox without staying in it: a process that lives for a moment confines itself and reports.

    python -m remit.guard.trial --home FOLDER

prints as JSON which layers a guard of that folder's settings would have on this machine. Nothing is made, and no key is
read.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from remit.guard import config, sandbox
from remit.guard.config import Settings
from remit.guard.errors import GuardError
from remit.guard.landlock import Room
from remit.guard.needs import room
from remit.guard.sandbox import Layer, RunAsFailed, Sandbox, SandboxMissing, become
from remit.guard.system import ThisSystem


class _Said(msgspec.Struct):
    """What the process that tried it reports: the layers, or why it cannot become the user that it should be."""

    layers: list[Layer] = []
    refused: tuple[str, str] | None = None


def refuse_less(settings: Settings) -> None:
    """Return where a guard of these settings would have every layer that they ask for, before it has made anything.

    SandboxMissing, RunAsFailed. A child is forked for it, so the process must have one thread.
    """
    if not settings.sandbox_min and settings.run_as is None:
        return
    said = _in_a_child(settings)
    if said.refused is not None:
        raise RunAsFailed(*said.refused)
    sandbox.check(said.layers)


def confined(settings: Settings) -> list[Layer]:
    """Confine this process for good as a guard of these settings would be, and return every layer as it is then.

    Where the settings name a user whom only root can become, and this process is somebody else's, that layer is told as
    root would have it. RunAsFailed.
    """
    own: Layer | None = None
    if settings.run_as is not None:
        if os.geteuid() in (0, sandbox.user_of(settings.run_as).pw_uid):
            become(settings.run_as, settings.home, make=False)
        else:
            needed = "own_user" in settings.sandbox_min
            own = Layer("own_user", True, f"root has to start it, and it becomes {settings.run_as}", needed=needed)
    tried = Sandbox(ThisSystem(), _there(settings), ())
    tried.enter()
    minimum = settings.sandbox_min
    found = [layer._replace(needed=layer.layer in minimum) for layer in tried.layers()]
    return [own if own is not None and layer.layer == own.layer else layer for layer in found]


def _there(settings: Settings) -> Room:
    """Return the room of a guard, without the folders that it would make itself and that are not there yet."""
    left = room(settings)
    made = {settings.home, settings.anchor_folder}

    def there(folders: Iterable[Path]) -> tuple[Path, ...]:
        return tuple(folder for folder in folders if folder not in made or os.path.isdir(folder))

    return left._replace(write=there(left.write))


def _in_a_child(settings: Settings) -> _Said:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, msgspec.json.encode(_report(settings)))
        finally:
            os._exit(0)  # whatever it was, the parent's own work is not done twice
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if not told:
        raise SandboxMissing(f"the sandbox cannot be tried (status {status})", "Look into the machine's log")
    return msgspec.json.decode(told, type=_Said)


def _report(settings: Settings) -> _Said:
    try:
        return _Said(layers=confined(settings))
    except RunAsFailed as fault:
        return _Said(refused=(fault.message, fault.fix))


def main() -> int:
    """Print the layers as JSON; 1 where the settings cannot be read."""
    words = argparse.ArgumentParser(prog="python -m remit.guard.trial", description=__doc__)
    words.add_argument("--home", type=Path)
    home = words.parse_args().home
    try:
        settings = config.load({**os.environ, **({} if home is None else {"REMIT_HOME": str(home)})})
        said = _report(settings)
    except GuardError as fault:
        print(f"remit guard: {fault}", file=sys.stderr)
        return 1
    rows = [layer._asdict() for layer in said.layers]
    if said.refused is not None:
        what, fix = said.refused
        rows = [Layer("own_user", False, what, fix, needed=True)._asdict()]
    sys.stdout.buffer.write(msgspec.json.encode(rows) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
