"""What is wrong with an attestation, by name."""

from __future__ import annotations


class AttestationInvalid(Exception):
    """One thing about an attestation that does not hold: its code, what was found, and what to do."""

    def __init__(self, code: str, what: str, do: str = "Do not trust this attestation") -> None:
        super().__init__(f"{code}: {what}. {do}")
        self.code, self.what, self.do = code, what, do
