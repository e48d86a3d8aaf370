"""A5, broken by hand: what an approval page says, heard twice, late, or of whom it may not speak for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.kernel.desk import ANN, money
from tests.testing.sim.invariants.scene import Scene, scene, without
from tests.testing.sim.invariants.test_approvals import instead, with_body
from tests.testing.sim.invariants.test_halts import by

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.callback import principal_of
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import NANOSECONDS

KEY = access.CallbackKey(id="C-1", person="bob", role="approver", owner="bob", issued_at=0)
PAGE = principal_of(KEY)


@pytest.fixture
def desk() -> Scene:
    made = scene()
    made.mandate("firm", Mandate(approval_notional_min=money("300")))
    made.do(c.AddPerson(person=access.Person(name="bob", role="approver")), ANN)
    made.do(c.AddCallback(key=KEY), ANN)
    return made


def answer(desk: Scene, message: str = "m1", *, forge: Any = None) -> Record:
    """Let the page approve an order of its own, as bob."""
    order = desk.order("5", "100")
    called = access.CalledBack(callback="C-1", message=message, sent_at=desk.at)
    desk.forge = forge
    return desk.do(c.Approve(order=order.id, digest=order.digest, callback=called), PAGE)


def called(**fields: Any) -> Any:
    """Return a forgery that lets the message have been another."""

    def forged(record: Record) -> Record:
        body = record.command.body
        assert isinstance(body, c.Approve) and body.callback is not None
        return with_body(callback=msgspec.structs.replace(body.callback, **fields))(record)

    return forged


def test_what_a_page_says_once_is_well(desk: Scene) -> None:
    assert any(isinstance(event, e.Released) for event in answer(desk).events)
    again = answer(desk)
    assert isinstance(again.events[-1], e.Refused) and again.events[-1].code == "callback_repeated"
    assert any(isinstance(event, e.Released) for event in answer(desk, "m2").events)
    desk.do(c.RemoveCallback(callback="C-1", why="moved"), ANN)
    assert isinstance(answer(desk, "m3").events[-1], e.Refused)
    desk.is_well()


def test_a5_finds_a_message_that_is_heard_twice(desk: Scene) -> None:
    answer(desk)
    answer(desk, "m2", forge=called(message="m1"))
    desk.finds("A5", "hears the message m1 of C-1, which entry")


@pytest.mark.parametrize("off_s", [301, -301])
def test_a5_finds_a_message_of_another_time(desk: Scene, off_s: int) -> None:
    answer(desk, forge=called(sent_at=desk.at - off_s * NANOSECONDS))
    desk.finds("A5", "hears the message m1, signed")


def test_a5_finds_a_key_that_was_removed(desk: Scene) -> None:
    answer(desk, forge=called(callback="C-2"))
    desk.finds("A5", "hears C-2, which nobody made, or somebody removed")


def test_a5_finds_a_key_of_who_was_shut_out_and_came_back(desk: Scene) -> None:
    desk.forge = instead(c.SetPerson(name="bob", role="approver", why="left, and came back"))
    desk.do(c.AddPerson(person=access.Person(name="zoe", role="approver")), ANN)
    answer(desk)
    desk.finds("A5", "hears C-1, which nobody made, or somebody removed, or ended with its person")


def test_a5_finds_a_key_beyond_its_end(desk: Scene) -> None:
    key = msgspec.structs.replace(KEY, id="C-3", expires_at=desk.at + NANOSECONDS)
    desk.do(c.AddCallback(key=key), ANN)
    desk.at += 2 * NANOSECONDS
    answer(desk, forge=called(callback="C-3"))
    desk.finds("A5", "hears C-3", "after its end")


def test_a5_finds_the_word_of_somebody_else(desk: Scene) -> None:
    answer(desk, forge=by(msgspec.structs.replace(PAGE, name="ann", role="operator", owner="ann")))
    desk.finds("A5", "takes C-1 of bob for the word of the operator ann")


def test_a5_finds_an_answer_that_uses_no_message(desk: Scene) -> None:
    answer(desk, forge=lambda record: without(record, e.CallbackUsed))
    desk.finds("A5", "by a message, and uses up none")


def test_a5_finds_an_answer_that_nobody_sent(desk: Scene) -> None:
    answer(desk, forge=with_body(callback=None))
    desk.finds("A5", "who sent nothing")


def test_a5_finds_the_word_of_who_was_shut_out(desk: Scene) -> None:
    answer(desk)
    shut = c.AddPerson(person=access.Person(name="bob", role="auditor"))
    desk.forge = lambda record: msgspec.structs.replace(
        record, command=msgspec.structs.replace(record.command, body=shut)
    )
    desk.do(c.AddClient(client=access.Client(name="other", agent="momentum")), ANN)
    answer(desk, "m2")
    desk.finds("A5", "takes the word of bob, who may not act as approver any more")
