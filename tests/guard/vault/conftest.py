"""One SoftHSM2 token for all tests of a process: a PKCS#11 module is loaded once and logs in once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.guard.vault.token import token

from remit.guard.vault.pkcs11 import Pkcs11Keeper


@pytest.fixture(scope="session")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pkcs11Keeper]:
    with pytest.MonkeyPatch.context() as patch:
        yield Pkcs11Keeper(token(tmp_path_factory.mktemp("hsm"), patch))
