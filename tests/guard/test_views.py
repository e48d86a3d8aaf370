"""Views on a real kernel: what each role sees, and that the numbers are those orders are judged by."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.guard.desk import ANN, BOB, CLAUDE, EVE, FEED, MANDATE, MOMENTUM, REVERSION, Desk

from remit.guard.errors import RequestMalformed
from remit.guard.views import VIEWS, NotAllowed, Unknown
from remit.kernel import command as c
from remit.kernel.codec import encode, plain
from remit.kernel.loosening import way
from remit.kernel.mandate import Mandate, Rate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import Money, Ratio, parse

ARGUMENTS: dict[str, dict[str, Any]] = {
    "composed": {"preset": "starter"},
    "compared": {"mandates": {"agent:momentum": {}}},
    "effective": {"agent": "momentum"},
}
OF_ONE = ("order", "explanation", "approval")
"""Views of one order."""


@pytest.fixture
def desk() -> Desk:
    return Desk()


def gauge(desk: Desk, rule: str, by: Principal = ANN, subject: str = "agent:momentum", of: str = "") -> dict[str, Any]:
    found = [
        row
        for row in desk.see(by, "exposure", subject=subject)["gauges"]
        if row["rule"] == rule and (not of or row["of"] == of)
    ]
    assert len(found) == 1
    return dict(found[0])


# Who sees what


def test_every_view_answers_an_operator_with_json(desk: Desk) -> None:
    order = desk.submit(MOMENTUM, "5")
    for name in (name for name, view in VIEWS.items() if "operator" in view.roles):
        given = {"order": order} if name in OF_ONE else ARGUMENTS.get(name, {})
        assert encode(desk.see(ANN, name, **given))


def test_asking_changes_nothing(desk: Desk) -> None:
    order = desk.submit(MOMENTUM, "5")
    desk.fill(order, "5", "99")
    twin = Desk()
    twin.fill(twin.submit(MOMENTUM, "5"), "5", "99")
    for name in (name for name, view in VIEWS.items() if "operator" in view.roles):
        desk.see(ANN, name, **({"order": order} if name in OF_ONE else ARGUMENTS.get(name, {})))
    assert desk.submit(MOMENTUM, "7") == twin.submit(MOMENTUM, "7")
    assert desk.journal == twin.journal


@pytest.mark.parametrize("name", [name for name, view in VIEWS.items() if "agent" not in view.roles])
def test_what_is_for_people_is_refused_to_agents_clients_and_feeds(desk: Desk, name: str) -> None:
    for by in (MOMENTUM, CLAUDE, FEED):
        with pytest.raises(NotAllowed) as refused:
            desk.see(by, name, **ARGUMENTS.get(name, {}))
        assert refused.value.code == "not_authorised" and "operator" in refused.value.fix


def test_an_agent_sees_itself_alone(desk: Desk) -> None:
    own, other = desk.submit(MOMENTUM, "5"), desk.submit(REVERSION, "5", limit="99")
    assert [row["order"] for row in desk.see(MOMENTUM, "orders")] == [own]
    assert [row["name"] for row in desk.see(MOMENTUM, "agents")] == ["momentum"]
    assert {row["agent"] for row in desk.see(MOMENTUM, "grants")} == {"momentum"}
    assert {row["subject"] for row in desk.see(MOMENTUM, "positions")["positions"]} == {"agent:momentum"}
    assert desk.see(MOMENTUM, "positions")["cash"] == []
    assert {row["subject"] for row in desk.see(MOMENTUM, "exposure")["gauges"]} == {"agent:momentum"}
    with pytest.raises(Unknown):
        desk.see(MOMENTUM, "order", order=other)
    for subject in ("agent:reversion", "account:desk"):
        with pytest.raises(Unknown):
            desk.see(MOMENTUM, "exposure", subject=subject)
        with pytest.raises(Unknown):
            desk.see(MOMENTUM, "positions", subject=subject)
    told = desk.see(MOMENTUM, "log")["entries"]
    assert {record["command"]["by"]["name"] for record in told} == {"momentum"}


def test_a_client_sees_its_own_orders_and_not_those_of_its_agent(desk: Desk) -> None:
    of_agent, of_client = desk.submit(MOMENTUM, "5"), desk.submit(CLAUDE, "3", limit="99")
    assert [row["order"] for row in desk.see(CLAUDE, "orders")] == [of_client]
    assert {row["order"] for row in desk.see(MOMENTUM, "orders")} == {of_agent, of_client}
    assert {row["subject"] for row in desk.see(CLAUDE, "positions")["totals"]} == {"client:claude"}
    with pytest.raises(Unknown):
        desk.see(CLAUDE, "order", order=of_agent)


def test_a_client_is_shown_its_agents_limits_that_use_nothing_up_and_no_gauge_of_it(desk: Desk) -> None:
    """What an agent has used tells of its other orders; what judges one order alone tells of none."""
    before = desk.see(CLAUDE, "exposure")
    of_agent = desk.see(ANN, "exposure", subject="agent:momentum")["per_order"]
    assert of_agent and [row for row in before["per_order"] if row["subject"] == "agent:momentum"] == of_agent
    assert {row["subject"] for row in before["gauges"]} <= {"client:claude"}
    desk.submit(MOMENTUM, "5")
    assert desk.see(CLAUDE, "exposure") == before, "what its agent does is not told"
    with pytest.raises(Unknown):
        desk.see(CLAUDE, "exposure", subject="agent:momentum")
    own = desk.see(CLAUDE, "exposure", subject="client:claude")["per_order"]
    assert {row["subject"] for row in own} <= {"client:claude"}


def test_an_agent_reads_the_mandates_that_bind_it(desk: Desk) -> None:
    assert [row["subject"] for row in desk.see(MOMENTUM, "mandates")] == ["firm", "account:desk", "agent:momentum"]
    assert desk.see(MOMENTUM, "effective")["path"] == ["firm", "account:desk", "agent:momentum"]
    assert desk.see(CLAUDE, "effective")["path"][-1] == "client:claude"
    with pytest.raises(Unknown):
        desk.see(MOMENTUM, "effective", agent="reversion")


@pytest.mark.parametrize(
    ("name", "arguments", "fault"),
    [
        ("orderz", {}, Unknown),
        ("orders", {"agnet": "momentum"}, RequestMalformed),
        ("orders", {"limit": "ten"}, RequestMalformed),
        ("orders", {"limit": 0}, RequestMalformed),
        ("orders", {"live": "yes"}, RequestMalformed),
        ("order", {}, RequestMalformed),
        ("order", {"order": "abcd-999"}, Unknown),
        ("order", {"order": "no-such"}, Unknown),
        ("order", {"order": "wxyz-1"}, Unknown),
        ("exposure", {"subject": "desk"}, RequestMalformed),
        ("exposure", {"subject": "agent:nobody"}, Unknown),
        ("positions", {"by": "venue"}, RequestMalformed),
        ("composed", {"preset": "daring"}, RequestMalformed),
        ("composed", {"preset": "institutional"}, RequestMalformed),
        ("compared", {"mandates": {"agent:momentum": {"order_notional_max": 5}}}, RequestMalformed),
        ("compared", {"mandates": {"agent:nobody": {}}}, Unknown),
        ("log", {"from": -1}, RequestMalformed),
        ("log", {"since": "yesterday"}, RequestMalformed),
    ],
)
def test_a_wrong_question_is_a_named_error(desk: Desk, name: str, arguments: dict[str, Any], fault: type) -> None:
    with pytest.raises(fault) as refused:
        desk.see(ANN, name, **arguments)
    assert refused.value.fix


# Limits


def test_reserved_and_used_add_up_to_what_the_kernel_counts(desk: Desk) -> None:
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    desk.submit(MOMENTUM, "4")
    found = gauge(desk, "market_exposure_max", of="AAPL")
    assert (found["used"], found["reserved"], found["headroom"]) == ("1000", "400", "1600")
    assert (found["limit"], found["unit"], found["percent"], found["holds"]) == ("3000", "USD", 47, True)


def test_the_headroom_is_exactly_what_still_passes(desk: Desk) -> None:
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    desk.submit(MOMENTUM, "10", limit="99.5")
    left = parse(Money, gauge(desk, "market_exposure_max", of="AAPL")["headroom"])
    assert left == parse(Money, "1005")
    for quantity, limit, verdict in (("10", "100.51", "deny"), ("10", "100.5", "allow")):
        order = desk.submit(MOMENTUM, quantity, limit=limit)
        assert desk.see(ANN, "order", order=order)["verdict"] == verdict
    assert gauge(desk, "market_exposure_max", of="AAPL")["headroom"] == "0"


def test_a_count_of_orders_is_not_one_ahead(desk: Desk) -> None:
    assert gauge(desk, "orders_per_day_max")["used"] == "0"
    for _ in range(3):
        desk.submit(MOMENTUM, "1", limit=f"{90 + desk.intents}")
    found = gauge(desk, "orders_per_day_max")
    assert (found["used"], found["headroom"], found["percent"]) == ("3", "17", 15)


def test_a_loss_and_a_group_nobody_traded_in(desk: Desk) -> None:
    assert gauge(desk, "market_exposure_max")["of"] == ""
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    desk.mark("96.5")
    found = gauge(desk, "daily_loss_max")
    assert (found["used"], found["reserved"], found["headroom"], found["percent"]) == ("35", "0", "65", 35)
    desk.mark("89")
    assert gauge(desk, "daily_loss_max")["holds"] is False
    halt = desk.see(MOMENTUM, "halts")[0]
    assert (halt["rule"], halt["limit"], halt["unit"]) == ("daily_loss_max", "100", "USD")


def test_a_draft_says_what_is_used_now_and_whether_that_holds(desk: Desk) -> None:
    def changes(**fields: Any) -> dict[str, tuple[Any, Any]]:
        draft = plain(replace(MANDATE, **fields))
        (row,) = desk.see(ANN, "compared", mandates={"agent:momentum": draft})
        return {change["field"]: (change.get("now"), change.get("holds")) for change in row["changes"]}

    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    desk.submit(MOMENTUM, "5")
    desk.mark("96.5")
    tighter = changes(daily_loss_max=parse(Money, "30"), gross_exposure_max=parse(Money, "2000"), positions_max=None)
    assert tighter == {
        "daily_loss_max": ("35", False), "gross_exposure_max": ("1465", True), "positions_max": (None, None),
    }  # fmt: skip
    assert changes(daily_loss_max=parse(Money, "90")) == {"daily_loss_max": ("35", True)}
    assert changes(order_notional_max=parse(Money, "1")) == {"order_notional_max": (None, None)}, "of one order alone"


def test_a_halt_says_how_its_limit_stands_now_breached_or_not(desk: Desk) -> None:
    def now() -> tuple[str, ...]:
        halt = desk.see(ANN, "halts")[0]
        return tuple(halt[name] for name in ("limit", "actual", "now", "stands", "limit_now"))

    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    desk.mark("89")
    assert now() == ("100", "110", "110", "110", "100")
    desk.mark("90.4")
    assert now() == ("100", "110", "", "96", "100"), "back within, and near"
    looser = replace(MANDATE, daily_loss_max=parse(Money, "2000"))
    desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=looser, why="room"))
    assert now() == ("100", "110", "", "96", "2000")
    desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=replace(MANDATE, daily_loss_max=None), why="none"))
    assert now() == ("100", "110", "", "", ""), "nothing measures it any more"


def test_ratios_show_what_still_fits(desk: Desk) -> None:
    mandate = Mandate(leverage_max=parse(Ratio, "2"), concentration_max_pct=10)
    desk.do(ANN, c.SetMandate(subject="account:desk", mandate=mandate, why="ratios"))
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    share = gauge(desk, "concentration_max_pct", subject="account:desk", of="AAPL")
    assert (share["used"], share["unit"], share["headroom"], share["headroom_money"]) == ("1", "pct", "9", "9000")
    leverage = gauge(desk, "leverage_max", subject="account:desk")
    assert (leverage["used"], leverage["headroom_money"]) == ("0.01", "199000")


def test_rates_and_waits_say_when_the_next_passes(desk: Desk) -> None:
    mandate = Mandate(order_rate_max=Rate(2, 60), market_cooldown=90)
    desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=mandate, why="slow"))
    desk.submit(MOMENTUM, "1")
    assert gauge(desk, "market_cooldown", of="AAPL")["ready_in_s"] == 90
    assert gauge(desk, "order_rate_max")["ready_in_s"] == 0
    assert not gauge(desk, "market_cooldown", of="AAPL")["holds"]


def test_every_limit_of_a_mandate_is_told_once_per_group(desk: Desk) -> None:
    found = desk.see(ANN, "exposure", subject="agent:momentum")
    told = {row["rule"] for row in found["gauges"]} | {row["rule"] for row in found["per_order"]}
    assert told == set(plain(MANDATE))
    assert all(row["missing"] == "" for row in found["gauges"])


def test_a_subject_without_a_mandate_is_named(desk: Desk) -> None:
    from remit.kernel import access

    desk.do(ANN, c.AddAgent(agent=access.Agent(name="new", account="desk", owner="ann")))
    assert desk.see(ANN, "exposure")["without_mandate"] == ["agent:new"]
    assert desk.see(ANN, "effective", agent="new")["missing"] == ["agent:new"]
    checks = {row["check"]: row for row in desk.see(ANN, "health")["checks"]}
    assert not checks["mandates"]["well"] and "agent:new" in checks["mandates"]["says"]


def test_the_effective_limit_is_the_tightest_and_says_whose(desk: Desk) -> None:
    wide = Mandate(order_notional_max=parse(Money, "5000"), instruments_allowed=("AAPL", "IBM"))
    desk.do(ANN, c.SetMandate(subject="account:desk", mandate=wide, why="wide"))
    own = Mandate(order_notional_max=parse(Money, "2000"), instruments_allowed=("AAPL", "MSFT"))
    desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=own, why="narrow"))
    rows = {row["limit"]: row for row in desk.see(ANN, "effective", agent="momentum")["limits"]}
    assert (rows["order_notional_max"]["effective"], rows["order_notional_max"]["unit"]) == ("2000", "USD")
    assert rows["order_notional_max"]["decides"] == ["agent:momentum"]
    assert rows["instruments_allowed"]["effective"] == "AAPL"


# Orders


def test_an_order_tells_its_life_and_its_findings_in_words(desk: Desk) -> None:
    order = desk.submit(MOMENTUM, "25")
    found = desk.see(ANN, "order", order=order)
    assert (found["state"], found["verdict"], found["complete"]) == ("denied", "deny", True)
    first = found["findings"][0]
    assert (first["rule"], first["subject"], first["actual"], first["limit"]) == (
        "order_notional_max", "agent:momentum", "2500", "2000",
    )  # fmt: skip
    assert "2000 USD" in first["sentence"] and first["doc"].endswith("#order_notional_max")
    assert [row["event"] for row in found["life"]] == ["denied"]


def test_a_sentence_keeps_the_limit_that_was_in_force(desk: Desk) -> None:
    order = desk.submit(MOMENTUM, "25")
    desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=Mandate(), why="off"))
    assert "2000 USD" in desk.see(ANN, "order", order=order)["findings"][0]["sentence"]


def test_a_filled_order_tells_each_entry(desk: Desk) -> None:
    order = desk.submit(MOMENTUM, "10")
    desk.fill(order, "10", "99.5")
    found = desk.see(MOMENTUM, "order", order=order)
    assert (found["state"], found["filled"], found["paid_average"]) == ("filled", "10", "99.5")
    assert [(row["kind"], row["event"]) for row in found["life"]][0] == ("submit", "reserved")
    assert found["life"][-1]["event"] == "booked"
    assert found["findings"] == [] and found["decision"]["verdict"] == "allow"


def test_an_order_that_is_taken_and_filled_at_one_instant_tells_both(desk: Desk) -> None:
    order = desk.submit(MOMENTUM, "10")
    desk.step_ns = 0
    for body in (c.Sent(order=order), c.Acked(order=order)):
        desk.do(GUARD, body)
    desk.fill(order, "10", "99.5")
    told = [(row["kind"], row["event"]) for row in desk.see(MOMENTUM, "order", order=order)["life"]]
    assert ("acked", "moved") in told and told[-1] == ("filled", "booked")


def test_orders_are_filtered(desk: Desk) -> None:
    filled, live, denied = (
        desk.submit(MOMENTUM, "10"),
        desk.submit(REVERSION, "5", limit="99"),
        desk.submit(MOMENTUM, "25"),
    )
    desk.fill(filled, "10", "100")
    assert {row["order"] for row in desk.see(ANN, "orders")} == {filled, live}
    assert [row["order"] for row in desk.see(ANN, "orders", live=True)] == [live]
    assert [row["order"] for row in desk.see(ANN, "orders", agent="momentum")] == [filled]
    assert [(row["order"], row["rule"]) for row in desk.see(ANN, "orders", state="denied")] == [
        (denied, "order_notional_max")
    ]
    assert desk.see(REVERSION, "orders", state="denied") == []
    assert len(desk.see(ANN, "orders", limit=1)) == 1


def test_what_waits_for_people_has_the_largest_first(desk: Desk) -> None:
    desk.do(ANN, c.SetMandate(subject="agent:reversion", mandate=MANDATE, why="ask"))
    small, large = desk.submit(MOMENTUM, "15"), desk.submit(REVERSION, "15", limit="100.5")
    desk.submit(MOMENTUM, "2")
    held = desk.see(BOB, "approvals")
    assert [row["order"] for row in held] == [large, small]
    assert (held[0]["worth"], held[0]["worst_price"], held[0]["needed"]) == ("1507.5", "100.5", 1)
    assert held[0]["expires_in_s"] <= 300 and held[0]["yours_counts"]
    approved = desk.do(BOB, c.Approve(order=large, digest=held[0]["digest"]))
    assert any(event["event"] == "released" for event in plain(approved)["events"])
    assert [row["order"] for row in desk.see(BOB, "approvals")] == [small]


def test_positions_and_cash_agree_with_what_was_filled(desk: Desk) -> None:
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    desk.mark("110")
    found = desk.see(ANN, "positions")
    (row,) = found["positions"]
    assert (row["subject"], row["quantity"], row["cost_average"], row["value"]) == ("account:desk", "10", "100", "1100")
    assert (row["unrealised"], row["realised"]) == ("100", "0")
    assert found["cash"] == [
        {"connection": "paper1", "currency": "USD", "amount": "99000", "reserved": "0", "free": "99000"}
    ]
    assert found["totals"][0]["equity"] == "100100"
    assert {row["subject"] for row in desk.see(ANN, "positions", by="agent")["positions"]} == {"agent:momentum"}


# Stops, access, mandates


def test_halts_and_pauses_are_told_apart(desk: Desk) -> None:
    desk.do(ANN, c.SetPause(subject="agent:reversion", paused=True, why="lunch"))
    desk.do(ANN, c.Halt(subject="account:desk", why="odd"))
    (halt,) = desk.see(ANN, "halts")
    (pause,) = desk.see(ANN, "pauses")
    assert (halt["cause"], halt["unit"], halt["needs"], pause["subject"], pause["by"]) == (
        "person",
        "",
        "review",
        "agent:reversion",
        "ann",
    )
    desk.do(ANN, c.Review(halt=halt["id"], limit=halt["rule"], why="looked"))
    assert desk.see(ANN, "halts")[0]["needs"] == "resume"
    agents = {row["name"]: row for row in desk.see(ANN, "agents")}
    assert agents["reversion"]["paused"] == ["agent:reversion"] and agents["momentum"]["paused"] == []
    assert agents["momentum"]["halted"] == [halt["id"]]
    assert desk.see(MOMENTUM, "pauses") == [] and len(desk.see(MOMENTUM, "halts")) == 1


def test_tokens_are_told_without_anything_secret(desk: Desk) -> None:
    from remit.kernel import access

    grant = access.TokenGrant(token="T-1", role="agent", name="momentum", owner="ann", issued_at=desk.at)
    desk.do(ANN, c.IssueToken(grant=grant))
    desk.do(ANN, c.RevokeToken(token="T-1", why="lost"))
    (row,) = desk.see(EVE, "tokens")
    told = {"token", "role", "name", "owner", "issued_at", "expires_at", "state", "session", "replaces", "parent"}
    assert set(row) == told
    assert row["state"] == "revoked"


def test_history_says_what_each_version_changed(desk: Desk) -> None:
    desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=Mandate(positions_max=3), why="fewer"))
    first, second = desk.see(ANN, "history", subject="agent:momentum")
    assert (first["number"], second["number"], second["why"]) == (1, 2, "fewer")
    assert second["changed"]["positions_max"] == [5, 3]
    assert second["changed"]["daily_loss_max"] == ["100", None]


@pytest.mark.parametrize(
    ("field", "old", "new", "said"),
    [
        ("order_notional_max", None, parse(Money, "1"), "tighter"),
        ("order_notional_max", parse(Money, "1"), None, "looser"),
        ("order_notional_max", parse(Money, "1"), parse(Money, "2"), "looser"),
        ("approval_notional_min", parse(Money, "5"), parse(Money, "2"), "tighter"),
        ("confidence_min", parse(Ratio, "0.5"), parse(Ratio, "0.6"), "tighter"),
        ("instruments_allowed", ("A", "B"), ("A",), "tighter"),
        ("instruments_allowed", ("A", "B"), ("A", "C"), "changed"),
        ("instruments_blocked", ("A",), ("A", "B"), "tighter"),
        ("instruments_blocked", ("A", "B"), ("A",), "looser"),
        ("order_rate_max", Rate(10, 60), Rate(20, 60), "looser"),
        ("order_rate_max", Rate(10, 60), Rate(10, 120), "tighter"),
        ("order_rate_max", Rate(10, 60), Rate(1000, 6001), "changed"),
        ("second_person", "waived", "required", "tighter"),
        ("second_person", "required", "waived", "looser"),
        ("bulk_approval_max", None, parse(Money, "5"), "looser"),
        ("bulk_approval_max", parse(Money, "5"), parse(Money, "6"), "looser"),
        ("bulk_approval_max", parse(Money, "6"), None, "tighter"),
        ("position_duplicate", None, "allowed", "no effect"),
        ("position_duplicate", "blocked", "allowed", "looser"),
        ("locate_required", "waived", "required", "tighter"),
        ("haircut_bps", 10, 5, "looser"),
        ("approval_quorum", 2, 1, "looser"),
        ("approval_quorum", 2, None, "looser"),
        ("approval_quorum", None, 2, "tighter"),
        ("approval_expiry_s", 300, 600, "looser"),
        ("loss_cooldown", 60, 30, "looser"),
        ("loss_cooldown", 60, "review", "looser"),
        ("loss_cooldown", "review", 60, "tighter"),
        ("loss_cooldown", 0, "review", "no effect"),
        ("zone", "UTC", "Asia/Tokyo", "changed"),
    ],
)
def test_which_way_a_change_goes(field: str, old: Any, new: Any, said: str) -> None:
    assert way(field, old, new) == said


def test_a_draft_says_what_it_loosens_and_what_would_never_bind(desk: Desk) -> None:
    draft = {"order_notional_max": "3000", "positions_max": 4}
    (row,) = desk.see(ANN, "compared", mandates={"agent:momentum": draft})
    ways = {change["field"]: change["way"] for change in row["changes"]}
    assert (ways["order_notional_max"], ways["positions_max"], ways["daily_loss_max"]) == (
        "looser",
        "tighter",
        "looser",
    )
    assert "positions_max" not in row["loosens"] and "daily_loss_max" in row["loosens"]
    (row,) = desk.see(ANN, "compared", mandates={"account:desk": {"position_duplicate": "blocked"}})
    assert row["unread"] == ["position_duplicate"]


def test_a_draft_says_what_another_end_means(desk: Desk) -> None:
    def end_of(until: int | None, **more: Any) -> Any:
        (row,) = desk.see(ANN, "compared", mandates={"agent:momentum": {}}, **more)
        found = [change for change in row["changes"] if change["field"] == "expires_at"]
        assert ("expires_at" in row["loosens"]) == any(change["way"] == "looser" for change in found)
        assert all(change["after"] == until for change in found)
        return found[0]["way"] if found else "kept"

    soon, late = desk.at + 10**12, desk.at + 2 * 10**12
    assert end_of(soon, expires_at={"agent:momentum": soon}) == "tighter"
    desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=Mandate(), why="for now", expires_at=soon))
    assert (end_of(soon), end_of(soon, expires_at={"agent:momentum": soon})) == ("kept", "kept")
    assert end_of(late, expires_at={"agent:momentum": late}) == "looser"
    assert end_of(None, expires_at={"agent:momentum": None}) == "looser"
    assert desk.see(ANN, "history", subject="agent:momentum")[-1]["changed"]["expires_at"] == [None, soon]
    with pytest.raises(RequestMalformed):
        desk.see(ANN, "compared", mandates={}, expires_at={"agent:momentum": "soon"})


def test_what_nobody_set_counts_by_its_default(desk: Desk) -> None:
    hour = Mandate(approval_expiry_s=3600, haircut_bps=50)
    desk.do(ANN, c.SetMandate(subject="account:desk", mandate=hour, why="an hour"))
    rows = {row["term"]: row for row in desk.see(ANN, "effective", agent="momentum")["terms"]}
    waits = rows["approval_expiry_s"]
    assert (waits["effective"], waits["unit"], waits["together"]) == (300, "seconds", True)
    assert {row["subject"]: (row["value"], row["is_set"]) for row in waits["from"]}["account:desk"] == (3600, True)
    assert "account:desk" not in waits["decides"] and "firm" in waits["decides"]
    assert (rows["haircut_bps"]["effective"], rows["haircut_bps"]["decides"]) == (50, ["account:desk"])
    assert rows["bulk_approval_max"]["effective"] is None and not rows["zone"]["together"]
    assert rows["second_person"]["effective"] == "waived"


def test_a_preset_is_composed_for_the_subjects_that_exist(desk: Desk) -> None:
    found = desk.see(ANN, "composed", preset="starter")
    assert set(found) == {"firm", "account:desk", "agent:momentum", "agent:reversion", "client:claude"}
    assert found["firm"] == {} and found["agent:momentum"]["order_notional_max"] == "100"
    assert "approval_notional_min" not in found["account:desk"]
    assert list(desk.see(ANN, "composed", preset="starter", subjects=["firm"])) == ["firm"]


def test_lint_sees_a_limit_that_can_never_bind(desk: Desk) -> None:
    notes = desk.see(ANN, "lint", mandates={"account:desk": {"order_notional_max": "100"}})
    assert any(note["code"] == "never_binds" and "order_notional_max" in note["fields"] for note in notes)


# The journal


def test_the_log_is_filtered_and_paged(desk: Desk) -> None:
    order = desk.submit(MOMENTUM, "10")
    desk.fill(order, "10", "100")
    kinds = [record["command"]["body"]["kind"] for record in desk.see(ANN, "log", order=order)["entries"]]
    assert kinds == ["submit", "sent", "filled"]
    assert [r["command"]["seq"] for r in desk.see(ANN, "log", kind="booked")["entries"]] == [len(desk.journal)]
    page = desk.see(ANN, "log", from_=1, limit=5)
    assert [record["command"]["seq"] for record in page["entries"]] == [1, 2, 3, 4, 5]
    assert page["next"] == 6
    last = desk.see(ANN, "log", limit=2)
    assert [record["command"]["seq"] for record in last["entries"]] == [len(desk.journal) - 1, len(desk.journal)]
    assert last["next"] is None
    assert desk.see(ANN, "log", since=desk.at + 1)["entries"] == []
    assert {r["command"]["by"]["name"] for r in desk.see(ANN, "log", agent="momentum", kind="submit")["entries"]} == {
        "momentum"
    }
