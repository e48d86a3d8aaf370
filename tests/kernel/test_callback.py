"""Callbacks in the kernel: what is remembered of them, over a snapshot and over time."""

from __future__ import annotations

import msgspec
from tests.guard.desk import ANN, MOMENTUM, Desk

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.access import CallbackKey
from remit.kernel.callback import CALLBACKS_MAX, principal_of
from remit.kernel.event import Record
from remit.kernel.names import Principal
from remit.kernel.numbers import DAY_NS
from remit.kernel.snapshot import dump, load

KEY = CallbackKey(id="C-1", person="bob", role="approver", owner="bob", issued_at=0)
PAGE = principal_of(KEY)


BOB = access.Person(name="bob", role="approver")


TOKEN = access.TokenGrant(token="T-1", role="approver", name="bob", owner="bob", issued_at=0)


def known() -> Desk:
    """A desk that knows bob, by a token of his."""
    desk = Desk()
    desk.do(ANN, c.IssueToken(grant=TOKEN))
    return desk


def decline(desk: Desk, message: str, by: Principal = PAGE) -> Record:
    """Let a page decline a held order of its own."""
    order = desk.submit(MOMENTUM, "15")
    called = access.CalledBack(callback="C-1", message=message, sent_at=desk.at)
    return desk.do(by, c.Decline(order=order, why="no", callback=called))


def code_of(record: Record) -> str:
    (refused,) = [event for event in record.events if isinstance(event, e.Refused)]
    return refused.code


def test_callbacks_and_what_they_said_are_read_back() -> None:
    desk = known()
    desk.do(ANN, c.AddCallback(key=KEY))
    for message in ("z", "a"):  # in the order in which they were heard, for the oldest are forgotten first
        decline(desk, message)
    state = desk.kernel.state
    again = load(dump(state))
    assert again.callbacks == state.callbacks and list(again.called_back.items()) == list(state.called_back.items())
    assert [message for _, message in again.called_back] == ["z", "a"] and dump(again) == dump(state)


def test_the_ids_of_messages_outlive_their_key_and_are_forgotten_in_time() -> None:
    desk = known()
    desk.do(ANN, c.AddCallback(key=KEY))
    decline(desk, "m1")
    desk.do(ANN, c.RemoveCallback(callback="C-1", why="moved"))
    assert code_of(decline(desk, "m2")) == "callback_unknown"
    desk.do(ANN, c.AddCallback(key=KEY))
    assert code_of(decline(desk, "m1")) == "callback_repeated"
    desk.at += 4 * DAY_NS  # far beyond what any message of that time is heard
    desk.do(ANN, c.RemoveCallback(callback="C-1", why="moved"))
    assert desk.kernel.state.called_back == {}


def test_a_message_speaks_for_its_keys_person_alone() -> None:
    desk = known()
    desk.do(ANN, c.AddCallback(key=KEY))
    for other in ({"name": "carol"}, {"role": "operator"}, {"owner": "ann"}, {"door": "cli"}):
        assert code_of(decline(desk, "m1", msgspec.structs.replace(PAGE, **other))) == "callback_unknown", other
    assert desk.kernel.state.called_back == {}


def test_there_are_so_many_callbacks_and_no_more() -> None:
    desk = known()
    for number in range(CALLBACKS_MAX):
        desk.do(ANN, c.AddCallback(key=msgspec.structs.replace(KEY, id=f"C-{number}")))
    assert code_of(desk.do(ANN, c.AddCallback(key=msgspec.structs.replace(KEY, id="C-more")))) == "not_possible"


def test_a_callback_is_for_somebody_who_exists() -> None:
    """One of the book, or one whose token stands: a name that nobody bears would be a person out of nothing."""
    desk = Desk()
    assert code_of(desk.do(ANN, c.AddCallback(key=KEY))) == "not_possible"
    desk.do(ANN, c.IssueToken(grant=TOKEN))
    desk.do(ANN, c.AddCallback(key=KEY))
    desk.do(ANN, c.RevokeToken(token="T-1", why="gone"))
    another = msgspec.structs.replace(KEY, id="C-2")
    refused = desk.do(ANN, c.AddCallback(key=another))
    assert code_of(refused) == "not_possible" and "no person of the book" in str(refused.events)
    desk.do(ANN, c.AddPerson(person=BOB))
    desk.do(ANN, c.AddCallback(key=another))
    assert set(desk.kernel.state.callbacks) == {"C-1", "C-2"}
