"""The environment that a program is started with: no secret of whoever starts it goes along."""

from __future__ import annotations

import os

PASSPHRASE, TOKEN = "REMIT_PASSPHRASE", "REMIT_TOKEN"


def without_secrets() -> dict[str, str]:
    """Return this process's environment without the vault's passphrase and without a token."""
    return {name: value for name, value in os.environ.items() if name not in (PASSPHRASE, TOKEN)}


def bare() -> dict[str, str]:
    """Return this process's environment with nothing of Remit's: for a program that is to know no guard."""
    return {name: value for name, value in os.environ.items() if not name.startswith("REMIT_")}
