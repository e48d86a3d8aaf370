"""A real guard, two real witnesses and a second folder: what leaves, what waits when one goes away, and who is refused
a start."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.guard.processes import Processes, wait_for
from tests.guard.test_process import filled, records

from remit.export.places import exporter
from remit.guard.config import load
from remit.guard.owner import backup
from remit.guard.recover import ORIGIN
from remit.guard.vault import Vault
from remit.guard.world import RealWorld
from remit.journal.cosign import cosignatures, parse_cosigner
from remit.journal.cosigned import FILE
from remit.journal.note import parse_verifier
from remit.journal.receipt import parse
from remit.journal.receipt import verify as verify_receipt
from remit.journal.store import FileStore
from remit.kernel import command as c
from remit.verify import verify
from remit.witness.key import make_key


class Witness:
    """One witness as a process of its own, that can be killed and started again on its port."""

    def __init__(self, folder: Path, log: str, number: int) -> None:
        self.folder, self.log, self.port = folder, log, 0
        store = FileStore(folder)
        self.key = str(make_key(store, f"w{number}.test/w", os.urandom(32)).cosigner)
        store.close()
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        words = [sys.executable, "-m", "remit", "witness", "serve", "--folder", str(self.folder), "--log", self.log]
        words += ["--bind", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        self.port = int(said.split("127.0.0.1:")[1].split(",")[0])

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()


class House(Processes):
    """A guard whose settings need both of two witnesses and name a second folder."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        world = RealWorld(home, {})
        log = str(Vault.create(world).checkpoint_signer(ORIGIN).verifier)
        world.close()
        self.second = home.parent / "second"
        self.witnesses = [Witness(home.parent / f"w{number}", log, number) for number in (1, 2)]
        for witness in self.witnesses:
            witness.start()
        (home / "remit.toml").write_text(
            f'anchor_folder = "{self.second}"\n'
            + "".join(
                f'[[witnesses]]\nurl = "http://127.0.0.1:{one.port}"\nkey = "{one.key}"\n' for one in self.witnesses
            )
        )

    def anchors(self) -> dict[str, Any]:
        return dict(self.read("status")["anchors"])

    def end(self) -> None:
        self.stop()
        for witness in self.witnesses:
            witness.kill()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Everything runs, one agent may trade, and the connection is reconciled, which takes signed questions."""
    found = House(tmp_path_factory.mktemp("house") / "home")
    try:
        found.start_guard()
        found.start_venue()
        found.set_up()
        found.until_ready()
        found.mark("100")
        yield found
    finally:
        found.end()


def withdrawn(house: House, order: str) -> str:
    """Why an order was withdrawn before it left; empty where it was not."""
    for record in records(house.home):
        body = record.command.body
        if isinstance(body, c.Withdrawn) and body.order == order:
            return body.why
    return ""


def test_what_leaves_is_signed_by_both_and_stops_when_one_goes_away(house: House) -> None:
    order = house.submit("10")["decision"]["order"]
    wait_for(lambda: filled(house, order), "the fill is journalled")
    seq = int(order.rsplit("-", 1)[1])
    about = house.anchors()
    assert about["needed"] == 2 and about["witnessed"] >= seq and about["folder"]["size"] >= seq
    assert all(row["size"] >= seq and not row["why"] for row in about["witnesses"])
    known = [one.key for one in house.witnesses]
    assert [row["name"] for row in about["witnesses"]] == [parse_cosigner(key).name for key in known]

    house.witnesses[1].kill()
    order = house.submit("10")["decision"]["order"]
    wait_for(lambda: withdrawn(house, order) != "", "the order is withdrawn")
    assert "has 1 of 2 cosignatures" in withdrawn(house, order)
    assert house.anchors()["witnesses"][1]["why"]
    assert not filled(house, order)
    bodies = [record.command.body for record in records(house.home)]
    told = [body.code for body in bodies if isinstance(body, c.Alarmed)]
    assert {"witness_silent", "not_witnessed"} <= set(told), "by the journal the channels hear of it"

    house.witnesses[1].start()
    wait_for(lambda: not house.anchors()["witnesses"][1]["why"], "the witness is asked again")
    house.until_ready()
    house.mark("100")
    order = house.submit("10")["decision"]["order"]
    wait_for(lambda: filled(house, order), "the fill is journalled")


def test_strangers_get_heads_that_both_cosigned(house: House, tmp_path: Path) -> None:
    known = [parse_cosigner(witness.key) for witness in house.witnesses]

    def cosigned() -> dict[str, Any]:
        return dict(house.read("receipt", seq=3))

    wait_for(lambda: len(cosigned()["cosigned_by"]) == 2, "a head has both signatures")
    found = parse(cosigned()["receipt"].encode())
    key = parse_verifier((house.home / "verifier.txt").read_text().strip())
    assert verify_receipt(found, key.name, [key]).size >= 3 and set(cosignatures(found.checkpoint, known)) == set(known)

    settings = load({"REMIT_HOME": str(house.home)})
    wait_for(lambda: (house.home / FILE).exists(), "it is kept")
    backup(settings, tmp_path / "copy")
    exporter(house.home, str(tmp_path / "out"), None, known).advance(patient=True)
    for folder in (tmp_path / "copy" / "journal", tmp_path / "out"):
        verdict = verify(folder, key, witnesses=[witness.key for witness in house.witnesses], decide=False)
        assert verdict.well, verdict.fault
        said = {one.witness: one.size for one in verdict.witnessed}
        assert set(said) == {one.name for one in known} and min(said.values()) >= 3


def test_yesterdays_copy_is_refused_by_whoever_remembers(house: House) -> None:
    """Here after the test above: the journal goes back to what it was when the guard was first stopped."""
    assert house.guard is not None
    house.guard.send_signal(signal.SIGTERM)
    house.guard.wait(15)
    old = house.home.parent / "old"
    shutil.copytree(house.home / "journal", old)
    size = sum(1 for _ in records(house.home))
    house.start_guard()
    wait_for(lambda: house.anchors()["witnessed"] > size + 1, "the journal grew and both signed it")
    house.guard.send_signal(signal.SIGTERM)
    house.guard.wait(15)
    shutil.move(house.home / "journal", house.home.parent / "newest")
    shutil.copytree(old, house.home / "journal")

    said = refused(house)
    assert f"journal_rolled_back: the journal ends at entry {size}, but a head of size " in said
    settings = house.home / "remit.toml"
    with_folder = settings.read_text()
    settings.write_text(with_folder.split("\n", 1)[1])
    (house.home / FILE).rename(house.home.parent / FILE)
    said = refused(house)
    assert f"journal_rolled_back: the journal ends at entry {size}, but w" in said and "cosigned a head of size" in said
    head = house.second / "checkpoint"
    settings.write_text("")
    assert f"the journal ends at entry {size}, but a head" in refused(house, "--head", str(head))

    shutil.rmtree(house.home / "journal")
    shutil.move(house.home.parent / "newest", house.home / "journal")
    settings.write_text(with_folder)
    house.start_guard("--head", str(head))
    house.until_ready()


def refused(house: House, *more: str) -> str:
    """What a guard says that does not start."""
    begun = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "remit.guard", "--home", str(house.home), *more],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert ran.returncode == 1 and time.monotonic() - begun < 20
    return ran.stderr
