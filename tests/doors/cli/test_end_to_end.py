"""The command line before a real guard and a real paper venue, as processes, on a real disk."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doors.cli.house import Outcome, invoke
from tests.guard.processes import Processes, wait_for


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path / "home")
    try:
        processes.start_guard()
        processes.start_venue()
        yield processes
    finally:
        processes.stop()


def remit(home: Path, *words: str, token: str = "", given: str | None = None) -> Outcome:
    """Run the command line as a person with the operator's file, or with a token."""
    env = {"REMIT_HOME": str(home), "REMIT_TOKEN": token, "REMIT_SOCKET": None, "COLUMNS": "200"}
    found = invoke(*words, given=given, **env)
    return Outcome(found.exit_code, found.stdout, found.stderr)


def ok(home: Path, *words: str, token: str = "") -> Outcome:
    found = remit(home, *words, token=token)
    assert found.code == 0, (words, found.out, found.err)
    return found


def set_up(desk: Processes, folder: Path) -> str:
    """Set a desk up as a person would, by the command line alone; return the agent's token."""
    home = desk.home
    ok(home, "account", "add", "main", "--owner", "ann", "--currency", "USD")
    instruments = folder / "instruments.csv"
    instruments.write_text("name,kind,venue,currency,category,tick,lot\nAAPL,equity,paper,USD,us_equity,0.01,1\n")
    ok(home, "instrument", "add", str(instruments))
    ok(home, "connection", "add", "paper1", "--account", "main", "--venue", "paper")
    ok(home, "agent", "add", "momentum", "--account", "main", "--connection", "paper1", "--enable", "place_order")
    limits = folder / "limits.toml"
    limits.write_text(
        '["firm"]\n["account:*"]\n["agent:*"]\norder_notional_max = "2000"\napproval_notional_min = "1500"\n'
        'hours_active = ["UTC daily 00:00-24:00"]\n'.replace("daily", "mon-sun")
    )
    ok(home, "mandate", "set", "--file", str(limits), "--why", "first day", "--yes")
    desk.secrets["bars"] = ok(home, "token", "issue", "bars", "--role", "feed").out.split()[-1]
    token = ok(home, "token", "issue", "momentum", "--role", "agent").out.split()[-1]
    wait_for(lambda: all(row["ready"] for row in ok(home, "connection", "list", "--json").json), "reconciled")
    desk.mark("100")
    return token


def test_a_person_sets_a_desk_up_and_an_agent_trades(desk: Processes, tmp_path: Path) -> None:
    home = desk.home
    token = set_up(desk, tmp_path)
    allowed = remit(home, "order", "submit", "AAPL", "buy", "10", "--limit", "100.05", token=token)
    assert allowed.code == 0, (allowed.out, allowed.err)
    wait_for(lambda: bool(ok(home, "positions", "--json").json["positions"]), "the order fills")
    assert remit(home, "order", "submit", "AAPL", "buy", "25", "--limit", "100", token=token).code == 3
    held = remit(home, "order", "submit", "AAPL", "buy", "16", "--limit", "99", "--json", token=token)
    assert held.code == 4
    order = held.json["decision"]["order"]
    assert remit(home, "approvals", "approve", order, "--yes", token=token).code == 1
    ok(home, "token", "issue", "bob", "--role", "approver")
    digest = ok(home, "approvals", "list", "--json").json[0]["digest"]
    assert remit(home, "approvals", "approve", order, "--digest", digest).code == 0
    told = ok(home, "why", order).out
    assert "every rule held" not in told and "approval_notional_min: " in told
    life = told.partition("what became of it:\n")[2]
    assert "buy 16 AAPL" in life and "bob approved" not in life and "approved" in life
    lines = [line["said"] for line in ok(home, "why", order, "--json").json["story"]]
    assert len(lines) == life.count("\n") > 2 and all(line in life for line in lines)
    assert "bought 10 AAPL" in ok(home, "why", "momentum").out
    assert [row["name"] for row in ok(home, "agent", "list", "--json").json] == ["momentum"]
    out = ok(home, "exposure").out
    assert "order_notional_max" not in out and "order_notional_max" in ok(home, "exposure", "--all").out
    assert all(row["well"] for row in ok(home, "doctor", "--json").json)
    assert remit(home, "kill", "--why", "end of the test").code == 0
    assert remit(home, "doctor").code == 1
    told = ok(home, "timeline", "momentum").out
    assert "bought 10 AAPL" in told and "denied. One order may open at most" in told
    assert "read approvals: refused, not_authorised" in told, "what an agent asked and was refused is there too"
    assert f"bob approved {order}" not in told and "approved" in ok(home, "timeline", order).out
    assert ok(home, "report", "blotter", "--from", "2020-01-01", "--to", "2100-01-01").out.count("AAPL") == 1
    proven = tmp_path / "9.tlog-proof"
    ok(home, "receipt", "9", "--out", str(proven))
    assert ok(home, "verify", "--receipt", str(proven), "--json").json["seq"] == 9
    backup = tmp_path / "backup"
    head = ok(home, "backup", str(backup), "--json").json
    assert head["size"] > 20 and not any(stat.S_IMODE(path.stat().st_mode) & 0o077 for path in backup.rglob("*"))
    for folder in (home, backup):
        (verdict,) = ok(home, "verify", str(folder), "--head", str(backup / "head.txt"), "--json").json
        assert verdict["well"] and verdict["decisions"] >= 4


