"""The demo with real processes: every verdict shows, what it leaves verifies, and it goes on where it was."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from remit.agents.attempts import ATTEMPTS
from remit.guard.wire import Client
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import plain
from remit.up import paper
from remit.up.desk import CHANGES, changes_table, instruments
from remit.up.feed import days_to_play, moments_by_day
from remit.up.paper import instrument_lines
from remit.up.summary import COUNTED
from remit.up.supervise import Supervisor

pytest.importorskip("bokeh_sampledata", reason="the sample prices are not installed")
DOCS = Path(__file__).resolve().parents[2] / "docs" / "demo.md"


def command(**wanted: Any) -> list[str]:
    words = ", ".join(f"{name}={value!r}" for name, value in wanted.items())
    source = f"import sys; from pathlib import *; from remit.up import main; sys.exit(main({words}))"
    return [sys.executable, "-c", source]


def demo(home: Path, *more: str) -> list[str]:
    """Return what `make up` runs, in a folder of its own and faster."""
    told = str(home.with_suffix(".json"))
    words = ["up", "--demo", "--plain", "--home", str(home), "--json", told, "--day-ms", "400", *more]
    return [sys.executable, "-m", "remit.doors.cli.main", *words]


def run(home: Path, *more: str) -> tuple[str, dict[str, Any]]:
    """Run the demo to its end; return what it printed and its summary."""
    ended = subprocess.run(demo(home, *more), capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout, json.loads(home.with_suffix(".json").read_text())


def processes_of(home: Path) -> list[str]:
    """The processes that were started for a data folder and still run."""
    if not sys.platform.startswith("linux"):
        return []
    lines = [path.read_bytes().replace(b"\0", b" ").decode() for path in Path("/proc").glob("[0-9]*/cmdline")]
    return [line for line in lines if str(home) in line and " -m remit" in line]


def test_the_demo_shows_every_verdict_and_goes_on_where_it_was(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    printed, summary = run(home, "--for", "8s")
    for verdict in ("ALLOW", "DENY", "HOLD", "REFUSED", "EXIT", "CLOSES"):
        assert f"-> {verdict}" in printed, verdict
    assert "HALT " in printed and "The journal verifies: " in printed
    assert summary["tried"]["not_as_expected"] == []
    assert summary["tried"]["attempts"] >= len(ATTEMPTS)
    assert summary["rules"]["rogue"].keys() >= {"order_notional_max", "not_authorised", "self_match", "order_rate_max"}
    assert {"subject": "agent:rogue", "cause": "throttle"}.items() <= summary["halts"][0].items()
    assert summary["exits"]["trailing_stop"] > 0, "the guard closes what a trailing stop protects"
    assert summary["agents"]["momentum"]["allowed"] + summary["agents"]["reversion"]["allowed"] > 0
    for row in summary["agents"].values():
        assert row["orders"] == sum(row[name] for name in COUNTED[1:])
    assert summary["journal"]["verified"] and summary["journal"]["decisions"] > len(ATTEMPTS) // 2
    assert processes_of(home) == []

    printed, later = until_signal(home)
    assert "Traceback" not in printed
    assert later["days"][0] > summary["days"][1], "the prices go on after the last day that was played"
    assert later["journal"]["verified"] and later["journal"]["count"] > summary["journal"]["count"]
    assert later["halts"] == summary["halts"], "a halt outlives the guard"
    assert processes_of(home) == []
    assert not any("remit_" in log.read_text().replace("remit_***", "") for log in (home / "logs").glob("*.log"))


def until_signal(home: Path) -> tuple[str, dict[str, Any]]:
    """Run the demo again and interrupt it as soon as it has judged something."""
    with subprocess.Popen(demo(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as up:
        assert up.stdout is not None
        said = []
        for line in up.stdout:
            said.append(line)
            if " -> " in line:
                break
        up.send_signal(signal.SIGINT)
        said.append(up.stdout.read())
        assert up.wait(20) == 0
    return "".join(said), json.loads(home.with_suffix(".json").read_text())


def test_a_locked_vault_is_opened_with_the_passphrase_and_without_it_the_fault_is_told(tmp_path: Path) -> None:
    home = tmp_path / "locked"
    locked = {**os.environ, "REMIT_PASSPHRASE": "open sesame"}
    first = subprocess.run(command(home=home, for_s=1), capture_output=True, text=True, timeout=30, env=locked)
    assert first.returncode == 0, first.stderr
    ended = subprocess.run(
        command(home=home, for_s=1), capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL
    )
    assert ended.returncode == 1 and "passphrase_needed" in ended.stderr and "Traceback" not in ended.stderr
    assert "open sesame" not in (home / "logs" / "guard.log").read_text()


def test_a_folder_with_a_journal_of_its_own_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    ended = subprocess.run(command(demo=True, home=tmp_path, for_s=1), capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1 and "Name another folder with --home" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["journal"]


def test_without_the_demo_it_runs_the_guard_and_the_paper_venue_that_a_connection_needs(tmp_path: Path) -> None:
    home = tmp_path / "real"
    with subprocess.Popen(command(home=home), stdout=subprocess.PIPE, text=True) as up:
        assert up.stdout is not None
        said = next(line for line in up.stdout if "remit_" in line)
        token = (home / "operator.token").read_text().strip()
        assert said.strip() == token
        next(line for line in up.stdout if "the guard runs" in line)
        with Client(home / "guard.sock", token, "test") as client:
            account = access.Account(name="desk", owner="ann", environment="training", currency="USD")
            connection = access.Connection(name="broker", account="desk", venue="paper", environment="training")
            for body in (c.SetFirm(currency="USD"), c.AddAccount(account=account)):
                client.ask("command", body)
            (home / "paper.cash").write_text("broker,USD,777\n")
            for body in (c.AddInstrument(instrument=instruments()[0]), c.AddConnection(connection=connection)):
                client.ask("command", body)
            opened = next(line for line in up.stdout if "the paper venue trades" in line)
            assert opened.endswith("a new connection opens with: broker 777 USD\n")
            end = time.monotonic() + 15
            while not client.ask("read", {"view": "connections"})[0]["ready"]:
                assert time.monotonic() < end, "the connection was not reconciled"
                time.sleep(0.05)
            assert client.ask("read", {"view": "positions"})["cash"][0]["amount"] == "777"
        up.terminate()
        assert up.wait(20) == 0
    assert token not in (home / "logs" / "guard.log").read_text()
    assert processes_of(home) == []


def test_a_day_is_an_open_two_extremes_and_a_close() -> None:
    days = moments_by_day(date(2008, 9, 2))
    day, moments = next(days)
    assert day == date(2008, 9, 2) and len(moments) == 4
    assert all(len(marks) == len(instruments()) for marks in moments)
    assert all(mark.close is not None for marks in moments for mark in marks), "the close before is known on day one"


@pytest.mark.parametrize(
    ("played", "first"),
    [(None, "2013-02-28"), ("2012-05-17", "2013-02-28"), ("2013-02-28", "2013-03-01"), ("2013-03-01", "2013-03-01")],
)
def test_it_goes_on_after_the_day_that_was_played_and_stands_at_the_very_last(
    tmp_path: Path, played: str | None, first: str
) -> None:
    file = tmp_path / "day"
    if played is not None:
        file.write_text(f"{played}\n")
    days = list(days_to_play(date(2013, 2, 28), file))
    assert (str(days[0][0]), str(days[-1][0])) == (first, "2013-03-01")


def test_only_what_the_desk_trades_is_told() -> None:
    """The sample holds a share that was first traded in 2012: the guard would refuse what it does not know."""
    [marks, *_] = next(moments_by_day(date(2012, 5, 18)))[1]
    assert {mark.instrument for mark in marks} == {one.name for one in instruments()}


def test_the_venue_learns_the_instruments_as_the_guard_knows_them() -> None:
    rows = [{**plain(one), "market": one.market_name, "trading": "trading", "last": None} for one in instruments()]
    assert instrument_lines(rows).count(b"\n") == len(instruments())


def test_every_attempt_of_the_rogue_is_documented() -> None:
    documented = DOCS.read_text(encoding="utf-8")
    for attempt in ATTEMPTS:
        assert f"| {attempt.label} | {attempt.stopped_by or '-'} |" in documented


def test_a_feed_without_its_prices_does_not_start(tmp_path: Path) -> None:
    for name in ("token", "key"):
        (tmp_path / name).write_text("x")
    words = ["--socket", "s", "--token", "token", "--venue", "v", "--venue-key", "key", "--begins", "2013-03-02"]
    ended = subprocess.run(
        [sys.executable, "-m", "remit.up.feed", *words], cwd=tmp_path, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 2 and "feed: no prices are recorded from 2013-03-02 on" in ended.stderr
    assert "ready" not in ended.stdout


def test_the_changes_to_the_preset_are_documented_with_their_reasons() -> None:
    assert all(change.why for change in CHANGES)
    assert changes_table() in DOCS.read_text(encoding="utf-8")


def test_a_lost_operator_token_is_said_once_with_the_way_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "LOOK_S", 0.01)

    async def keep() -> None:
        supervisor = Supervisor(tmp_path / "logs")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(paper.PaperDesk(supervisor, tmp_path, tmp_path / "guard.sock", nowhere).keep(), 0.2)

    async def nowhere(*_: Any) -> Path:
        raise AssertionError("no venue is started without a token")

    asyncio.run(keep())
    assert capsys.readouterr().out.count("remit token reset-operator") == 1
