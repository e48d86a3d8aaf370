"""What is said of whole connections: kills and the venues that they reach, dead men, and what a sleep leaves behind."""

from __future__ import annotations

import pytest
from tests.guard.desk import ANN, BOB, CLAUDE, MOMENTUM, REVERSION, Desk

from remit.journal.frame import ENTRY_BYTES_MAX
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.effect import Act, Alert
from remit.kernel.event import Record
from remit.kernel.halt import CANCEL_ALLS_MAX
from remit.kernel.kernel import effects
from remit.kernel.mandate import EMPTY
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.snapshot import dump, load
from remit.kernel.venue_wide import not_emptied


def desk() -> Desk:
    """Two accounts: desk with paper1 and paper2, other with paper3."""
    made = Desk()
    other = access.Account(name="other", owner="ann", environment="training", currency="USD")
    made.do(ANN, c.AddAccount(account=other))
    made.do(ANN, c.SetMandate(subject="account:other", mandate=EMPTY, why="test"))
    for name, account in (("paper2", "desk"), ("paper3", "other")):
        connect(made, name, account)
    return made


def connect(made: Desk, name: str, account: str = "desk") -> None:
    connection = access.Connection(name=name, account=account, venue="paper", environment="training")
    made.do(ANN, c.AddConnection(connection=connection))


def emptied(record: Record) -> list[str]:
    return [event.connection for event in record.events if isinstance(event, e.CancelAllAsked)]


def alarms(record: Record) -> list[str]:
    return [effect.code for effect in effects(record) if isinstance(effect, Alert)]


def kill(subject: str) -> c.Halt:
    return c.Halt(subject=subject, why="test", kill=True)


REACHED = {
    "firm": ["paper1", "paper2", "paper3"],
    "account:desk": ["paper1", "paper2"],
    "account:other": ["paper3"],
    "venue:paper": ["paper1", "paper2", "paper3"],
    "connection:paper2": ["paper2"],
    "agent:momentum": [],
    "client:claude": [],
}


@pytest.mark.parametrize("subject", REACHED)
def test_a_kill_empties_the_connections_that_are_its_subjects_own(subject: str) -> None:
    """An agent or client shares its connections with others, whose orders are none of its business."""
    made = desk()
    record = made.do(ANN, kill(subject))
    assert emptied(record) == REACHED[subject] == not_emptied(made.kernel.state)
    acts = [effect for effect in effects(record) if isinstance(effect, Act)]
    assert acts == [Act("cancel_all", "", connection) for connection in REACHED[subject]]


def test_a_kill_of_the_firm_stops_every_agent_in_its_own_entry() -> None:
    made = desk()
    orders = [made.submit(by, "1") for by in (MOMENTUM, REVERSION, CLAUDE)]
    record = made.do(ANN, kill("firm"))
    assert sorted(event.order for event in record.events if isinstance(event, e.CancelAsked)) == sorted(orders)
    for by in (MOMENTUM, REVERSION, CLAUDE):
        assert made.submit(by, "2") not in made.kernel.state.orders


def test_a_halt_that_is_no_kill_empties_nothing() -> None:
    made = desk()
    assert emptied(made.do(ANN, c.Halt(subject="firm", why="test"))) == []
    assert not_emptied(made.kernel.state) == []


def test_an_answer_ends_the_wait_and_a_later_kill_begins_it_anew() -> None:
    made = desk()
    made.do(ANN, kill("connection:paper1"))
    failed = made.do(GUARD, c.Answered(connection="paper1", to="cancel_all", code="link_down"))
    assert alarms(failed) == ["cancel_all_failed"]
    assert not_emptied(made.kernel.state) == ["paper1"]
    again = made.do(GUARD, c.CancelAll(connection="paper1"))
    assert emptied(again) == ["paper1"]
    quiet = made.do(GUARD, c.Answered(connection="paper1", to="cancel_all", code="link_down"))
    assert alarms(quiet) == [], "a venue that stays down is told of once"
    made.do(GUARD, c.CancelAll(connection="paper1"))
    made.do(GUARD, c.Answered(connection="paper1", to="cancel_all"))
    assert not_emptied(made.kernel.state) == []
    assert made.kernel.state.cancel_alls["paper1"].tries == 3

    assert emptied(made.do(BOB, kill("connection:paper1"))) == ["paper1"], "an approver may kill, and again"
    assert not_emptied(made.kernel.state) == ["paper1"]
    (halt,) = made.kernel.state.halts
    made.do(ANN, c.Review(halt=halt, limit="kill", why="looked"))
    made.do(ANN, c.Resume(halt=halt, why="over"))
    assert not_emptied(made.kernel.state) == [], "nothing is emptied after the kill is over"
    assert made.do(GUARD, c.CancelAll(connection="paper1")).events[0].code == "nothing_to_cancel"  # type: ignore[union-attr]


def test_a_venue_without_such_a_request_is_not_asked_again() -> None:
    made = desk()
    made.do(ANN, kill("connection:paper1"))
    made.do(GUARD, c.Answered(connection="paper1", to="cancel_all", code="unencodable"))
    assert not_emptied(made.kernel.state) == []


