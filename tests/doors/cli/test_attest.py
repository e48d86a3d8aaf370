"""`remit attest` before a real guard: its statement is asked for, vouched for, carried and checked, by the command line
alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.attest.chip import MISSING, REASON, ZEROS, Chip
from tests.attest.enclave import document, issue, root_of
from tests.doors.cli.house import Outcome, invoke
from tests.guard.processes import Processes

NONCE = "5f1d00c7a9"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    processes = Processes(tmp_path_factory.mktemp("attest") / "home")
    try:
        processes.start_guard()
        limits = processes.home.parent / "limits.toml"
        limits.write_text('["firm"]\n["account:*"]\norder_notional_max = "2000"\n')
        assert remit(processes.home, "account", "add", "main", "--owner", "ann", "--currency", "USD").code == 0
        assert remit(processes.home, "mandate", "set", "--file", str(limits), "--why", "first day", "--yes").code == 0
        yield processes.home
    finally:
        processes.stop()


@pytest.fixture(scope="module")
def asked(home: Path) -> tuple[Path, dict[str, Any]]:
    """The guard's attestation as a file, and its statement."""
    path = home.parent / "attestation.json"
    assert remit(home, "attest", "--nonce", NONCE, "--out", str(path)).code == 0
    return path, remit(home, "attest", "verify", str(path), "--json").json


def remit(home: Path, *words: str) -> Outcome:
    env = {"REMIT_HOME": str(home), "REMIT_TOKEN": None, "REMIT_SOCKET": None, "COLUMNS": "200"}
    found = invoke(*words, **env)
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return Outcome(found.exit_code, found.stdout, found.stderr)


def standing(found: Outcome) -> dict[str, str]:
    return {one["name"]: one["standing"] for one in found.json["findings"]}


def test_everything_that_a_stranger_knows_of_the_guard_holds(home: Path, asked: tuple[Path, dict[str, Any]]) -> None:
    path, told = asked
    measured = home.parent / "code.json"
    measured.write_text(remit(home, "attest", "measure", "--json").out)
    mandates = remit(home, "attest", "mandates", "--json").json["mandates"]
    assert "account:main" in remit(home, "attest", "mandates").out
    found = remit(
        home, "attest", "verify", str(path), "--key", str(home / "verifier.txt"), "--code", str(measured),
        "--mandates", mandates, "--nonce", NONCE.upper(), "--max-age", "1h", "--json",
    )  # fmt: skip
    assert found.code == 0, found.out
    held = dict.fromkeys(("signature", "code", "mandates", "nonce", "age"), "holds")
    assert standing(found) == {**held, "hardware": "open"}
    statement = told["statement"]
    assert statement["permit_key"] == (home / "permit.pub").read_text().strip()
    assert statement["log_key"] == (home / "verifier.txt").read_text().strip()
    assert statement["code"] == json.loads(measured.read_text())["code"]


def test_each_failure_is_named_and_the_exit_code_says_so(home: Path, asked: tuple[Path, dict[str, Any]]) -> None:
    path, _ = asked
    for words, code in (
        (("--code", "0" * 64), "code_differs"), (("--mandates", "0" * 64), "mandates_differ"),
        (("--nonce", "00"), "nonce_differs"), (("--nitro",), "nitro_missing"),
        (("--tpm-pcr", f"0={ZEROS}"), "tpm_missing"), (("--at", "2020-01-02T00:00:00Z"), "from_the_future"),
        (("--at", "2100-01-02T00:00:00Z", "--max-age", "30d"), "too_old"),
    ):  # fmt: skip
        found = remit(home, "attest", "verify", str(path), *words, "--json")
        assert found.code == 1
        assert [name for name, how in standing(found).items() if how == "fails"] == [code], words
    told = remit(home, "attest", "verify", str(path), "--nonce", "00")
    assert told.code == 1 and "fails  nonce_differs: the nonce is 5f1d00c7a9, expected 00" in told.out
    for words in (("--tpm-pcr", "x=00"), ("--tpm-pcr", "32=00"), ("--at", "today"), ("--code", str(path))):
        assert remit(home, "attest", "verify", str(path), *words).code == 2, words


def test_a_person_is_told_that_no_hardware_vouches(home: Path) -> None:
    told = remit(home, "attest")
    assert told.code == 0 and "no hardware vouches for this" in told.out
    assert f"permit_key  {(home / 'permit.pub').read_text().strip()}" in told.out
    assert remit(home, "attest", "--nonce", "xyz").code == 1
    both = remit(home, "attest", "--nonce", "00", "--json").json
    assert set(both) == {"note"}