def test_what_was_verified_and_then_altered_is_found(desk: Processes, tmp_path: Path) -> None:
    home = desk.home
    set_up(desk, tmp_path)
    desk.stop()
    assert "hold" in ok(home, "verify").out
    altered = tmp_path / "altered"
    shutil.copytree(home / "journal", altered / "journal")
    shutil.copy(home / "verifier.txt", altered / "verifier.txt")
    (segment,) = (altered / "journal").glob("*.journal")
    segment.write_bytes(segment.read_bytes().replace(b"first day", b"first Day", 1))
    found = remit(home, "verify", str(altered))
    assert found.code == 1 and "DAMAGED" in found.out


def test_a_lost_operator_token_comes_back_at_the_next_start(desk: Processes) -> None:
    home = desk.home
    old = (home / "operator.token").read_text()
    assert remit(home, "token", "reset-operator").code == 1
    desk.stop()
    (home / "operator.token").unlink()
    assert remit(home, "status").err.startswith("no_token: ")
    ok(home, "token", "reset-operator")
    desk.start_guard()
    assert (home / "operator.token").read_text() != old and not (home / "reset-operator").exists()
    assert len(ok(home, "token", "list", "--json").json) == 2
    ok(home, "status")


def test_a_backup_is_restored_elsewhere_and_goes_on(desk: Processes, tmp_path: Path) -> None:
    set_up(desk, tmp_path)
    backup, fresh = tmp_path / "backup", Processes(tmp_path / "fresh")
    ok(desk.home, "backup", str(backup))
    desk.stop()
    ok(fresh.home, "restore", str(backup), "--head", str(backup / "head.txt"))
    shutil.copy(desk.home / "operator.token", fresh.home / "operator.token")
    try:
        fresh.start_guard()
        assert [row["name"] for row in ok(fresh.home, "agent", "list", "--json").json] == ["momentum"]
    finally:
        fresh.stop()


def test_a_pipe_that_closes_early_leaves_no_traceback(desk: Processes) -> None:
    environ = {**os.environ, "REMIT_HOME": str(desk.home)}
    command = f"{shlex.quote(sys.executable)} -m remit.doors.cli.main mandate presets --json | head -c 10"
    found = subprocess.run(["sh", "-c", command], env=environ, capture_output=True, text=True, timeout=30)
    assert len(found.stdout) == 10 and "Traceback" not in found.stderr


