"""Tests that every measurement measures what it says: verdicts and sizes, never times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from remit.bench import (
    book,
    command,
    confined,
    decide,
    durable,
    history,
    kept,
    marks,
    peer,
    proof,
    replays,
    signing,
    simulated,
    vouched,
    wire,
    witnessed,
)
from remit.bench.book import ALL, MANY, NEWCOMER, NOTHING_PASSES, SOME, Book
from remit.bench.callers import AnsweredOtherwise, Callers, framed
from remit.bench.processes import Running
from remit.bench.table import Row, Skipped
from remit.doors.cli.main import app
from remit.doors.history import past
from remit.kernel.lens import Lens
from remit.kernel.numbers import DAY_NS, text
from remit.kernel.rules.table import RULES
from remit.testing.sim.outcome import Failure, Outcome


def lines(of: Book, agent: str = "agent0") -> list[str]:
    lens = of.kernel.judge._lens(of.asked(1, agent=agent)[0])
    assert isinstance(lens, Lens)
    return [line.rule.name for line in lens.evaluator.lines]


def test_the_standard_book_is_what_it_is_called() -> None:
    state = Book(SOME).kernel.state
    held = [cell for (of, _, _), cell in state.cells.items() if of.startswith("agent:") and cell.quantity]
    assert (len(state.instruments), len(held), len(state.orders)) == (50, 1000, 1000)
    assert {order.state for order in state.orders.values()} == {"allowed"}


def test_the_mandates_have_as_many_lines_as_they_say() -> None:
    standing = sum(rule.standing for rule in RULES)
    assert len(lines(Book(SOME, working=0))) == 25
    assert len(lines(Book(MANY, working=0))) == 25 + standing
    assert len(lines(Book(NOTHING_PASSES, working=0))) == 25


def test_all_rules_are_all_rules() -> None:
    of_clients = {rule.name for rule in RULES if rule.scopes == ("client",)}
    assert of_clients == {"client_spend_daily_max"}
    assert set(lines(Book(ALL, working=0), NEWCOMER)) == {rule.name for rule in RULES} - of_clients


def test_a_denial_says_all_eight() -> None:
    denied = Book(NOTHING_PASSES, working=0)
    decision, _ = denied.kernel.judge.judge(denied.asked(1)[0], "o")
    assert (decision.verdict, len(decision.findings)) == ("deny", 8)


def test_judging_leaves_the_book_as_it_was() -> None:
    of = Book(SOME, working=50)
    before = (of.kernel.state.seq, len(of.kernel.state.orders), of.kernel.state.subjects["firm"].total.long)
    for asked in of.asked(60):
        assert of.kernel.judge.judge(asked, "o")[0].verdict == "allow"
    assert before == (of.kernel.state.seq, len(of.kernel.state.orders), of.kernel.state.subjects["firm"].total.long)


def test_ten_stakes_hang_on_few() -> None:
    of = Book({}, working=0)
    of.hold_few()
    assert sum(bool(cell.quantity) for cell in of.kernel.state.cells_of[book.FEW]) == 10


def test_a_crowd_has_orders_and_no_stake_in_few() -> None:
    of = marks._among(30)
    state = of.kernel.state
    assert len(state.orders) == 30
    assert sum(cell.active for cell in state.cells_of[book.FEW]) == 10


def test_walking_the_lines_says_what_was_generated() -> None:
    """`_walking` itself refuses an order that does not pass; this asks that a denial is walked to the same findings."""
    of = Book(NOTHING_PASSES, working=0)
    asked = of.asked(1)[0]
    generated, _ = of.kernel.judge.judge(asked, "o")
    lens = of.kernel.judge._lens(asked)
    assert isinstance(lens, Lens)
    lens.evaluator = decide._Walked(lens.evaluator.lines)
    assert of.kernel.judge.judge(asked, "o")[0] == generated


@pytest.mark.skipif(not peer.is_installed(), reason="nautilus_trader is not installed: the extra `bench`")
def test_the_peer_allows_and_denies_what_it_should() -> None:
    engine = peer.Peer()
    for submit in engine.submits(5, 10):
        engine.execute(submit)
    assert (len(engine.allowed), len(engine.denied)) == (5, 0)
    for submit in engine.submits(5, 2 * peer.CAP // 100):
        engine.execute(submit)
    assert (len(engine.allowed), len(engine.denied)) == (5, 5)


def test_what_is_made_durable_is_in_the_journal(tmp_path: Path) -> None:
    stepping = durable.Stepping(tmp_path / "journal")
    stepping.prepare(3)
    assert stepping.one_by_one() == 3
    stepping.prepare(5)
    assert stepping.together() == 5
    assert stepping.journal.size == 8
    assert all(b'"verdict":"allow"' in entry for _, entry in stepping.journal.entries())
    stepping.journal.close()


def test_an_attestation_is_measured_on_one_that_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vouched, "TIMES", 2)
    rows = vouched.attest(2)
    assert [row.name.split()[0] for row in rows] == ["stating", "checking", "measuring"]
    assert all(isinstance(row, Row) and row.ns > 0 for row in rows)


def test_what_proof_costs_is_measured_on_proofs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "JOURNAL", 600)
    monkeypatch.setattr(proof, "EXPORTED", 128)
    rows = proof.proof(1, tmp_path)
    assert [row.name for row in rows if isinstance(row, Row)] == [
        "one entry with tree and signed head", "each of a batch of 64", "a receipt made", "a receipt checked",
        "entries exported to a folder",
    ]  # fmt: skip
    made = rows[2]
    assert isinstance(made, Row) and "a path of 10 hashes" in made.note


def test_a_history_starts_and_verifies(tmp_path: Path) -> None:
    past = history.History(tmp_path / "home", 6000)
    assert past.start() == past.read_tail() == 1
    assert past.read() == past.verify() >= 6000


def test_a_simulation_counts_its_orders_and_entries(tmp_path: Path) -> None:
    orders, entries = simulated.sim(1, 25, tmp_path)
    assert isinstance(orders, Row) and isinstance(entries, Row)
    assert 0 < entries.ns < orders.ns, "each order is an entry, and there are others"
    assert orders.unit == entries.unit == "/s"


def test_what_the_history_keeps_is_there_afterwards(tmp_path: Path) -> None:
    measured = kept._Kept(tmp_path / "few", kept.FEW)
    work = measured.round()
    work.prepare()
    assert work.run() == kept.ENTRIES * kept.FEW
    assert measured._history.position == kept.ENTRIES + 1
    measured.close()
    found = past.prices(tmp_path / "few", "I7", past.Span(None, None, 60, 2 * DAY_NS))
    assert [text(bar.high) for _, bar in found.of["price"]] == ["100.06"]


def test_a_broken_promise_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = Outcome(1, "", Failure("E1", 3, 0, "31 of 30"))
    monkeypatch.setattr(simulated, "simulate", lambda schedule: failed)
    simulating = simulated.Simulating(5)
    simulating.prepare()
    with pytest.raises(simulated.BrokenPromise, match="seed 1 broke E1: 31 of 30"):
        simulating.run()


def test_callers_ask_a_real_guard_and_notice_another_verdict(tmp_path: Path) -> None:
    with Running(tmp_path / "home") as guard, Callers(guard.socket, 3) as callers:
        for quantity, verdict in ((wire.DENIED, "deny"), (wire.ALLOWED, "allow")):
            requests = framed(guard.secret, [guard.submit(quantity) for _ in range(7)])
            assert callers.ask(requests, verdict) == 7
        with pytest.raises(AnsweredOtherwise):
            callers.ask(framed(guard.secret, [guard.submit(wire.DENIED)]), "allow")


def test_without_the_data_the_replay_is_left_out_with_its_reason(tmp_path: Path) -> None:
    (skipped,) = replays.replay(1, tmp_path)
    assert isinstance(skipped, Skipped)
    assert "REMIT_DATA" in skipped.why


def test_the_command_prints_and_writes_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MEASUREMENTS", {"mark": command.Measurement(marks.mark, 9, 2)})
    monkeypatch.setattr(marks, "OTHERS", (2, 5))
    out = tmp_path / "rows.json"
    ran = CliRunner().invoke(app, ["bench", "--only", "mark", "--quick", "--json", str(out)])
    assert ran.exit_code == 0, ran.output
    assert "ten stakes" in ran.output
    ten, among = json.loads(out.read_bytes())["rows"]
    assert (ten["name"], among["name"]) == ("ten stakes", "among 5 others")
    assert all(found["group"] == "mark" and found["figure"] > 0 for found in (ten, among))


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--only", "nothing"], 2, "Choose from"),
        (["--only", "mark", "--quick", "--json", "/no/such/place"], 1, "cannot"),
    ],
)
def test_a_mistake_has_its_code_and_what_to_do(words: list[str], code: int, says: str) -> None:
    ran = CliRunner().invoke(app, ["bench", *words])
    assert (ran.exit_code, says in ran.output) == (code, True), ran.output


def test_growth_and_goals_are_those_of_the_table() -> None:
    rows = decide._beside_peer(
        {name: decide.Timed(100, 0) for name in ("some", "many", "all", "denied", "peer", "peer denied")}
    )
    assert [(row.reach, row.aim) for row in rows] == [(1.5, 1.0), (None, None), (2.0, 1.5), (1.0, 0.5)]
    assert all(isinstance(row, Row) and row.figure == 1 for row in rows)


def test_the_sandbox_is_entered_where_it_is_measured() -> None:
    rows = confined.confined(1)
    if isinstance(rows[0], Skipped):
        pytest.skip(rows[0].why)
    assert [row.name for row in rows if isinstance(row, Row) and row.ns > 0] == [
        "entering it", "a read of an open file", "opening and closing a file"
    ]  # fmt: skip


def test_every_scheme_is_signed_by_the_file_and_what_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "TIMES", 1)
    monkeypatch.setattr(signing, "MODULES", ())
    rows = signing.signing(1)
    assert [row.name for row in rows if isinstance(row, Row) and row.ns > 0 and row.beside_ns > 0] == [
        "permit, file", "ed25519, file", "secp256k1, file", "rsa_pss, file", "hmac_sha256, file"
    ]  # fmt: skip
    assert rows[-1] == Skipped("signing", "SoftHSM2 is not installed: apt-get install softhsm2")


def test_a_head_is_cosigned_and_kept_where_that_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witnessed, "TIMES", 2)
    rows = witnessed.witnessed(1)
    assert [row.name for row in rows if isinstance(row, Row) and row.ns > 0 and row.beside_ns > 0] == [
        "a head cosigned", "a head in the second folder"
    ]  # fmt: skip
