"""Attesting: who is told, what the statement says, and that it says it of this guard."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.guard.core import OPERATOR, Core, run
from tests.guard.desk import ANN, EVE, FEED, MOMENTUM

from remit.attest.check import Expected, check
from remit.attest.statement import Statement, code_digest, mandates_digest
from remit.guard import measure
from remit.guard.attest import Attestor
from remit.guard.errors import RequestMalformed
from remit.guard.recover import ORIGIN
from remit.guard.views.looking import Looking, NotAllowed
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.mandate import EMPTY
from remit.kernel.names import Principal

PACKAGES = {"remit": "1" * 64, "msgspec": "2" * 64}


def asked(core: Core, by: Principal = ANN, **arguments: Any) -> dict[str, Any]:
    signer = core.vault.checkpoint_signer(ORIGIN)
    attestor = Attestor(core.journal, signer, "0" * 64, core.vault.permit_key, lambda: PACKAGES)
    return attestor.show(Looking(core.kernel, by, arguments, core.loop.now(), lambda _: iter(()), dict))  # type: ignore[arg-type, return-value]


def stated(core: Core, **arguments: Any) -> Statement:
    key = str(core.vault.checkpoint_signer(ORIGIN).verifier)
    checked = check(encode(asked(core, **arguments)), Expected(key=key), core.loop.now())
    assert checked.well and checked.statement is not None, checked.findings
    return checked.statement


def test_a_guard_states_what_it_runs_and_guards() -> None:
    async def main(core: Core) -> None:
        said = stated(core, nonce="00ff")
        assert (said.nonce, said.at) == ("00ff", core.loop.now())
        assert (said.packages, said.code) == (PACKAGES, code_digest(PACKAGES))
        assert said.permit_key == core.vault.permit_key.hex()
        assert (said.size, said.root) == (core.journal.head.size, core.journal.head.root.hex())
        assert stated(core).nonce == ""

    run(main)


def test_the_digest_of_the_mandates_follows_what_is_in_force() -> None:
    async def main(core: Core) -> None:
        before = stated(core).mandates
        version = core.kernel.state.subjects["firm"].version
        assert version is not None
        assert before == mandates_digest(
            (of, version.digest, "USD", None) for of in ("firm", "account:desk", "agent:momentum")
        )
        until = core.loop.now() + 10**9
        await core.enter(OPERATOR, c.SetMandate(subject="agent:momentum", mandate=EMPTY, why="short", expires_at=until))
        bounded = stated(core).mandates
        core.world.pass_time(2 * 10**9)
        ended = stated(core).mandates
        assert ended == mandates_digest((of, version.digest, "USD", None) for of in ("firm", "account:desk"))
        assert len({before, bounded, ended}) == 3

    run(main)


def test_only_people_are_told_and_only_of_a_nonce_in_hex() -> None:
    async def main(core: Core) -> None:
        assert asked(core, EVE)["note"]
        for nobody in (MOMENTUM, FEED):
            with pytest.raises(NotAllowed):
                asked(core, nobody)
        for nonce in ("xyz", "0", "AA", "00" * 65):
            with pytest.raises(RequestMalformed):
                asked(core, nonce=nonce)
        for wrong in ({"nonce": 1}, {"once": "00"}):
            with pytest.raises(RequestMalformed):
                asked(core, **wrong)

    run(main)


# The measurement


def test_a_package_is_its_files_by_path_and_content(tmp_path: Path) -> None:
    package = tmp_path / "thing"
    (package / "inner" / "__pycache__").mkdir(parents=True)
    (package / "__init__.py").write_text("x = 1\n")
    (package / "inner" / "data.txt").write_text("data\n")
    first = measure.package_digest("thing", (package,))
    # find -L thing -name __pycache__ -prune -o -type f -print | LC_ALL=C sort | xargs sha256sum | sha256sum
    assert first == "a08c11fd69cc83d3a162af5fec1fbc1feb0f5296a3d2567ad118c1ba08d16234"
    (package / "inner" / "__pycache__" / "data.cpython-311.pyc").write_bytes(b"cache")
    assert measure.package_digest("thing", (package,)) == first
    (package / "inner" / "data.txt").rename(package / "inner" / "other.txt")
    renamed = measure.package_digest("thing", (package,))
    (package / "inner" / "other.txt").write_text("changed\n")
    added = measure.package_digest("thing", (package,))
    assert len({first, renamed, added}) == 3
    assert measure.package_digest("thing", (package / "__init__.py",)) not in (first, renamed, added)


def test_what_an_import_would_run_is_measured(tmp_path: Path) -> None:
    """A folder wins over a module of its name, also as a link, and also where it holds no more than a compiled file."""
    package, other = tmp_path / "thing", tmp_path / "other"
    (package / "inner").mkdir(parents=True)
    (package / "inner.py").write_text("x = 1\n")
    other.mkdir()
    (other / "__init__.py").write_text("x = 2\n")
    found = [measure.package_digest("thing", (package,))]
    (package / "inner" / "__init__.pyc").write_bytes(b"compiled")
    found.append(measure.package_digest("thing", (package,)))
    (package / "inner" / "__init__.pyc").unlink()
    (package / "inner").rmdir()
    (package / "inner").symlink_to(other)
    found.append(measure.package_digest("thing", (package,)))
    (other / "__init__.py").write_text("x = 3\n")
    found.append(measure.package_digest("thing", (package,)))
    assert len(set(found)) == 4
    (other / "back").symlink_to(package)  # leads back above it
    (other / "nowhere").symlink_to(tmp_path / "not-there")
    assert measure.package_digest("thing", (package,)) == found[-1]


def test_a_module_with_a_name_of_the_standard_library_is_measured_where_it_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = ModuleType("this")
    fake.__file__ = str(tmp_path / "this.py")
    monkeypatch.setitem(sys.modules, "this", fake)
    assert measure._imported()["this"] == (tmp_path / "this.py",)


def test_every_package_that_a_guard_imports_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    measure.main()
    found = json.loads(capsys.readouterr().out)
    assert {"remit", "msgspec", "cryptography", "fido2"} <= found["packages"].keys()
    assert not {"json", "asyncio", "__main__", "sys"} & found["packages"].keys(), "Python's own are not"
    assert found["code"] == code_digest(found["packages"])
    assert found["packages"]["remit"] == measure.package_digest("remit", (Path(measure.__file__).parents[1],))
