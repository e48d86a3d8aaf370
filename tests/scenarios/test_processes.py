"""Holes measured in the strongest peers, and invariants that only real processes can break, each closed on the paper
venue."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.guard.processes import Processes, intent, trading, wait_for
from tests.guard.test_process import reached, records, venue_orders

from remit.kernel import command as c
from remit.kernel.event import HaltRaised
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import Money, Price, Quantity, parse


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Processes]:
    """A guard and a paper venue; one agent that may hold 5,000 in a market and lose 100 a day."""
    limits = Mandate(market_exposure_max=parse(Money, "5000"), daily_loss_max=parse(Money, "100"))
    yield from trading(tmp_path / "home", limits)


def test_a_storm_on_one_cap_never_passes_it(desk: Processes) -> None:
    """Privy: concurrent requests can all pass a rolling cap. nautilus: ten in-flight buys of 60 M against 10 M cash.
    polybot: 30 x 900 USD against a 10,000 cap. Here 32 callers ask at once for 1,010.20 each under a cap of 5,000."""
    verdicts: list[str] = []
    start = threading.Barrier(32)

    def ask(number: int) -> None:
        asked = intent(f"storm-{number}", "10")
        with desk.client("momentum") as client:
            start.wait()
            verdicts.append(client.ask("command", c.Submit(intent=asked))["decision"]["verdict"])

    callers = [threading.Thread(target=ask, args=(number,)) for number in range(32)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(20)
    assert sorted(verdicts) == ["allow"] * 4 + ["deny"] * 28
    wait_for(lambda: len(reached(desk)) == 4, "the venue works the four")
    assert len(venue_orders(desk)) == 4


def test_a_restart_never_clears_a_halt(desk: Processes) -> None:
    """nautilus: a restart clears HALTED. Here the loss of the day halts, and a kill -9 and a new start find it
    halted."""
    order = desk.submit("45")["decision"]["order"]
    wait_for(lambda: any(isinstance(r.command.body, c.Filled) for r in records(desk.home)), f"{order} fills")
    desk.mark("95")
    wait_for(lambda: bool(desk.read("halts")), "the loss of 226 halts the agent")
    desk.kill_guard()
    desk.start_guard()
    desk.until_ready()
    desk.mark("95")
    denied = desk.submit("1")["decision"]
    assert denied["verdict"] == "deny"
    assert denied["findings"][0]["rule"] == "agent_active"
    reduced = desk.submit("10", side="sell")["decision"]
    assert (reduced["verdict"], reduced["reducing"]) == ("allow", "10")


def test_a_venue_that_cannot_be_reached_executes_nothing(desk: Processes) -> None:
    """OpenAlgo: a routing error executes at once. Here an order whose venue is gone is withdrawn, and what it reserved
    is
    free again."""
    assert desk.venue is not None
    desk.venue.terminate()
    desk.venue.wait(10)
    wait_for(lambda: not all(row["ready"] for row in desk.read("connections")), "the lost link is noticed")
    denied = desk.submit("1")["decision"]
    assert [finding["rule"] for finding in denied["findings"]] == ["venue_ready"]
    assert venue_orders(desk) == set()


def test_the_journal_is_written_before_the_venue_hears(desk: Processes) -> None:
    """Vibe-Trading: audit after the broker call. Here every order the venue ever saw is planned in an earlier entry."""
    for _ in range(3):
        desk.submit("1")
    wait_for(lambda: len(reached(desk)) == 3, "three orders arrive")
    planned_at = {
        request.order: record.command.seq
        for record in records(desk.home)
        for request in record.requests
        if request.do == "place"
    }
    for record in records(desk.home):
        body = record.command.body
        if isinstance(body, (c.Acked, c.Filled)):
            assert planned_at[body.order] < record.command.seq


def test_no_mandate_means_no_trade(desk: Processes) -> None:
    """vestbridge: no mandate file = no checks. Here an agent without a mandate cannot trade at all."""
    from remit.kernel import access

    desk.say(c.AddAgent(agent=access.Agent(name="new", account="main", owner="ann")))
    desk.say(c.SetGrant(agent="new", connection="paper1", granted=True))
    desk.say(c.SetCapability(agent="new", capability="place_order", enabled=True))
    desk.secrets["new"] = desk.say({"kind": "new_token", "role": "agent", "name": "new", "owner": "ann"})["secret"]
    findings = desk.say(c.Submit(intent=intent("n1", "1", agent="new")), "new")["decision"]["findings"]
    assert [finding["rule"] for finding in findings] == ["mandate_present"]


def test_no_agent_approves_its_own_trade(desk: Processes) -> None:
    """polybot: the agent's own tool list can approve its own trade. Here no token of an agent can approve, change a
    mandate,
    grant, resume, or make a token."""
    digest = "0" * 64
    for body in (
        c.Approve(order="x", digest=digest),
        c.SetMandate(subject="agent:momentum", mandate=Mandate(), why="room"),
        c.SetGrant(agent="momentum", connection="paper1", granted=True),
        c.SetCapability(agent="momentum", capability="replace_order", enabled=True),
        c.Review(halt="H-1-1", limit="daily_loss_max", why="fine"),
        c.Resume(halt="H-1-1", why="fine"),
        c.SetPause(subject="agent:momentum", paused=False, why="go"),
        c.Reconciled(connection="paper1", positions=(), cash=(), orders=()),
        c.Filled(order="x", fill="f", quantity=parse(Quantity, "1"), price=parse(Price, "1")),
        {"kind": "new_token", "role": "operator", "name": "momentum", "owner": "momentum"},
    ):
        answer = desk.say(body, "momentum")
        assert [(event["event"], event["code"]) for event in answer["events"]] == [("refused", "not_authorised")], body


def test_a_kill_cancels_what_works_and_flattens_when_asked(desk: Processes) -> None:
    """A kill stops everything, cancels working orders, and with `flatten` closes the position by an exit of the
    guard."""
    desk.submit("10")
    resting = desk.submit("5", type="limit", limit_price=parse(Price, "90"))["decision"]["order"]
    wait_for(lambda: any(isinstance(r.command.body, c.Filled) for r in records(desk.home)), "the position is there")
    answer = desk.say(c.Halt(subject="account:main", why="drill", kill=True, flatten=True))
    assert {"event": "cancel_asked", "order": resting, "why": answer_why(answer, resting)} in answer["events"]
    wait_for(lambda: _position(desk) == "0", "the position is closed")
    assert desk.submit("1")["decision"]["verdict"] == "deny"
    assert sum(isinstance(e, HaltRaised) for r in records(desk.home) for e in r.events) == 1


def answer_why(answer: dict, order: str) -> str:  # type: ignore[type-arg]
    return next(event["why"] for event in answer["events"] if event.get("order") == order)


def _position(desk: Processes) -> str:
    rows = desk.read("positions", subject="agent:momentum")["positions"]
    return str(rows[0]["quantity"]) if rows else "0"
