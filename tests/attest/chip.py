"""A TPM in software (swtpm), spoken to with tpm2-tools: it makes keys and quotes as a chip does."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from remit.attest.carried import Quote

ZEROS = "00" * 32
KINDS = {
    "ecdsa": "ecc256:ecdsa-sha256:null",
    "ecdsa384": "ecc384:ecdsa-sha384:null",
    "rsassa": "rsa2048:rsassa-sha256:null",
    "rsapss": "rsa2048:rsapss-sha256:null",
}
ATTESTS = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign"
MISSING = [name for name in ("swtpm", "tpm2_quote") if shutil.which(name) is None]
REASON = f"no {' and '.join(MISSING)}: apt-get install swtpm tpm2-tools"


class Chip:
    """A TPM that was just switched on. Its keys lie at handles, by number."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        (self.folder / "state").mkdir()
        self._handles = 0x81010000

    @property
    def tcti(self) -> str:
        """How tools reach it."""
        return self._environ["TPM2TOOLS_TCTI"]

    def __enter__(self) -> Self:
        for _ in range(5):
            self._start()
            if self._answers():
                return self
            self._process.kill()
            self._process.wait()
        raise RuntimeError("swtpm does not answer")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._folder.cleanup()

    def _start(self) -> None:
        port = _free_pair()
        self._environ = {**os.environ, "TPM2TOOLS_TCTI": f"swtpm:host=127.0.0.1,port={port}"}
        self._process = subprocess.Popen(
            [
                "swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder / 'state'}",
                "--server", f"type=tcp,port={port}", "--ctrl", f"type=tcp,port={port + 1}",
                "--flags", "not-need-init,startup-clear",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _answers(self) -> bool:
        for _ in range(50):
            if self._process.poll() is not None:
                return False
            asked = subprocess.run(["tpm2_getrandom", "1"], env=self._environ, capture_output=True, check=False)
            if asked.returncode == 0:
                return True
            time.sleep(0.05)
        return False

    def do(self, *words: str) -> None:
        """Run one of the tools where the files are; then let go of what it left loaded."""
        for command in (words, ("tpm2_flushcontext", "-t")):
            done = subprocess.run(
                command, cwd=self.folder, env=self._environ, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"

    def key(self, kind: str = "ecdsa", attributes: str = ATTESTS) -> tuple[str, bytes, bytes]:
        """Make a key; return its handle, its public area (TPM2B_PUBLIC), and its PEM."""
        self._handles += 1
        handle = f"{self._handles:#x}"
        self.do("tpm2_createprimary", "-Q", "-C", "o", "-g", "sha256", "-G", KINDS[kind], "-a", attributes, "-c", "key")
        self.do("tpm2_evictcontrol", "-Q", "-C", "o", "-c", "key", handle)
        self.do("tpm2_readpublic", "-Q", "-c", handle, "-o", "area")
        self.do("tpm2_readpublic", "-Q", "-c", handle, "-f", "pem", "-o", "pem")
        return handle, (self.folder / "area").read_bytes(), (self.folder / "pem").read_bytes()

    def extend(self, number: int, digest: bytes) -> None:
        self.do("tpm2_pcrextend", f"{number}:sha256={digest.hex()}")

    def quote(
        self, handle: str, binding: bytes, numbers: tuple[int, ...], bank: str = "sha256", kind: str = "ecdsa"
    ) -> Quote:
        """Quote registers of a bank over 32 bytes with a key of this kind."""
        listed = ",".join(map(str, numbers))
        self.do(
            "tpm2_quote", "-Q", "-c", handle, "-l", f"{bank}:{listed}", "-q", binding.hex(),
            "-g", "sha384" if kind == "ecdsa384" else "sha256", "--scheme", kind.removesuffix("384"),
            "-m", "message", "-s", "signature", "-o", "values", "-F", "values",
        )  # fmt: skip
        raw = (self.folder / "values").read_bytes()
        size = len(raw) // len(numbers)
        values = {str(number): raw[size * at : size * (at + 1)].hex() for at, number in enumerate(sorted(numbers))}
        return Quote((self.folder / "message").read_bytes(), (self.folder / "signature").read_bytes(), values)


def _free_pair() -> int:
    """Return a port that is free, and the next one too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