@pytest.mark.skipif(bool(MISSING), reason=REASON)
def test_a_tpm_vouches_by_its_own_tools(home: Path, asked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    path, told = asked
    with Chip() as chip:
        handle, area, _ = chip.key()
        chip.quote(handle, bytes.fromhex(told["digest"]), (0, 11))
        for name in ("message", "signature", "values"):
            (tmp_path / name).write_bytes((chip.folder / name).read_bytes())
    (tmp_path / "ak").write_bytes(area)
    out = tmp_path / "vouched.json"
    parts = [word for name in ("message", "signature", "values")
             for word in (f"--{name.replace('message', 'quote')}", str(tmp_path / name))]  # fmt: skip
    assert remit(home, "attest", "carry", str(path), *parts, "--out", str(out)).code == 0
    words = ("attest", "verify", str(out), "--ak", str(tmp_path / "ak"), "--json")
    assert standing(remit(home, *words, "--tpm-pcr", f"11={ZEROS}"))["tpm"] == "holds"
    assert remit(home, *words, "--tpm-pcr", f"11={'11' * 32}").code == 1
    assert remit(home, "attest", "carry", str(path), *parts[:2], "--out", str(out)).code == 2
    (tmp_path / "values").write_bytes(bytes(63))
    assert "tpm_pcrs_differ" in remit(home, "attest", "carry", str(path), *parts, "--out", str(out)).err


@pytest.mark.skipif(bool(MISSING), reason=REASON)
def test_a_tpm_vouches_in_one_step(home: Path, tmp_path: Path) -> None:
    ak, out, gone = tmp_path / "ak.pub", tmp_path / "vouched.json", tmp_path / "gone.json"
    with Chip() as chip:
        there = ("--tcti", chip.tcti)
        empty = remit(home, "attest", "--tpm", "0x81010001", *there, "--out", str(gone), "--json")
        assert empty.code == 1 and empty.json["error"]["code"] == "tpm_handle_empty" and not gone.exists()
        assert "remit attest tpm-key 0x81010001" in empty.json["error"]["fix"]
        made = remit(home, "attest", "tpm-key", "--out", str(ak), *there, "--json")
        assert made.json["made"] and made.json["handle"] == "0x81010001"
        again = remit(home, "attest", "tpm-key", "0x81010001", "--out", str(tmp_path / "again"), *there)
        assert "was there already" in again.out and (tmp_path / "again").read_bytes() == ak.read_bytes()
        chip.extend(11, bytes(32))
        words = ("attest", "--nonce", NONCE, "--tpm", "0x81010001", "--tpm-pcrs", "sha256:11,0", *there)
        shown = remit(home, *words, "--out", str(out))
        assert shown.code == 0 and "quoted for this statement: sha256 PCR0, PCR11" in shown.out
        assert f"0={ZEROS}" in shown.out and "no hardware" not in shown.out
        assert remit(home, "attest", "--tpm", "0x1", *there).code == 2
        assert remit(home, "attest", "--tpm", "0x81010001", "--tpm-pcrs", "sha1:0", *there).code == 2
    measured = json.loads(out.read_text())["tpm"]["pcrs"]["11"]
    assert measured != ZEROS
    verify = ("attest", "verify", str(out), "--nonce", NONCE, "--key", str(home / "verifier.txt"), "--ak", str(ak))
    found = remit(home, *verify, "--tpm-pcr", f"11={measured}", "--tpm-pcr", f"0={ZEROS}", "--json")
    assert found.code == 0 and "hardware" not in standing(found)
    assert standing(found)["signature"] == standing(found)["tpm"] == "holds"
    assert remit(home, *verify, "--tpm-pcr", f"11={ZEROS}").code == 1
    away = remit(home, "attest", "--tpm", "0x81010001", "--tcti", "swtpm:host=127.0.0.1,port=1", "--json")
    assert away.json["error"]["code"] == "tpm_unreachable"


def test_an_enclave_vouches(home: Path, asked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    path, told = asked
    now = datetime.fromtimestamp(told["statement"]["at"] // 10**9, UTC)
    dates = {"first": now - timedelta(hours=1), "until": now + timedelta(hours=2)}
    root = issue("root", **dates)
    issued = (root, issue("enclave", root, ca=False, **dates))
    said = {"user_data": bytes.fromhex(told["digest"]), "nonce": bytes.fromhex(NONCE)}
    (tmp_path / "document").write_bytes(document(issued, timestamp=int(now.timestamp()) * 1000, **said))
    out = tmp_path / "vouched.json"
    carried = remit(home, "attest", "carry", str(path), "--nitro", str(tmp_path / "document"), "--out", str(out))
    assert carried.code == 0 and "carries nitro" in carried.out
    words = ("attest", "verify", str(out), "--nitro-pcr", f"0={'0a' * 48}", "--json")
    assert standing(remit(home, *words, "--nitro-root", root_of(issued)))["nitro"] == "holds"
    assert "nitro_root_unknown" in standing(remit(home, *words))
    later = f"{now + timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"
    assert "nitro_dates" in standing(remit(home, *words, "--nitro-root", root_of(issued), "--at", later))
