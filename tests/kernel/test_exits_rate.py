"""Exits and the rate of messages: what is said of exits counts, and what comes too fast is told when to come again."""

from __future__ import annotations

import pytest
from tests.kernel.desk import ANN, Desk, agent, client, small
from tests.kernel.test_exits import only, said, set_exit

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate, Rate
from remit.kernel.numbers import NANOSECONDS

SLOW = Mandate(message_rate_max=Rate(2, 60))


def held(subject: str = "agent:momentum") -> Desk:
    """A position of ten; from now on its owner may send two messages a minute."""
    desk = small()
    desk.agent("carry", "main", "paper1")
    desk.hold("10")
    desk.mandate(subject, SLOW)
    return desk


def wait(record: Record) -> int | None:
    (refused,) = [event for event in record.events if isinstance(event, e.Refused)]
    assert refused.code == "message_rate_max"
    return refused.retry_after_s


@pytest.mark.parametrize("subject", ["agent:momentum", "account:main", "firm"])
def test_new_exits_come_no_faster_than_messages_may(subject: str) -> None:
    desk = held(subject)
    assert [said(set_exit(desk, "stop 90")) for _ in range(2)] == [["set"], ["set"]]
    before = desk.image()
    assert wait(set_exit(desk, "stop 90")) == 30
    assert desk.image() == before and len(desk.state.exits) == 2
    desk.at += 30 * NANOSECONDS
    assert said(set_exit(desk, "stop 90")) == ["set"]
    desk.agree()


def test_orders_and_exits_share_one_bucket() -> None:
    desk = held()
    set_exit(desk, "stop 90")
    desk.working("1", "90")
    assert wait(set_exit(desk, "stop 90")) == 30
    order = desk.submit("1", "90").decision
    assert order is not None and [finding.retry_after_s for finding in order.findings] == [30]


def test_new_terms_and_drops_count_too() -> None:
    desk = held()
    set_exit(desk, "take 120")
    name = only(desk).id
    assert said(set_exit(desk, "take 121", name)) == ["set"]
    assert wait(set_exit(desk, "take 122", name)) == 30
    assert wait(desk.do(c.DropExit(exit=name), agent("momentum"))) == 30
    desk.at += 30 * NANOSECONDS
    assert said(desk.do(c.DropExit(exit=name), agent("momentum"))) == ["ended dropped"]
    assert wait(set_exit(desk, "take 120")) == 30
    desk.agree()


def test_a_client_has_a_bucket_of_its_own() -> None:
    desk = held("client:claude")
    through = {"client": "claude", "by": client("claude")}
    assert [said(set_exit(desk, "stop 90", **through)) for _ in range(2)] == [["set"], ["set"]]
    assert wait(set_exit(desk, "stop 90", **through)) == 30
    assert said(set_exit(desk, "stop 90")) == ["set"]


def test_a_person_is_counted_and_never_refused() -> None:
    desk = held()
    assert [said(set_exit(desk, "stop 90", by=ANN)) for _ in range(4)] == [["set"]] * 4
    assert wait(set_exit(desk, "stop 90")) == 30
    name = next(iter(desk.state.exits))
    assert said(desk.do(c.DropExit(exit=name), ANN)) == ["ended dropped"]


@pytest.mark.parametrize("subject", ["account:main", "firm"])
def test_a_storm_of_others_hinders_nobody_who_tightens_a_stop(subject: str) -> None:
    """Who has a rate of its own is held to that alone; a new exit waits like everything."""
    desk = held()
    desk.mandate(subject, SLOW)
    set_exit(desk, "stop 90")
    name = only(desk).id
    for _ in range(2):
        desk.submit("1", "90", agent="carry")
    desk.at += 20 * NANOSECONDS
    assert wait(set_exit(desk, "stop 90")) == 10
    assert said(set_exit(desk, "stop 91", name)) == ["set"]
    assert wait(set_exit(desk, "stop 92", name)) == 10
    desk.agree()


def test_without_a_rate_of_its_own_an_agent_tightens_at_that_of_its_account() -> None:
    desk = held("account:main")
    set_exit(desk, "stop 90")
    name = only(desk).id
    assert said(set_exit(desk, "stop 91", name)) == ["set"]
    assert wait(set_exit(desk, "stop 91", name)) == 30


def test_the_same_request_again_is_answered_and_counts_nothing() -> None:
    desk = held()
    set_exit(desk, "stop 90", "mine")
    for _ in range(5):
        assert said(set_exit(desk, "stop 90", "mine")) == []
    assert said(set_exit(desk, "stop 90")) == ["set"]
