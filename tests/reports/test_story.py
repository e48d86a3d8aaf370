"""The words of entries: every kind of command has them, with its numbers, and nothing that was written steers."""

from __future__ import annotations

import pytest
from tests.guard.desk import ANN, BOB, MOMENTUM, Desk
from tests.hostile.target_orders import bodies_of_every_kind

from remit.kernel import command as c
from remit.kernel.codec import plain
from remit.kernel.command import Command
from remit.kernel.event import Record, Took
from remit.kernel.names import GUARD
from remit.kernel.numbers import Money, parse
from remit.reports.model import Model
from remit.reports.story import KEEPS_TIME, REPORTS, tell
from remit.reports.told import KINDS
from remit.reports.visible import EVERYTHING
from remit.reports.world_words import KINDS as KIND_OF

DECIDED = (c.Submit, c.Replace)


@pytest.mark.parametrize("body", [body for body, _ in bodies_of_every_kind()], ids=lambda body: plain(body)["kind"])
def test_every_kind_of_command_has_words(body: c.Body) -> None:
    record = Record(Command(seq=1, at=0, by=ANN, body=body), (Took(),))
    lines = tell(record, Model(":memory:")._tables)
    assert bool(lines) != isinstance(body, KEEPS_TIME + REPORTS + DECIDED), "told, or it only keeps time"
    for told in lines:
        assert told.kind in KINDS and told.said.isprintable() and len(told.said) > 8


def test_the_table_names_only_commands() -> None:
    assert KIND_OF.keys() <= {plain(body)["kind"] for body, _ in bodies_of_every_kind()}


def story(desk: Desk) -> list[str]:
    it = Model(":memory:")
    it.take_all(enumerate(desk.journal, 1))
    rows = it.lines(EVERYTHING, limit=1_000).rows
    return [f"{row['kind']}: {row['said']}" for row in rows if row["seq"] > len(Desk().journal)]


def test_a_day_in_words() -> None:
    desk = Desk()
    first = desk.submit(MOMENTUM, "10")
    desk.fill(first, "10", "99.50")
    held = desk.submit(MOMENTUM, "16", limit="95")
    digest = desk.kernel.state.orders[held].digest
    desk.do(BOB, c.Approve(order=held, digest=digest))
    desk.submit(MOMENTUM, "30")
    desk.do(MOMENTUM, c.Halt(subject="firm", why="me"))
    desk.do(GUARD, c.Acted(what="read positions", ok=True, agent="momentum", via="tool:get_positions"))
    desk.do(GUARD, c.Acted(what="calls", ok=False, code="too_many_calls", agent="momentum", times=300))
    desk.do(MOMENTUM, c.Noted(note="thought", agent="momentum", said="0" * 64))
    desk.do(ANN, c.Halt(subject="agent:momentum", why="enough"))
    said = story(desk)
    for wanted in (
        "order: agent momentum asked to buy 10 AAPL at 100 through paper1: allowed, worth up to 1,000 USD",
        f"fill: bought 10 AAPL at 99.5 USD each, which completes it (order {first})",
        f"approval: bob approved order {held}",
        f"approval: order {held} was judged again and let out",
        "action: agent momentum: read positions (tool:get_positions)",
        "action: agent momentum made 300 calls beyond its rate; they were refused",
        "thought: agent momentum wrote a thought",
        "halt: ann halts agent momentum: enough",
    ):
        assert wanted in said, "\n".join(said)
    assert sum("approve" in line and held in line for line in said) == 1, "an approval is told once"
    assert any(
        line.startswith("violation: agent momentum asked to buy 30 AAPL")
        and "One order may open at most 2,000 USD (agent momentum); this one opens 3,000 USD" in line
        for line in said
    )
    assert any("halt of momentum was refused: " in line and "(not_authorised)" in line for line in said)
    assert any(
        line.startswith("approval: agent momentum asked to buy 16") and "held for people" in line for line in said
    )


def test_a_halt_tells_its_numbers_to_the_hundredth_in_its_own_currency() -> None:
    desk = Desk()
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    desk.mark("88.99951")
    (halt,) = [line for line in story(desk) if line.startswith("halt: HALT")]
    assert "it lost more today than it may (110.01 USD; the limit is 100 USD), halt H-" in halt


def test_what_was_written_steers_nothing() -> None:
    desk = Desk()
    desk.do(ANN, c.SetPause(subject="firm", paused=True, why="\x1b[2J\u202eevil"))
    assert all(line.isprintable() for line in story(desk))


def test_money_is_exact_in_rows() -> None:
    desk = Desk()
    order = desk.submit(MOMENTUM, "3", limit="99.99")
    it = Model(":memory:")
    it.take_all(enumerate(desk.journal, 1))
    (row,) = it.orders(EVERYTHING).rows
    assert row["order"] == order and parse(Money, row["worth"]) == parse(Money, "299.97")


def test_a_preapproval_and_its_use_in_words_and_in_the_report() -> None:
    desk = Desk()
    terms = {"id": "p1", "agent": "momentum", "instruments": ("AAPL",), "notional_max": parse(Money, "2000")}
    desk.do(BOB, c.Preapprove(ends_at=desk.at + 60 * 10**9, why="today", **terms))  # type: ignore[arg-type]
    order = desk.submit(MOMENTUM, "16")
    desk.do(ANN, c.RevokePreapproval(id="p1", why="enough"))
    said = story(desk)
    assert f"approval: order {order} goes out by preapproval p1: 1,600 of it used" in said
    lets = "approval: bob lets agent momentum open orders of up to 2,000 in AAPL without being asked, until 20"
    assert any(line.startswith(lets) and line.endswith("UTC (preapproval p1): today") for line in said)
    it = Model(":memory:")
    it.take_all(enumerate(desk.journal, 1))
    (row,) = it.approvals(EVERYTHING, 0, desk.at + 1)
    assert (row["order"], row["step"], row["rule"], row["why"]) == (
        order, "preapproved", "approval_notional_min", "preapproval p1",
    )  # fmt: skip
