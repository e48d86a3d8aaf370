"""`remit replay` as it is typed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.replay.cases import DAYS, HEADER, lines, order
from typer.testing import CliRunner

from remit.kernel.numbers import Money
from remit.replay import command
from remit.replay.show import amount

DESK = '[firm]\n["account:*"]\norder_quantity_max = "10"\n["agent:bot"]\nconfidence_min = "0.6"\n'
ROWS = [order(7, "buy", "10"), order(8, "sell", "4"), order(8, "buy", "0")]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Types `remit replay` in a folder with orders, bars and a mandate; returns (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    Path("orders.jsonl").write_bytes(b"".join(lines(ROWS)))
    Path("abc.csv").write_text(HEADER + DAYS)
    Path("xyz.csv").write_text(HEADER + DAYS.replace("ABC", "XYZ"))
    Path("desk.toml").write_text(DESK)
    app = typer.Typer()
    app.command("replay")(command.replay)
    app.command("other")(lambda: None)

    def run(*arguments: str, columns: int = 200) -> tuple[int, str, str]:
        found = CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["replay", *arguments])
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found.exit_code, found.stdout, found.stderr

    return run


def test_a_report_and_a_line_for_each_order(typed: Any) -> None:
    code, out, err = typed(
        "orders.jsonl", "--bars", "abc.csv", "xyz.csv", "--mandate", "desk.toml", "--lift", "confidence_min",
        "--json", "verdicts.jsonl", "--journal", "proof",
    )
    assert (code, err) == (0, "")
    assert "Replay of 3 orders under file desk.toml" in out
    for said in ("abc.csv, xyz.csv", "run-1", "(allowed)", "50.00", "300.00"):
        assert said in out
    verdicts = [json.loads(line) for line in Path("verdicts.jsonl").read_text().splitlines()]
    assert [list(verdict) for verdict in verdicts] == [["index", "verdict", "findings", "order_id", "state"]] * 3
    assert [verdict["verdict"] for verdict in verdicts] == ["allow", "allow", "invalid"]
    assert verdicts[2]["findings"] == [
        {"rule": "input", "subject": "quantity", "limit": "a decimal number above zero", "actual": "0", "unit": "field"}
    ]
    assert sorted(path.name for path in Path("proof").iterdir()) == ["USD", "verifier.txt"]


def test_no_number_is_cut_on_a_narrow_terminal(typed: Any) -> None:
    Path("orders.jsonl").write_bytes(b"".join(lines([order(7, "buy", "123456", run="a/" + "long" * 20)])))
    _, out, _ = typed("orders.jsonl", "--bars", "abc.csv", "--mandate", "desk.toml", columns=80)
    assert "-617,280.00" in out and "3,703,680.00" in out and "…" not in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_a_long_name_stands_on_a_line_of_its_own_above_its_numbers(typed: Any) -> None:
    long = "bot/" + "model-with-a-long-name/" + "0123456789"
    rows = [order(7, "buy", "10", run=long), order(7, "buy", "10", run="bot/b")]
    Path("orders.jsonl").write_bytes(b"".join(lines(rows)))
    lifted = ("--lift", "confidence_min")
    _, out, _ = typed("orders.jsonl", "--bars", "abc.csv", "--mandate", "desk.toml", *lifted, columns=80)
    said = out[out.index("Per run: orders") : out.index("Per run: money")].splitlines()
    assert [line.split() for line in said[:7]] == [
        ["Per", "run:", "orders"],
        ["orders", "allowed", "held", "denied", "invalid", "halts"],
        ["USD"],
        ["bot/b", "1", "1", "-", "-", "-", "-"],
        [long],
        ["1", "1", "-", "-", "-", "-"],
        ["all", "2", "2", "-", "-", "-", "-"],
    ]
    assert len({len(line) for line in (said[1], said[3], said[5], said[6])}) == 1, "the columns stand under their heads"


def test_a_file_without_any_order_is_said_to_be_none(typed: Any) -> None:
    Path("orders.jsonl").write_text("# Remit\nno order at all\n")
    code, out, _ = typed("orders.jsonl", "--bars", "abc.csv", "--mandate", "starter", columns=80)
    assert code == 0 and "No row of the file is an order" in out and "no time" not in out


def test_verdicts_on_standard_output_stand_alone(typed: Any) -> None:
    code, out, err = typed("orders.jsonl", "--bars", "abc.csv", "--mandate", "starter", "--json", "-")
    assert code == 0
    assert [json.loads(line)["index"] for line in out.splitlines()] == [0, 1, 2]
    assert "confidence_min: 2 orders were denied for want of a confidence" in err
    assert err.count("--lift confidence_min") == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["none.jsonl", "--bars", "abc.csv", "--mandate", "starter"], "orders_missing"),
        (["orders.jsonl", "--bars", "none.csv", "--mandate", "starter"], "file_missing"),
        (["orders.jsonl", "--bars", "orders.jsonl", "--mandate", "starter"], "header"),
        (["orders.jsonl", "--bars", "abc.csv", "--mandate", "startr"], "mandate_unknown"),
        (["orders.jsonl", "--bars", "abc.csv", "--mandate", "abc.csv"], "mandate_file"),
        (["orders.jsonl", "--bars", "abc.csv", "--mandate", "starter", "--lift", "confidence"], "lift_unknown"),
        (["orders.jsonl", "--bars", "abc.csv", "--mandate", "starter", "--cash", "1e4"], "cash_invalid"),
        (["orders.jsonl", "--bars", "abc.csv", "--mandate", "starter", "--cash", "0"], "cash_invalid"),
        (["orders.jsonl", "--bars", "abc.csv", "--mandate", "starter", "--currency", "USD"], "cash_invalid"),
        (["orders.jsonl", "--bars", "abc.csv", "--mandate", "starter", "--spread-bps", "-1"], "spread_invalid"),
        (["orders.jsonl", "--bars", "abc.csv", "--mandate", "starter", "--journal", "."], "journal_exists"),
        (["orders.jsonl", "--bars", "abc.csv", "--mandate", "starter", "--key", "abc.csv"], "key_invalid"),
        (["orders.jsonl", "--bars", "abc.csv", "--mandate", "starter", "--json", "no/where"], "output_failed"),
        (["orders.jsonl", "--bars", "abc.csv"], "--mandate"),
    ],
)
def test_wrong_usage_is_named_and_says_what_to_do(typed: Any, arguments: list[str], code: str) -> None:
    status, out, err = typed(*arguments)
    assert (status, out) == (2, "")
    assert code in err and "Traceback" not in err


def test_ctrl_c_prints_what_was_reached(typed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = command.run

    def interrupted(*given: Any, **named: Any) -> Any:
        progress = named["progress"]

        def press(done: int, total: int) -> None:
            progress(done, total)
            if done == 1:
                os.kill(os.getpid(), signal.SIGINT)

        return real(*given, **{**named, "progress": press})

    monkeypatch.setattr(command, "run", interrupted)
    before = signal.getsignal(signal.SIGINT)
    code, out, _ = typed("orders.jsonl", "--bars", "abc.csv", "--mandate", "desk.toml", "--lift", "confidence_min")
    assert code == 1 and "Stopped early: 1 orders were not reached" in out
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("money", "shown"),
    [(0, "0.00"), (10**18, "1.00"), (-1234567 * 10**15, "-1,234.57"), (5 * 10**15, "0.01"), (-1, "0.00")],
)
def test_amounts_are_shown_with_two_decimals(money: int, shown: str) -> None:
    assert amount(Money(money)) == shown
