"""Attesting: what this guard says of its code, its mandates and its keys, to whoever asks with a nonce of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

import remit
from remit.attest import carried
from remit.attest.statement import NONCE_BYTES_MAX, Nonce, Statement, code_digest, mandates_digest, sign
from remit.guard.errors import RequestMalformed
from remit.guard.measure import measured, python
from remit.guard.views.looking import PEOPLE, Looking, NotAllowed
from remit.journal.log import Journal
from remit.journal.note import Signer
from remit.kernel.codec import build, plain
from remit.kernel.state import State


class Attestor(NamedTuple):
    """Answers the view `attestation`. `signer` is the journal's: it signs statements here and nothing else.

    `permit_key` is the public key (32 bytes) that venues check permits with, `kernel` the digest of the rules as the
    journal names it; `packages` gives the digests of the code.
    """

    journal: Journal
    signer: Signer
    kernel: str
    permit_key: bytes
    packages: Callable[[], Mapping[str, str]] = measured

    def show(self, looking: Looking) -> dict[str, Any]:
        """Return a signed statement, with the caller's `nonce` in it; NotAllowed, RequestMalformed."""
        if looking.by.role not in PEOPLE:
            raise NotAllowed(f"the role {looking.by.role} may not see attestations", "Ask a person")
        looking.check(("nonce",))
        try:
            nonce = build(Nonce, looking.word("nonce") or "")
        except msgspec.ValidationError:
            raise RequestMalformed("the nonce is no hex", f"Give up to {NONCE_BYTES_MAX} bytes, in small hex") from None
        note = sign(self.signer, self._statement(looking, nonce))
        shown: dict[str, Any] = plain(carried.Attestation(note=note))
        return shown

    def _statement(self, looking: Looking, nonce: str) -> Statement:
        packages, head = dict(self.packages()), self.journal.head
        return Statement(
            version=remit.__version__,
            python=python(),
            code=code_digest(packages),
            packages=packages,
            kernel=self.kernel,
            mandates=mandates_digest(_mandates(looking.state, looking.at)),
            log_key=str(self.signer.verifier),
            size=head.size,
            root=head.root.hex(),
            permit_key=self.permit_key.hex(),
            nonce=nonce,
            at=looking.at,
        )


def _mandates(state: State, at: int) -> Iterator[tuple[str, str, str, int | None]]:
    for written, of in state.subjects.items():
        version = of.version
        if version is not None and (version.expires_at is None or at < version.expires_at):
            yield written, version.digest, version.currency, version.expires_at
