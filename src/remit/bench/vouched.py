"""What an attestation costs: the guard's statement, its checking, and the measurement of the code at the start."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import remit
from remit.attest import carried
from remit.attest.check import Expected, check
from remit.attest.statement import Statement, code_digest, sign, text_of
from remit.bench.table import Row, Skipped
from remit.bench.timing import CPU, Round, in_turns
from remit.guard.measure import package_digest
from remit.journal.note import Signer

TIMES = 200
SEED = bytes(range(32))
PACKAGES = {name: sha256(name.encode()).hexdigest() for name in ("cryptography", "fido2", "msgspec", "remit")}


def attest(rounds: int) -> list[Row | Skipped]:
    """A statement made and checked, beside the bare signature; and this package's files, beside their bare digests."""
    signer, key = Signer("bench/journal", SEED), Ed25519PrivateKey.from_private_bytes(SEED)
    said = _statement(signer)
    text = text_of(said).encode()
    file, signature, public = _file(signer, said), key.sign(text), key.public_key()
    expected = Expected(key=str(signer.verifier), code=PACKAGES, nonce=said.nonce, age_s_max=60)
    assert check(file, expected, said.at).well
    took = in_turns(
        {
            "state": _repeated(lambda: sign(signer, _statement(signer))),
            "sign": _repeated(lambda: key.sign(text)),
            "check": _repeated(lambda: check(file, expected, said.at)),
            "verify": _repeated(lambda: public.verify(signature, text)),
        },
        rounds,
        CPU,
    )
    pairs = (("stating", "state", "one signature of Ed25519", "sign"), ("checking", "check", "verifying it", "verify"))
    rows: list[Row | Skipped] = [
        Row(group="attest", name=name, ns=took[whole].ns, unit="us", beside=beside, beside_ns=took[bare].ns,
            noise=max(took[whole].noise, took[bare].noise))
        for name, whole, beside, bare in pairs
    ]  # fmt: skip
    return [*rows, _measuring(max(2, rounds // 4))]


def _measuring(rounds: int) -> Row:
    folder = Path(remit.__file__).parent
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]

    def bare() -> int:
        for path in files:
            sha256(path.read_bytes()).digest()
        return 1

    def whole() -> int:
        package_digest("remit", (folder,))
        return 1

    took = in_turns({"whole": Round(whole), "bare": Round(bare)}, rounds)
    return Row(
        group="attest", name=f"measuring {len(files)} files", ns=took["whole"].ns, beside="reading and digesting them",
        beside_ns=took["bare"].ns, noise=max(took["whole"].noise, took["bare"].noise), note="once, at the start",
    )  # fmt: skip


def _statement(signer: Signer) -> Statement:
    return Statement(
        version="bench", python="bench", code=code_digest(PACKAGES), packages=PACKAGES, kernel="0" * 64,
        mandates="1" * 64, log_key=str(signer.verifier), size=1, root="2" * 64, permit_key="3" * 64, nonce="00ff", at=0,
    )  # fmt: skip


def _file(signer: Signer, said: Statement) -> bytes:
    return carried.write(carried.Attestation(note=sign(signer, said)))


def _repeated(once: Callable[[], object]) -> Round:
    def run() -> int:
        for _ in range(TIMES):
            once()
        return TIMES

    return Round(run)