def test_the_guard_kills_only_by_the_rule_of_its_file() -> None:
    made = desk()
    made.do(GUARD, kill("firm"))
    assert [(halt.cause, halt.rule) for halt in made.kernel.state.halts.values()] == [("kill", "halt_file")]
    assert made.do(MOMENTUM, kill("firm")).events[0].code == "not_authorised"  # type: ignore[union-attr]


def test_more_connections_than_one_entry_empties() -> None:
    """The guard asks for the others one by one; every order of theirs is being cancelled all the same."""
    made = desk()
    for number in range(200):
        connect(made, f"a-connection-with-a-long-name-{'x' * 90}-{number}")
    record = made.do(ANN, kill("firm"))
    assert len(emptied(record)) == CANCEL_ALLS_MAX
    assert len(not_emptied(made.kernel.state)) == 203
    assert len(made.journal[-1]) < ENTRY_BYTES_MAX // 2
    made.do(GUARD, c.Woke(slept_ns=NANOSECONDS))
    assert len(made.journal[-1]) < ENTRY_BYTES_MAX // 2


def test_an_answer_to_an_earlier_kill_is_none_to_this_one() -> None:
    made = desk()
    for number in range(CANCEL_ALLS_MAX):
        connect(made, f"more{number:02}")
    made.do(ANN, kill("firm"))
    for connection in not_emptied(made.kernel.state):
        made.do(GUARD, c.CancelAll(connection=connection))
        made.do(GUARD, c.Answered(connection=connection, to="cancel_all"))
    assert not_emptied(made.kernel.state) == []
    (halt,) = made.kernel.state.halts
    made.do(ANN, c.Review(halt=halt, limit="kill", why="looked"))
    made.do(ANN, c.Resume(halt=halt, why="over"))
    asked = emptied(made.do(ANN, kill("firm")))
    assert len(asked) == CANCEL_ALLS_MAX and len(not_emptied(made.kernel.state)) == CANCEL_ALLS_MAX + 3


# -- dead men


def test_a_dead_man_waits_as_long_as_its_connection_tolerates() -> None:
    made = desk()
    record = made.do(GUARD, c.Arm(connection="paper1"))
    assert record.events == (e.Armed(connection="paper1", after_s=60),)
    assert effects(record) == (Act("dead_man", "", "paper1"),)
    made.do(ANN, c.SetTolerance(connection="paper1", tolerance=access.Tolerance(dead_man_s=20), why="test"))
    assert made.do(GUARD, c.Arm(connection="paper1")).events == (e.Armed(connection="paper1", after_s=20),)
    assert made.do(GUARD, c.Arm(connection="paper1", off=True)).events == (e.Armed(connection="paper1", after_s=0),)
    assert made.do(GUARD, c.Arm(connection="nowhere")).events[0].code == "unknown_connection"  # type: ignore[union-attr]
    assert made.do(ANN, c.Arm(connection="paper1", off=True)).events[0].code == "not_authorised"  # type: ignore[union-attr]


def test_only_an_answer_that_is_news_counts() -> None:
    made = desk()
    answer = c.Answered(connection="paper1", to="dead_man")
    assert made.do(GUARD, answer).events[0].code == "no_change"  # type: ignore[union-attr]
    made.do(GUARD, c.Arm(connection="paper1"))
    assert made.kernel.state.armed["paper1"].code is None
    assert made.do(GUARD, answer).events == (e.Took(),)
    assert made.do(GUARD, answer).events[0].code == "no_change"  # type: ignore[union-attr]
    assert made.kernel.state.armed["paper1"].code == ""


# -- sleep


def test_a_sleep_leaves_no_connection_ready_and_asks_each() -> None:
    made = desk()
    assert made.kernel.state.venue_states["paper1"].reconciled
    record = made.do(GUARD, c.Woke(slept_ns=90 * NANOSECONDS))
    assert alarms(record) == ["woke"]
    asked = [effect for effect in effects(record) if isinstance(effect, Act)]
    assert asked == [Act("snapshot", "", name) for name in ("paper1", "paper2", "paper3")]
    assert not any(venue.reconciled for venue in made.kernel.state.venue_states.values())
    made.submit(MOMENTUM, "1")
    assert not made.kernel.state.orders, "what opens is denied until then"


# -- what is remembered


def test_a_snapshot_keeps_all_of_it() -> None:
    made = desk()
    made.do(ANN, kill("account:desk"))
    made.do(GUARD, c.Answered(connection="paper1", to="cancel_all", code="no_reply"))
    made.do(GUARD, c.Arm(connection="paper3"))
    made.do(GUARD, c.Answered(connection="paper3", to="dead_man"))
    made.do(GUARD, c.Arm(connection="paper2", off=True))
    made.do(GUARD, c.Woke(slept_ns=5 * NANOSECONDS))
    image = dump(made.kernel.state)
    again = load(image)
    assert dump(again) == image
    assert (again.cancel_alls, again.armed) == (made.kernel.state.cancel_alls, made.kernel.state.armed)
