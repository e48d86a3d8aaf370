"""Storms of kill -9: the guard, and now and then its venue, die at any moment while several clients trade on."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.desk import FaultDesk, set_up_desk
from tests.faults.truth import assert_settled, assert_truth
from tests.guard.processes import intent, wait_for

from remit.guard.wire import GuardError
from remit.kernel import command as c

ROUNDS, ROUNDS_MIN = 24, 8
STORM_S = 30
"""A busy machine makes fewer rounds, and at least the fewest."""
CLIENTS = 4
VENUE_DIES_EVERY = 4
LIFE = (0.5, 2.0)
"""How long a guard lives, in times of what a start takes here: some die before they are ready."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FaultDesk]:
    desk = set_up_desk(tmp_path / "home")
    yield desk
    desk.stop()


class Clients:
    """Agents and a feed that never give up: whoever gets no answer asks the same again, under the same intent id."""

    def __init__(self, desk: FaultDesk) -> None:
        self.decided: dict[str, tuple[str, str]] = {}
        """What each intent was told: its verdict and order, each time the same."""
        self.contradicted: list[str] = []
        self.asked_again = 0
        self._desk = desk
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._trade, args=(f"client{number}",)) for number in range(CLIENTS)]
        self._threads.append(threading.Thread(target=self._feed))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _trade(self, name: str) -> None:
        chance = random.Random(name)
        number = 0
        while not self._stop.is_set():
            number += 1
            asked = intent(f"{name}-{number}", str(chance.randint(1, 5)), chance.choice(["buy", "sell"]))
            while not self._stop.is_set():
                try:
                    with self._desk.client("momentum") as client:
                        answer = self._desk.ask(client, asked)
                except GuardError:
                    self.asked_again += 1
                    self._stop.wait(0.03)
                    continue
                decision = (answer.get("first") or answer)["decision"]
                self._note(asked.id, (decision["verdict"], decision["order"]))
                if chance.random() < 0.2:
                    continue  # a double click: the same intent again
                break

    def _note(self, name: str, said: tuple[str, str]) -> None:
        if self.decided.setdefault(name, said) != said:
            self.contradicted.append(f"{name}: {self.decided[name]}, then {said}")

    def _feed(self) -> None:
        while not self._stop.wait(0.1):
            try:
                self._desk.mark("100")
            except (GuardError, OSError):
                continue


@pytest.mark.timeout(600)
def test_kill_9_storms_leave_book_and_venue_one(desk: FaultDesk) -> None:
    chance = random.Random(9)
    clients = Clients(desk)
    ready, rounds, start_s, ends_at = 0, 0, desk.start_s, time.monotonic() + STORM_S
    try:
        for number in range(ROUNDS):
            if number >= ROUNDS_MIN and time.monotonic() > ends_at:
                break
            rounds += 1
            if number % VENUE_DIES_EVERY == VENUE_DIES_EVERY - 1:
                assert desk.venue is not None
                desk.venue.kill()
                desk.venue.wait(10)
                desk.start_venue()
            time.sleep(chance.random() * 0.2)
            desk.kill_guard()
            ready += desk.launch_for(chance.uniform(*LIFE) * start_s)
            desk.kill_guard()
        desk.start_guard()
        desk.until_ready()
        wait_for(lambda: len(clients.decided) > 100, "orders go on after the storm")
    finally:
        clients.stop()
    assert 0 < ready < rounds, "some guards became ready and some died before"
    assert clients.contradicted == []
    assert clients.asked_again > rounds
    assert_settled(desk)
    records = assert_truth(desk)
    submitted = [r.command.body.intent.id for r in records if isinstance(r.command.body, c.Submit) and r.decision]
    assert len(submitted) == len(set(submitted)), "an intent was decided twice"
    assert set(clients.decided) <= set(submitted)