def test_following_ends_cleanly_on_ctrl_c(desk: Processes) -> None:
    environ = {**os.environ, "REMIT_HOME": str(desk.home)}
    command = [sys.executable, "-m", "remit.doors.cli.main", "log", "--follow", "--json"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        assert "kernel_started" in follower.stdout.readline()
        ok(desk.home, "account", "add", "main", "--owner", "ann", "--currency", "USD")
        assert any("add_account" in follower.stdout.readline() for _ in range(20))
        follower.send_signal(signal.SIGINT)
        _, err = follower.communicate(timeout=10)
    assert (follower.returncode, err) == (0, "")


def test_a_stop_outlives_the_guard_and_closes_what_it_protects(desk: Processes, tmp_path: Path) -> None:
    home = desk.home
    token = set_up(desk, tmp_path)
    ok(home, "order", "submit", "AAPL", "buy", "10", "--limit", "100.05", "--stop-loss", "95", token=token)
    wait_for(lambda: ok(home, "exit", "list", "--json").json[0]["protection"] == "watched", "the bracket is armed")
    desk.kill_guard()
    desk.start_guard()
    assert ok(home, "exit", "list", "--json").json[0]["says"] == "stop_loss 95"
    wait_for(lambda: all(row["ready"] for row in ok(home, "connection", "list", "--json").json), "reconciled")
    desk.mark("96")
    desk.mark("94")
    wait_for(lambda: ok(home, "positions", "--json").json["positions"] == [], "the stop closes the position")
    assert ok(home, "exit", "list", "--json").json == []
    closed = ok(home, "order", "list", "--json").json[0]
    assert (closed["side"], closed["filled"], closed["state"]) == ("sell", "10", "filled")


def test_a_kill_reports_what_became_of_every_order(desk: Processes, tmp_path: Path) -> None:
    home = desk.home
    token = set_up(desk, tmp_path)
    for limit in ("97", "98"):
        ok(home, "order", "submit", "AAPL", "buy", "5", "--limit", limit, token=token)
    wait_for(lambda: {row["state"] for row in ok(home, "order", "list", "--json").json} == {"acked"}, "they work")
    (row,) = ok(home, "kill", "--why", "drill", "--json").json["kills"]
    assert (row["asked"], row["over"], row["working"], row["cancel_all"]) == (2, 2, 0, "done")
    assert "look again" not in ok(home, "kill", "--list").out


def test_what_differs_halts_the_connection_until_a_person_decides(desk: Processes, tmp_path: Path) -> None:
    home = desk.home
    token = set_up(desk, tmp_path)
    ok(home, "order", "submit", "AAPL", "buy", "10", "--limit", "100.05", token=token)
    wait_for(lambda: bool(ok(home, "positions", "--json").json["positions"]), "the order fills")
    ok(home, "connection", "tolerance", "paper1", "--window-s", "0", "--why", "test")
    assert ok(home, "reconcile", "now").out.endswith("book and venue agree\n")
    assert desk.venue is not None
    desk.venue.terminate()
    desk.venue.wait(10)
    (home / "paper.db").unlink()
    desk.start_venue()
    wait_for(lambda: bool(ok(home, "reconcile", "show", "--json").json[0]["drifts"]), "the empty venue is seen", 30)
    found = ok(home, "reconcile", "show").out
    assert "position  AAPL  10" in found and "--accept venue" in found
    assert remit(home, "order", "submit", "AAPL", "buy", "1", "--limit", "99", token=token).code == 3
    shown = ok(home, "reconcile", "show", "--json").json[0]["shown"]
    told = ("--accept", "venue", "--shown", shown, "--why", "the venue began anew")
    out = ok(home, "reconcile", "resume", "paper1", *told).out
    assert "position AAPL: corrected from 10 to 0" in out
    wait_for(lambda: all(row["ready"] for row in ok(home, "connection", "list", "--json").json), "it opens again")
    ok(home, "order", "submit", "AAPL", "buy", "1", "--limit", "99", token=token)
