"""What is wrong with an attestation, or with the TPM that should vouch for one, by name."""

from __future__ import annotations


class _Named(Exception):
    """A code, what was found, and what to do."""

    def __init__(self, code: str, what: str, do: str) -> None:
        super().__init__(f"{code}: {what}. {do}")
        self.code, self.what, self.do = code, what, do


class AttestationInvalid(_Named):
    """One thing about an attestation that does not hold: its code, what was found, and what to do."""

    def __init__(self, code: str, what: str, do: str = "Do not trust this attestation") -> None:
        super().__init__(code, what, do)


class TpmFailed(_Named):
    """A TPM did not quote, or make a key: its code, what happened, and what to do."""
