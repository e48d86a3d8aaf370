"""What an approver is shown: the worst numbers first, what is left with the order, how far the market moved."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.guard.desk import ANN, BOB, CLAUDE, EVE, MANDATE, MOMENTUM, REVERSION, Desk

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.instrument import Mark
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import NANOSECONDS, Money, Price, parse

HOUR_NS = 3600 * NANOSECONDS


@pytest.fixture
def desk() -> Desk:
    return Desk()


def money(text: str) -> Money:
    return parse(Money, text)


def mandate(desk: Desk, subject: str, of: Mandate) -> None:
    desk.do(ANN, c.SetMandate(subject=subject, mandate=of, why="test"))


def shown(desk: Desk, by: Principal = BOB) -> dict[str, Any]:
    (row,) = desk.see(by, "approvals")
    return dict(row)


def test_the_worst_numbers_come_first(desk: Desk) -> None:
    desk.submit(MOMENTUM, "15", limit="101")
    row = shown(desk)
    assert list(row)[:5] == ["worth", "currency", "worst_price", "headroom", "drift"]
    assert (row["worth"], row["currency"], row["worst_price"]) == ("1515", "USD", "101")


def test_what_is_left_with_it_is_of_the_limit_that_is_used_most(desk: Desk) -> None:
    desk.submit(MOMENTUM, "15")
    left = shown(desk)["headroom"]
    assert left == {
        "subject": "agent:momentum", "rule": "market_exposure_max", "of": "AAPL", "limit": "3000", "headroom": "1500",
        "unit": "USD", "percent": 50,
    }  # fmt: skip
    mandate(desk, "account:desk", Mandate(gross_exposure_max=money("1600")))
    left = shown(desk)["headroom"]
    assert (left["rule"], left["subject"], left["headroom"], left["percent"]) == (
        "gross_exposure_max", "account:desk", "100", 94,
    )  # fmt: skip


def test_of_no_limit_nothing_is_left(desk: Desk) -> None:
    mandate(desk, "agent:momentum", Mandate(approval_notional_min=money("1")))
    desk.submit(MOMENTUM, "15")
    assert shown(desk)["headroom"] is None


@pytest.mark.parametrize(
    ("side", "bid", "ask", "since", "to", "bps"),
    [
        ("buy", "99", "101.01", "100", "101.01", "101"),
        ("buy", "98", "99", "100", "99", "-100"),
        ("sell", "99", "101", "100", "99", "100"),
    ],
)
def test_how_far_the_market_moved_against_it(
    desk: Desk, side: str, bid: str, ask: str, since: str, to: str, bps: str
) -> None:
    mandate(desk, "account:desk", Mandate(approval_drift_max_bps=50))
    desk.submit(MOMENTUM, "15", side=side)
    desk.do(
        GUARD,
        c.Marked(
            marks=(
                Mark(
                    instrument="AAPL",
                    at=desk.at,
                    bid=parse(Price, bid),
                    ask=parse(Price, ask),
                    last=parse(Price, "100"),
                ),
            )
        ),
    )
    drift = shown(desk)["drift"]
    assert drift == {"from": since, "to": to, "bps": bps, "fresh": True, "limit_bps": 50}
    desk.at += 20 * NANOSECONDS
    assert shown(desk)["drift"]["fresh"] is False


def test_the_thought_is_named_by_its_digest(desk: Desk) -> None:
    desk.submit(MOMENTUM, "15", thought="ab" * 32)
    assert shown(desk)["thought"] == "ab" * 32


@pytest.mark.parametrize(
    ("by", "quorum", "counts"),
    [
        (BOB, False, True),
        (ANN, False, True),
        (EVE, False, False),
        (BOB, True, True),
        (ANN, True, False),
        (Principal(name="ann", role="approver", owner="the desk"), True, False),
        (Principal(name="olga", role="owner", owner="ann"), False, True),
        (Principal(name="olga", role="owner", owner="ann"), True, False),
    ],
)
def test_whether_ones_word_counts(desk: Desk, by: Principal, quorum: bool, counts: bool) -> None:
    asks = Mandate(quorum_notional_min=money("1"), approval_quorum=1) if quorum else MANDATE
    mandate(desk, "agent:momentum", asks)
    order = desk.submit(MOMENTUM, "15")
    row = shown(desk, by)
    assert row["yours_counts"] is counts
    if by.role != "auditor":
        record = desk.do(by, c.Approve(order=order, digest=row["digest"]))
        assert any(type(event).__name__ == "Released" for event in record.events) is counts


def test_whether_it_may_go_with_others(desk: Desk) -> None:
    desk.submit(MOMENTUM, "15")
    assert shown(desk)["bulk"] is False
    mandate(desk, "agent:momentum", msgspec.structs.replace(MANDATE, bulk_approval_max=money("1500")))
    assert shown(desk)["bulk"] is True
    mandate(desk, "firm", Mandate(bulk_approval_max=money("1499.99")))
    assert shown(desk)["bulk"] is False


# preapprovals


def preapprove(desk: Desk, name: str = "p1", agent: str = "momentum", **more: Any) -> None:
    terms = {
        "instruments": ("AAPL",),
        "notional_max": money("1600"),
        "total_max": money("3000"),
        "ends_at": desk.at + HOUR_NS,
        "why": "today",
    } | more
    desk.do(BOB, c.Preapprove(id=name, agent=agent, **terms))


def test_what_is_left_of_a_preapproval(desk: Desk) -> None:
    preapprove(desk)
    desk.submit(MOMENTUM, "15")
    (row,) = desk.see(ANN, "preapprovals")
    assert (row["state"], row["used"], row["left"], row["uses"], row["currency"]) == (
        "in_force", "1500", "1500", 1, "USD",
    )  # fmt: skip
    assert (row["by"], row["owner"], row["expires_in_s"]) == ("bob", "bob", 3598)
    desk.submit(CLAUDE, "15")
    assert desk.see(ANN, "preapprovals")[0]["state"] == "used_up"


def test_the_one_that_ends_first_is_at_the_top_and_what_is_over_is_shown_on_request(desk: Desk) -> None:
    preapprove(desk, "late", ends_at=desk.at + 2 * HOUR_NS)
    preapprove(desk, "b")
    preapprove(desk, "short", ends_at=desk.at + 10 * NANOSECONDS)
    desk.do(ANN, c.RevokePreapproval(id="b", why="no"))
    desk.at += 10 * NANOSECONDS
    assert [row["preapproval"] for row in desk.see(ANN, "preapprovals")] == ["late"]
    rows = desk.see(ANN, "preapprovals", all=True)
    assert [(row["preapproval"], row["state"], row["over"]) for row in rows] == [
        ("late", "in_force", False), ("short", "expired", True), ("b", "ended", True),
    ]  # fmt: skip
    assert (rows[2]["ended_by"], rows[2]["ended_why"]) == ("ann", "no")


@pytest.mark.parametrize(
    ("by", "seen"),
    [(ANN, ["p1", "p2"]), (BOB, ["p1", "p2"]), (EVE, ["p1", "p2"]), (MOMENTUM, ["p1"]), (CLAUDE, ["p1"]),
     (REVERSION, ["p2"])],
)  # fmt: skip
def test_an_agent_sees_its_own(desk: Desk, by: Principal, seen: list[str]) -> None:
    preapprove(desk)
    preapprove(desk, "p2", "reversion")
    assert [row["preapproval"] for row in desk.see(by, "preapprovals")] == seen
    assert [row["preapproval"] for row in desk.see(by, "preapprovals", agent="momentum")] == [
        name for name in seen if name == "p1"
    ]


def test_who_is_shut_out_has_preapproved_nothing(desk: Desk) -> None:
    desk.do(ANN, c.AddPerson(person=access.Person(name="bob", role="approver")))
    preapprove(desk)
    desk.do(ANN, c.SetPerson(name="bob", role="approver", disabled=True, why="left the firm"))
    assert desk.see(ANN, "preapprovals") == []
    (row,) = desk.see(ANN, "preapprovals", all=True)
    assert (row["state"], row["ended_why"]) == ("ended", "left the firm")
    desk.submit(MOMENTUM, "15")
    assert len(desk.see(ANN, "approvals")) == 1
    desk.do(ANN, c.SetPerson(name="bob", role="approver", disabled=False, why="back again"))
    assert desk.see(ANN, "preapprovals") == [], "it ended for good"
