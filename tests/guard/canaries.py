"""Keys that are known to a test, planted in a real guard, and where to look for them afterwards."""

from __future__ import annotations

import base64
import ctypes
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.guard.processes import Processes

from remit.guard.passwords import Cost
from remit.guard.vault import FILE
from remit.guard.vault import file as vault_file
from remit.guard.vault.file import Content, Kept, Roots, Token
from remit.guard.world import KEYS
from remit.kernel.access import VenueKey

PASSPHRASE = "canary passphrase of the vault 7c1e"
PIN = "canary-pin-90d4"
HANDED_OVER = b"canary-secret-handed-over-to-a-venue-without-keys"
SECRETS = {
    name: hashlib.sha256(b"canary " + name.encode()).digest() for name in ("permit", "checkpoint", "tokens", "seed")
}
BEARER = b"canary-bearer-b9b1f6c3a2"
CHEAP = Cost(8_192, 1, 1)
PLANTED = {**SECRETS, "bearer": BEARER, "passphrase": PASSPHRASE.encode(), "pin": PIN.encode(), "handed": HANDED_OVER}


def forms(secret: bytes) -> Iterator[bytes]:
    """Yield a secret as it may be written: raw, in hex, in base64 at any place of a longer text, as Python shows it."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + secret)
        yield whole[4 if shift else 0 : len(whole) // 4 * 4 - 4]
        yield base64.urlsafe_b64encode(bytes(shift) + secret)[4 if shift else 0 : -4]
    shown = repr(secret)[2:-1].encode()
    if len(shown) > 8:
        yield shown


PATTERN = re.compile(b"|".join(re.escape(form) for secret in PLANTED.values() for form in forms(secret)))


def plant(home: Path) -> None:
    """Write a locked vault whose keys are all canaries."""
    home.mkdir(mode=0o700, exist_ok=True)
    (home / KEYS).mkdir(mode=0o700)
    kept = tuple(
        Kept(
            VenueKey(
                connection="paper1", agent=scheme.replace("_", "-"), generation=1, scheme=scheme, keeper="file",
                fingerprint="0" * 64,
            ),
            b"",
            secret,
        )
        for scheme, secret in (("ed25519", SECRETS["seed"]), ("bearer", BEARER))
    )  # fmt: skip
    roots = Roots(SECRETS["permit"], SECRETS["checkpoint"], SECRETS["tokens"])
    lock = vault_file.lock_by(PASSPHRASE, os.urandom, CHEAP)
    path = home / KEYS / FILE
    path.write_bytes(vault_file.write(Content(roots, kept, Token("/nowhere.so", "desk", PIN)), lock, os.urandom))
    path.chmod(0o600)


def without_rights() -> None:
    """Give up what root may do to others, for a process that is about to start: it is a user among users then."""
    if os.geteuid() == 0:
        for right in range(64):
            ctypes.CDLL(None).prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP; beyond the last right it says so


class Canaries(Processes):
    """A guard over planted keys, whose every word is kept in `guard.log` beside its data folder."""

    @property
    def log(self) -> Path:
        return self.home.parent / "guard.log"

    def start_guard(self, *more: str) -> None:
        reading, writing = os.pipe()
        os.write(writing, PASSPHRASE.encode() + b"\n")
        os.close(writing)
        command = [
            sys.executable,
            "-m",
            "remit.guard",
            "--home",
            str(self.home),
            "--passphrase-fd",
            str(reading),
            *more,
        ]
        with self.log.open("ab") as log:
            self.guard = subprocess.Popen(
                command, stdout=log, stderr=log, pass_fds=[reading], text=True, preexec_fn=without_rights
            )
        os.close(reading)
        for _ in range(600):
            if b"ready on" in self.log.read_bytes():
                break
            assert self.guard.poll() is None, self.log.read_text()
            time.sleep(0.05)
        self.secrets["operator"] = (self.home / "operator.token").read_text().strip()


class Found(NamedTuple):
    """Where a canary was found."""

    where: str
    what: bytes


def in_files(*folders: Path) -> list[Found]:
    """Return the canaries in all files under folders."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [Found(str(path), hit.group()) for path in files for hit in PATTERN.finditer(path.read_bytes())]


def in_memory(pid: int) -> list[Found]:
    """Return the canaries in all memory that a process can write; OSError where it cannot be read."""
    found = []
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            place, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue  # what nobody can write holds what lies in its file, and files are searched by themselves
            low, high = (int(end, 16) for end in place.split("-"))
            try:
                memory.seek(low)
                held = memory.read(high - low)
            except OSError:
                continue  # a mapping that the kernel itself does not let be read
            found += [Found(f"{pid} {place}", hit.group()) for hit in PATTERN.finditer(held)]
    return found
