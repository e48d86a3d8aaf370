"""What a signature costs per keeper and scheme: a permit checked, used up and spoken to, beside the bare signature."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from remit.bench.table import Row, Skipped
from remit.bench.timing import CPU, Round, Timed, in_turns
from remit.guard.errors import GuardError
from remit.guard.vault import Vault, schemes
from remit.guard.vault.file import Token
from remit.kernel.permit import Keeper, Permit, Request, Scheme
from remit.testing.world import MemoryWorld

TIMES = 50
SCHEMES: tuple[Scheme, ...] = ("ed25519", "secp256k1", "rsa_pss", "hmac_sha256")
SECRET = b"a secret that a venue gave out once"
WORDS = b"w" * 32
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
REQUEST = Request(connection="exchange", action="place", method="POST", path="/orders", body=b"{}")
AT = 1


class Wants:
    """A venue's codec that wants a scheme, and 32 bytes signed."""

    def __init__(self, scheme: Scheme | None) -> None:
        self.scheme = scheme

    def signed(self, request: Request) -> bytes:
        """Return the words to be signed."""
        return WORDS


def signing(rounds: int) -> list[Row | Skipped]:
    """Each scheme by the vault's file, and by a SoftHSM2 token where there is one; CPU time of one thread."""
    file = Vault.create(MemoryWorld())
    rows: list[Row | Skipped] = [_permit(rounds), *(_of(file, scheme, "file", rounds) for scheme in SCHEMES)]
    with softhsm() as token:
        if token is None:
            return [*rows, Skipped("signing", "SoftHSM2 is not installed: apt-get install softhsm2")]
        vault = Vault.create(MemoryWorld())
        try:
            vault.use_token(token)
        except GuardError as fault:
            return [*rows, Skipped("signing", fault.message)]
        return [*rows, *(_of(vault, scheme, "pkcs11", rounds) for scheme in SCHEMES)]


def _permit(rounds: int) -> Row:
    """The seal of a permit for a venue that checks it, by the key of an agent."""
    seed = bytes(range(32))
    took = in_turns({"whole": _sealing(Vault.create(MemoryWorld()), None), "bare": _bare("ed25519", seed)}, rounds, CPU)
    return _row("permit, file", took["whole"], took["bare"], "endorsed key of one agent")


def _of(vault: Vault, scheme: Scheme, keeper: Keeper, rounds: int) -> Row:
    secret = SECRET if scheme in schemes.SECRETS else None
    connection = scheme.replace("_", "-")
    vault.put_in_force(vault.add(connection, "", scheme, keeper, secret))
    bare = secret or schemes.fresh(scheme, os.urandom)
    took = in_turns({"whole": _sealing(vault, scheme, connection), "bare": _bare(scheme, bare)}, rounds, CPU)
    return _row(f"{scheme}, {keeper}", took["whole"], took["bare"])


def _row(name: str, whole: Timed, bare: Timed, note: str = "") -> Row:
    return Row(group="signing", name=name, ns=whole.ns, unit="us", beside="the bare signature in memory",
               beside_ns=bare.ns, noise=max(whole.noise, bare.noise), note=note)  # fmt: skip


def _sealing(vault: Vault, scheme: Scheme | None, connection: str = "exchange") -> Round:
    numbers, venue = count(1), Wants(scheme)
    request = Request(connection=connection, action="place", method="POST", path="/orders", body=b"{}")

    def run() -> int:
        for _ in range(TIMES):
            number = next(numbers)
            permit = Permit(id=f"{connection}-{number}", seq=number, action="place", order="o", connection=connection,
                            digest=request.digest, expires_at=AT + 1)  # fmt: skip
            vault.seal(permit, request, AT, "", venue)
        return TIMES

    return Round(run)


def _bare(scheme: Scheme, secret: bytes) -> Round:
    speak = schemes.speaker(scheme, secret)

    def run() -> int:
        for _ in range(TIMES):
            speak(WORDS)
        return TIMES

    return Round(run)


@contextmanager
def softhsm() -> Iterator[Token | None]:
    """Yield a token of SoftHSM2 in a folder of its own; None where it is not installed."""
    module = next((place for place in MODULES if Path(place).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        yield None
        return
    before = os.environ.get("SOFTHSM2_CONF")
    with TemporaryDirectory(prefix="remit-bench-") as folder:
        conf = Path(folder, "softhsm2.conf")
        conf.write_text(f"directories.tokendir = {folder}\nlog.level = ERROR\n", encoding="utf-8")
        os.environ["SOFTHSM2_CONF"] = str(conf)
        try:
            words = ["--init-token", "--free", "--label", "bench", "--pin", "12345678", "--so-pin", "87654321"]
            subprocess.run(["softhsm2-util", *words], check=True, capture_output=True, timeout=30)
            yield Token(module, "bench", "12345678")
        finally:
            os.environ.pop("SOFTHSM2_CONF")
            if before is not None:
                os.environ["SOFTHSM2_CONF"] = before
