"""The witness's process: its folder, its key, the journals it knows, and the signals that stop it."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from remit.journal.errors import NoteInvalid
from remit.journal.note import Verifier, parse_verifier
from remit.journal.store import FileStore
from remit.witness.errors import WitnessDamaged, WitnessSetting
from remit.witness.key import read_key
from remit.witness.ledger import Answer, Ledger
from remit.witness.server import Server

KEY_BYTES_MAX = 1024


def journal_of(said: str) -> Verifier:
    """The journal that a verifier key names, or a file that holds one (`verifier.txt` beside a journal);
    WitnessSetting."""
    text = said
    path = Path(said)
    try:
        if path.is_file():
            text = path.read_text(encoding="utf-8")[:KEY_BYTES_MAX].strip()
        return parse_verifier(text)
    except (OSError, ValueError) as fault:
        raise WitnessSetting(f"--log {said}: {fault}", "Name the file verifier.txt of that journal") from None
    except NoteInvalid as invalid:
        raise WitnessSetting(f"--log {said}: {invalid.what}", "Name the file verifier.txt of that journal") from None


def place_of(bind: str) -> tuple[str, int]:
    """The host and the port of HOST:PORT, an IPv6 host in brackets; WitnessSetting."""
    host, _, port = bind.rpartition(":")
    try:
        ipaddress.ip_address(host.strip("[]"))
        if not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
            raise ValueError
    except ValueError:
        raise WitnessSetting(f"--bind {bind} is no address and port", "Write for example 127.0.0.1:8421") from None
    return host.strip("[]"), int(port)


async def serve(
    folder: Path,
    journals: Sequence[Verifier],
    host: str,
    port: int,
    ready: Callable[[str], None],
    told: Callable[[Answer], None],
) -> None:
    """Cosign until SIGINT or SIGTERM; `ready` gets the address, `told` each answer. OSError where it cannot listen.

    WitnessKeyMissing, StoreLocked; WitnessDamaged where the folder cannot be trusted, or once its disk has failed.
    """
    store = FileStore(folder)
    try:
        ledger = Ledger(store, read_key(store), journals, lambda: int(time.time()))
        stop = asyncio.Event()

        def heard(answer: Answer) -> None:
            told(answer)
            if ledger.failed:
                stop.set()

        server = Server(ledger, heard)
        address, bound = await server.start(host, port)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        ready(f"http://{f'[{address}]' if ':' in address else address}:{bound}")
        await stop.wait()
        await server.stop()
        if ledger.failed:
            raise WitnessDamaged(ledger.failed, "Check the disk, then start it again: what it cosigned is on it")
    finally:
        store.close()
