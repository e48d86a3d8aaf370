"""A. Standing rules: facts that no mandate switches off. What each denies, what it says, and whom it lets pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.kernel.desk import ANN, BOB, Desk, agent, money, price, quantity, ratio, rules, small, verdict

from remit.kernel import command as c
from remit.kernel.event import Finding
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import DAY_NS, NANOSECONDS
from remit.kernel.rules.rule import EVERY
from remit.kernel.rules.table import BY_NAME

SECOND = NANOSECONDS
HOUR = 3600 * SECOND
Does = Callable[[Desk], Any]


def off(capability: Any = "place_order") -> Does:
    return lambda desk: desk.took(c.SetCapability(agent="momentum", capability=capability, enabled=False))


def no_grant(desk: Desk) -> None:
    desk.took(c.SetGrant(agent="momentum", connection="paper1", granted=False))


def another_account(desk: Desk) -> None:
    desk.account("other")
    desk.connection("paper9", "other")


def expired(subject: str) -> Does:
    """A mandate that runs out at this very instant."""

    def does(desk: Desk) -> None:
        desk.mandate(subject, Mandate(), expires_at=desk.at + 3_000_000)
        desk.took(c.Tick(), GUARD)

    return does


def paused(subject: str) -> Does:
    return lambda desk: desk.took(c.SetPause(subject=subject, paused=True, why="lunch"), BOB)


def halted(subject: str, kill: bool = False) -> Does:
    return lambda desk: desk.took(c.Halt(subject=subject, why="stop", kill=kill), BOB)


def trading(state: Any) -> Does:
    return lambda desk: desk.took(c.SetTradingState(instrument="AAPL", state=state))


def term(**terms: Any) -> Does:
    """New terms of AAPL."""
    return lambda desk: desk.instrument("AAPL", **terms)


def calendar(opens_in: int, closes_in: int, ends_in: int) -> Does:
    """AAPL trades by a calendar; times in nanoseconds from the order that follows."""

    def does(desk: Desk) -> None:
        at = desk.at + 3_000_000
        windows = ((at + opens_in, at + closes_in),)
        desk.instrument("AAPL", calendar="NYSE")
        desk.took(c.SetCalendar(calendar="NYSE", begins_at=at - DAY_NS, ends_at=at + ends_in, windows=windows))

    return does


def ready(**known: Any) -> Does:
    terms = {"connection": "paper1", "reconciled": True, "link_up": True, **known}
    return lambda desk: desk.took(c.SetVenueState(**terms), GUARD)


def bets(desk: Desk) -> None:
    desk.instrument("YES", "0.5", kind="prediction", outcome="yes", market="RAIN")


def foreign(desk: Desk) -> None:
    """A share in euros whose exchange rate grows old in an hour."""
    desk.rate("EUR", "USD", "1.25")
    desk.instrument("SAP", "100", currency="EUR")
    desk.took(c.SetBalance(connection="paper1", currency="EUR", amount=money("10000")))
    desk.took(c.Tick(), GUARD, after_ns=HOUR + SECOND)
    desk.mark("SAP", "100")


def perpetual(desk: Desk) -> None:
    desk.instrument("PERP", "100", kind="perpetual")


def margined(desk: Desk) -> None:
    """Two connections of an account with 10,000 of equity; half of the margin is used through the other one."""
    desk.instrument("PERP", "100", kind="perpetual")
    desk.took(c.SetMargin(instrument="PERP", initial=ratio("0.5")))
    desk.took(c.SetBalance(connection="paper1", currency="USD", amount=money("10000")))


def resting(side: str, limit: str) -> Does:
    return lambda desk: desk.working("5", limit, side=side)


def declared(desk: Desk) -> None:
    desk.took(
        c.DeclareParent(parent="P1", agent="momentum", instrument="AAPL", side="buy", quantity=quantity("10")),
        agent("momentum"),
    )


def old_intent(desk: Desk) -> None:
    desk.submit("1", "90", id="same")


STOP = ExitTerms(legs=(Leg(kind="stop_loss", trigger=price("101")),))


def closing(desk: Desk) -> None:
    """An exit has triggered and its position is not closed yet."""
    desk.hold("10")
    terms = ExitTerms(legs=(Leg(kind="take_profit", trigger=price("101")),))
    body = c.SetExit(id="s1", agent="momentum", connection="paper1", instrument="AAPL", terms=terms)
    desk.took(body, agent("momentum"))
    desk.mark("AAPL", "101")


SELL = {"side": "sell"}
NO_LIMIT = "none"
CASES: tuple[tuple[str, Does, dict[str, Any], tuple[str, str]], ...] = (
    # rule, what is true, the order, (limit, actual) of the finding
    ("intent_id_unique", old_intent, {"id": "same", "amount": "2"}, (NO_LIMIT, "same was used for a different order")),
    ("intent_id_unique", lambda desk: None, {"created_at": 0},
     (NO_LIMIT, "created 1728000000 s ago; ids are kept 259200 s")),
    ("intent_id_unique", lambda desk: None, {"created_at": (1728000001 + 61) * SECOND},
     (NO_LIMIT, "created 61 s in the future")),
    ("intent_id_unique", lambda desk: desk.hold("10"), SELL | {"created_at": (1728000001 + 43201) * SECOND},
     (NO_LIMIT, "created 43201 s in the future")),
    ("environment_match", lambda desk: None, {"environment": "live"},
     (NO_LIMIT, "order says live, account is training")),
    ("capability_enabled", off(), {}, (NO_LIMIT, "place_order is switched off")),
    ("capability_enabled", lambda desk: None, {"agent": "nobody", "by": ANN}, (NO_LIMIT, "agent nobody is not known")),
    ("connection_granted", no_grant, {}, (NO_LIMIT, "paper1 is not granted to momentum")),
    ("connection_granted", another_account, {"connection": "paper9"},
     (NO_LIMIT, "paper9 belongs to account other, not to main")),
    ("connection_granted", lambda desk: None, {"connection": "gone"}, (NO_LIMIT, "connection gone is not known")),
    ("mandate_present", expired("firm"), {}, (NO_LIMIT, "firm: the mandate expired")),
    ("mandate_present", expired("account:main"), {}, (NO_LIMIT, "account:main: the mandate expired")),
    ("mandate_present", expired("agent:momentum"), {}, (NO_LIMIT, "agent:momentum: the mandate expired")),
    ("mandate_present", expired("client:claude"), {"client": "claude"},
     (NO_LIMIT, "client:claude: the mandate expired")),
    ("mandate_present", lambda desk: desk.mandate("agent:momentum", Mandate(zone="Asia/Tokyo")), {},
     (NO_LIMIT, "agent:momentum: no sessions are known for Asia/Tokyo")),
    ("agent_active", paused("agent:momentum"), {}, (NO_LIMIT, "pause of agent:momentum")),
    ("agent_active", paused("venue:paper"), {}, (NO_LIMIT, "pause of venue:paper")),
    ("agent_active", paused("firm"), {}, (NO_LIMIT, "pause of firm")),
    ("agent_active", halted("account:main"), {}, (NO_LIMIT, "halt H-18-1 of account:main (person)")),
    ("agent_active", halted("connection:paper1"), {}, (NO_LIMIT, "halt H-18-1 of connection:paper1 (person)")),
    ("agent_active", halted("client:claude"), {"client": "claude"},
     (NO_LIMIT, "halt H-18-1 of client:claude (person)")),
    ("instrument_tradable", trading("halted"), {}, (NO_LIMIT, "halted")),
    ("instrument_tradable", trading("closed"), {}, (NO_LIMIT, "closed")),
    ("instrument_tradable", lambda desk: None, {"instrument": "GONE"},
     (NO_LIMIT, "instrument GONE is not known")),
    ("instrument_tradable", lambda desk: desk.instrument("AAPL", expires_at=desk.at + 2_000_000), {},
     (NO_LIMIT, "expired")),
    ("instrument_tradable", calendar(1, 10, HOUR), {}, (NO_LIMIT, "session closed")),
    ("instrument_tradable", calendar(-10, 0, HOUR), {}, (NO_LIMIT, "session closed")),
    ("instrument_tradable", calendar(-20, -10, 0), {}, (NO_LIMIT, "calendar NYSE says nothing of this time")),
    ("increments", lambda desk: None, {"limit": "100.001"},
     (NO_LIMIT, "price 100.001 is no multiple of the tick 0.01")),
    ("increments", lambda desk: None, {"amount": "1.5"}, (NO_LIMIT, "quantity 1.5 is no multiple of the lot 1")),
    ("increments", term(quantity_min=quantity("2")), {}, (NO_LIMIT, "quantity 1 is below the venue's 2")),
    ("increments", term(quantity_max=quantity("2")), {"amount": "3"}, (NO_LIMIT, "quantity 3 is above the venue's 2")),
    ("increments", term(notional_min=money("200")), {"limit": "100"}, (NO_LIMIT, "worth 100 is below the venue's 200")),
    ("mark_fresh", lambda desk: desk.instrument("MSFT"), {"instrument": "MSFT", "limit": "1"}, (NO_LIMIT, "no mark")),
    ("mark_fresh", lambda desk: None, {"after_ns": 3601 * SECOND}, (NO_LIMIT, "the mark is 3601 s old")),
    ("mark_fresh", lambda desk: desk.mark("AAPL", "100", at=desk.at + 62 * SECOND), {},
     (NO_LIMIT, "future: stamped 61 s ahead, limit 60 s")),
    ("mark_fresh", lambda desk: desk.mark("AAPL", "100", bid=price("101"), ask=price("100")), {},
     (NO_LIMIT, "crossed: bid 101 is above ask 100")),
    ("mark_fresh", lambda desk: desk.mark("AAPL", "121"), {},
     (NO_LIMIT, "jump: 121 is 2100 bps from 100, limit 2000 bps; a second source or 5 s are awaited")),
    ("mark_fresh", lambda desk: desk.took(c.Quiet(instruments=("AAPL",)), GUARD, after_ns=61 * SECOND), {},
     (NO_LIMIT, "quiet: no mark for more than 60 s")),
    ("mark_fresh", lambda desk: desk.instrument("SAP", "100", currency="EUR"), {"instrument": "SAP"},
     (NO_LIMIT, "no exchange rate from EUR to USD")),
    ("mark_fresh", foreign, {"instrument": "SAP"}, (NO_LIMIT, "the exchange rate from EUR to USD is 3601 s old")),
    ("venue_ready", ready(reconciled=False), {}, (NO_LIMIT, "paper1 is not reconciled")),
    ("venue_ready", ready(link_up=False), {}, (NO_LIMIT, "the link of paper1 is down")),
    ("venue_ready", ready(clock_skew_ms=5001), {}, (NO_LIMIT, "the clock of paper1 is off by 5001 ms")),
    ("reduce_proof", lambda desk: desk.hold("10"), {"amount": "11", "reduce": "only", **SELL}, ("10", "11")),
    ("reduce_proof", lambda desk: None, {"reduce": "only", **SELL}, ("0", "1")),
    ("reduce_proof", bets, {"instrument": "YES", **SELL}, ("0", "1")),
    ("prediction_price", bets, {"instrument": "YES", "limit": "1"}, (NO_LIMIT, "1 is not between 0 and 1")),
    ("exit_terms", lambda desk: None, {"limit": "100", "exit": STOP},
     (NO_LIMIT, "stop_loss 101 is not below the price 100")),
    ("exit_terms", lambda desk: desk.hold("10"), {"limit": "101", "exit": STOP, **SELL},
     (NO_LIMIT, "an exit comes with an order that opens; set it on the position instead")),
    ("exit_terms", closing, {"limit": "200", **SELL}, (NO_LIMIT, "X-22 is closing this position")),
    ("buying_power", lambda desk: desk.took(c.SetBalance(connection="paper1", currency="USD", amount=money("999"))),
     {"amount": "10", "limit": "100"}, ("999", "1000")),
    ("buying_power", perpetual, {"instrument": "PERP"}, (NO_LIMIT, "missing: order.cash_need")),
    ("intraday_margin", margined, {"instrument": "PERP", "amount": "201", "limit": "100"}, ("10000", "10050")),
    ("self_match", resting("sell", "101"), {"limit": "101"}, (NO_LIMIT, "test-18")),
    ("self_match", resting("buy", "99"), {"limit": "99", **SELL}, (NO_LIMIT, "test-18")),
    ("child_quantity_max", declared, {"parent": "P1", "amount": "11", "limit": "90"}, ("10", "11")),
    ("child_quantity_max", lambda desk: None, {"parent": "P9"}, (NO_LIMIT, "missing: order.parent_use")),
)  # fmt: skip


def ask(desk: Desk, order: dict[str, Any]) -> Any:
    terms = dict(order)
    return desk.submit(terms.pop("amount", "1"), terms.pop("limit", None), **terms)


@pytest.mark.parametrize(("rule", "given", "order", "finding"), CASES)
def test_a_fact_that_stands_in_the_way_denies(
    rule: str, given: Does, order: dict[str, Any], finding: tuple[str, str]
) -> None:
    desk = small()
    given(desk)
    record = ask(desk, order)
    assert record.decision is not None
    found = {finding.rule: finding for finding in record.decision.findings}
    assert rule in found, record.decision
    shown: Finding = found[rule]
    assert (shown.limit, shown.actual, shown.verdict) == (*finding, "deny")
    assert verdict(record) == "deny"
    desk.agree()


def test_every_standing_rule_is_in_the_table() -> None:
    assert {rule for rule, *_ in CASES} == {rule.name for rule in BY_NAME.values() if rule.standing}


JUST_INSIDE: tuple[tuple[Does, dict[str, Any]], ...] = (
    (lambda desk: None, {"created_at": 1728000060 * SECOND}),
    (lambda desk: None, {"environment": "training"}),
    (lambda desk: desk.mandate("firm", Mandate(), expires_at=desk.at + 3_000_000), {}),
    (calendar(0, 10, HOUR), {}),
    (term(quantity_min=quantity("1"), quantity_max=quantity("1"), notional_min=money("100")), {"limit": "100"}),
    (lambda desk: desk.mark("AAPL", "100", resolution_ns=HOUR), {"after_ns": 2 * HOUR - 1_000_000}),
    (ready(clock_skew_ms=5000), {}),
    (lambda desk: desk.hold("10"), {"amount": "10", "reduce": "only", **SELL}),
    (bets, {"instrument": "YES", "limit": "0.99"}),
    (lambda desk: desk.mark("YES", "0.99", resolution_ns=HOUR) if bets(desk) is None else None, {"instrument": "YES"}),
    (lambda desk: desk.took(c.SetBalance(connection="paper1", currency="USD", amount=money("1000"))),
     {"amount": "10", "limit": "100"}),
    (margined, {"instrument": "PERP", "amount": "200", "limit": "100"}),
    (resting("sell", "101"), {"limit": "100.99"}),
    (resting("buy", "99"), {"limit": "99.01", **SELL}),
    (declared, {"parent": "P1", "amount": "10", "limit": "90"}),
)  # fmt: skip


@pytest.mark.parametrize(("given", "order"), JUST_INSIDE)
def test_just_inside_every_fact_the_order_passes(given: Does, order: dict[str, Any]) -> None:
    desk = small()
    given(desk)
    record = ask(desk, order)
    assert verdict(record) == "allow", record.decision


OPENING_ONLY: tuple[Does, ...] = (
    ready(reconciled=False),
    ready(link_up=False),
    lambda desk: desk.took(c.Tick(), GUARD, after_ns=2 * HOUR),
    lambda desk: desk.took(c.SetBalance(connection="paper1", currency="USD", amount=money("0"))),
)


@pytest.mark.parametrize("given", OPENING_ONLY)
def test_a_proven_reduction_needs_no_fresh_mark_no_cash_and_no_ready_venue(given: Does) -> None:
    desk = small()
    desk.hold("10")
    given(desk)
    assert verdict(desk.submit("1", "100")) == "deny"
    assert verdict(desk.submit("10", "100", side="sell")) == "allow"


STOPS: tuple[tuple[Does, str, str, str], ...] = (
    # what stops; the verdict on a proven reduction by the agent, by a person, by the guard
    (paused("agent:momentum"), "deny", "allow", "allow"),
    (halted("account:main"), "deny", "allow", "allow"),
    (halted("firm", kill=True), "deny", "allow", "allow"),
    (no_grant, "deny", "allow", "allow"),
    (off(), "deny", "allow", "allow"),
    (lambda desk: desk.took(c.ClockFault(jump_ns=10**10), GUARD), "allow", "allow", "allow"),
    (expired("account:main"), "deny", "allow", "allow"),
    (trading("halted"), "deny", "deny", "deny"),
)


@pytest.mark.parametrize(("given", "by_agent", "by_person", "by_guard"), STOPS)
def test_who_may_reduce_under_which_stop(given: Does, by_agent: str, by_person: str, by_guard: str) -> None:
    for by, expected in ((agent("momentum"), by_agent), (ANN, by_person), (GUARD, by_guard)):
        desk = small()
        desk.hold("10")
        given(desk)
        record = desk.submit("10", "100", side="sell", by=by)
        assert verdict(record) == expected, (by.role, record.decision)
        assert verdict(desk.submit("1", "100", by=by)) == "deny", "nobody opens under a stop"


def test_reductions_share_one_position() -> None:
    """Ten sells of ten against a long of ten: one is proven, the rest open a short or are refused."""
    desk = small()
    desk.hold("10")
    assert verdict(desk.submit("10", "100", side="sell", reduce="only")) == "allow"
    for number in range(9):
        assert rules(desk.submit("10", str(101 + number), side="sell", reduce="only")) == ["reduce_proof"]


def test_a_clip_is_cut_down_to_the_position_and_never_beyond() -> None:
    desk = small()
    desk.hold("10")
    desk.working("4", "110", side="sell")
    order = desk.order("90", "100", side="sell", reduce="clip")
    assert order.quantity == quantity("6")
    assert rules(desk.submit("90", "100", side="sell", reduce="clip")) == ["reduce_proof"]


def test_what_the_venue_shows_bounds_what_is_proven() -> None:
    """The book says ten, the venue four: no more than four is a reduction, though a person asks."""
    desk = small()
    desk.hold("10")
    shown = c.Reconciled(
        connection="paper1", positions=(c.Holding("AAPL", quantity("4")),), cash=(("USD", money("999000")),), orders=()
    )
    desk.took(shown, GUARD, 120 * NANOSECONDS)
    assert [halt.rule for halt in desk.state.halts.values()] == ["reconcile"]
    assert "reduce_proof" in rules(desk.submit("5", "100", side="sell", reduce="only", by=ANN))
    assert verdict(desk.submit("4", "100", side="sell", reduce="only", by=ANN)) == "allow"


def test_connections_never_net() -> None:
    desk = small()
    desk.connection("paper2", "main")
    desk.took(c.SetGrant(agent="momentum", connection="paper2", granted=True))
    desk.hold("10")
    assert rules(desk.submit("10", "100", side="sell", reduce="only", connection="paper2")) == ["reduce_proof"]
    total = desk.state.subjects["account:main"].total
    desk.hold("10", connection="paper2", side="sell")
    assert (total.gross, total.value) == (money("2000"), 0)


def test_a_venue_that_lists_an_instrument_elsewhere_does_not_trade_it() -> None:
    desk = small()
    desk.instrument("BTC", "100", venue="away")
    record = desk.submit("1", instrument="BTC")
    assert rules(record) == ["instrument_tradable"]


def test_the_lanes_of_the_standing_rules() -> None:
    bound = {rule.name for rule in BY_NAME.values() if rule.standing and rule.lane == EVERY}
    assert bound == {
        "intent_id_unique", "environment_match", "capability_enabled", "connection_granted", "mandate_present",
        "agent_active", "instrument_tradable", "increments", "reduce_proof", "prediction_price", "exit_terms",
        "self_match", "child_quantity_max",
    }  # fmt: skip


def test_children_never_sum_to_more_than_their_parent() -> None:
    """Filled, working, cancelled and replaced children: what may still trade and what has traded counts, once."""
    desk = small()
    declared(desk)
    first = desk.working("6", "90", parent="P1")
    desk.fill(first, "2", "90")
    desk.took(c.Cancelled(order=first.id), GUARD)
    second = desk.working("5", "91", parent="P1")
    desk.fill(second, "1", "91")
    assert desk.state.children["P1"] == quantity("7")
    desk.took(c.Replace(id="r", order=second.id, quantity=quantity("8"), limit_price=price("91")), ANN)
    assert desk.state.children["P1"] == quantity("10")
    desk.took(c.ReplaceRefused(order=second.id, code="no"), GUARD)
    assert desk.state.children["P1"] == quantity("7")
    assert verdict(desk.submit("2", "92", parent="P1")) == "allow"
    seven = c.Replace(id="r2", order=second.id, quantity=quantity("7"), limit_price=price("91"))
    assert rules(desk.do(seven, ANN)) == ["child_quantity_max"]
    assert [halt.rule for halt in desk.state.halts.values()] == ["child_quantity_max"]


def abroad() -> Desk:
    """A share in euros on an account in dollars, whose mandate wants marks of ten seconds."""
    desk = small()
    desk.rate("EUR", "USD", "1.25")
    desk.instrument("SAP", currency="EUR")
    desk.took(c.SetBalance(connection="paper1", currency="EUR", amount=money("1000000")))
    desk.mandate("account:main", Mandate(mark_age_max=10))
    return desk


@pytest.mark.parametrize(("age_s", "expected"), [(9, []), (11, ["mark_age_max"])])
def test_an_exchange_rate_is_as_fresh_as_a_mark(age_s: int, expected: list[str]) -> None:
    desk = abroad()
    desk.at += age_s * NANOSECONDS
    desk.mark("SAP", "100")
    assert rules(desk.submit("1", "100", instrument="SAP")) == expected


def test_an_exchange_rate_from_the_future_is_none() -> None:
    desk = abroad()
    desk.mark("SAP", "100")
    desk.rate("EUR", "USD", "1.25", at=desk.at + 3600 * NANOSECONDS)
    assert rules(desk.submit("1", "100", instrument="SAP")) == ["mark_fresh"]


def test_only_a_reduction_may_be_stamped_by_a_clock_that_jumped_ahead() -> None:
    desk = small()
    desk.hold("10")
    ahead = desk.at + 3600 * NANOSECONDS
    assert verdict(desk.submit("4", side="sell", created_at=ahead)) == "allow"
    assert rules(desk.submit("8", side="sell", created_at=ahead)) == ["intent_id_unique"], "two of it open"
    assert "intent_id_unique" in rules(desk.submit("1", created_at=ahead))


@pytest.mark.parametrize("subject", ["firm", "account:main", "agent:momentum", "client:claude"])
def test_the_haircut_of_any_mandate_on_the_path_is_kept_back(subject: str) -> None:
    desk = small()
    desk.mandate(subject, Mandate(haircut_bps=1000))
    order = desk.working("10", "100", client="claude")
    assert order.cash == money("1100")
    assert rules(desk.submit("9082", "100", client="claude")) == ["buying_power"]
    desk.agree()


CROSSES: tuple[tuple[str, str, str, bool], ...] = (
    # side, price of the working YES, price of the NO asked for; do the two trade with each other
    ("buy", "0.6", "0.39", False),
    ("buy", "0.6", "0.4", True),
    ("sell", "0.6", "0.41", False),
    ("sell", "0.6", "0.4", True),
)


@pytest.mark.parametrize(("side", "yes", "no", "crosses"), CROSSES)
def test_the_two_outcomes_of_one_market_trade_with_each_other(side: str, yes: str, no: str, crosses: bool) -> None:
    """Whoever buys NO at 0.4 sells YES at 0.6: of one owner that is a trade with oneself."""
    desk = small()
    for outcome in ("YES", "NO"):
        desk.instrument(outcome, "0.5", kind="prediction", outcome=outcome.lower(), market="RAIN")
        if side == "sell":
            desk.hold("10", "0.5", instrument=outcome)
    desk.working("5", yes, side=side, instrument="YES")
    assert ("self_match" in rules(desk.submit("5", no, side=side, instrument="NO"))) is crosses
