"""Supervision of real processes: readiness, restarts, order of stopping, and nothing left behind."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from remit.up import supervise
from remit.up.start import Wanted, _Up, _watched
from remit.up.supervise import NotStarted, Program, Supervisor

SERVE = "import time; print('{name}: ready', flush=True); time.sleep(60)"
POLITE = """
import signal, sys, time
def leave(*_):
    open({order!r}, 'a').write('{name}\\n'); sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print('{name}: ready', flush=True)
while True: time.sleep(0.02)
"""


def program(name: str, source: str, is_final: bool = False) -> Program:
    command = (sys.executable, "-c", source)
    return Program(name, command, "ready", lambda code: is_final, dict(os.environ))


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def until(holds: object, within_s: float = 8) -> None:
    end = time.monotonic() + within_s
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end, "not in time"
        await asyncio.sleep(0.02)


def test_programs_stop_in_reverse_order(tmp_path: Path) -> None:
    order = tmp_path / "order"

    async def go() -> None:
        supervisor = Supervisor(tmp_path / "logs")
        for name in ("guard", "venue", "agents"):
            await supervisor.start(program(name, POLITE.format(name=name, order=str(order))))
        await supervisor.stop()

    asyncio.run(go())
    assert order.read_text().split() == ["agents", "venue", "guard"]


def test_the_guard_stops_before_the_venue(tmp_path: Path) -> None:
    """The last thing that it tells the venue, to arm the dead man, has somebody to hear it."""
    order = tmp_path / "order"

    async def go() -> None:
        wanted = Wanted(False, None, tmp_path, plain=True, json_summary=None, day_ms=1, approve=False, open=False)
        up = _Up(wanted)
        for name in ("guard", "venue", "feed", "agents"):
            await up.supervisor.start(program(name, POLITE.format(name=name, order=str(order))))
        await up._stop_all()

    asyncio.run(go())
    assert order.read_text().split() == ["agents", "feed", "guard", "venue"]


def test_a_program_whose_settings_changed_is_not_started_again_by_itself(tmp_path: Path) -> None:
    """Whoever was in the guard may have written what holds it, and then ended it to be let out."""
    settings, said = tmp_path / "remit.toml", []
    settings.write_text("sandbox_ports = [443]")

    async def go() -> str:
        supervisor = Supervisor(tmp_path / "logs", lambda name, line: said.append(line))
        source = "import time; print('ready', flush=True); time.sleep(0.2); raise SystemExit(3)"
        changed = _watched({"REMIT_HOME": str(tmp_path)})
        await supervisor.start(program("guard", source)._replace(changed=changed))
        await until(lambda: supervisor.restarts.get("guard"))
        settings.write_text("# as it was\nsandbox_ports = [443]")
        assert changed() == ""
        settings.write_text("sandbox_ports = [443, 80]")
        return await asyncio.wait_for(supervisor.over["guard"], 8)

    reason = asyncio.run(go())
    assert "guard ended (exit code 3) and is not started again: remit.toml says something else" in reason
    assert reason in said
    assert "setting_invalid" in _watched_after(tmp_path, "sandbox_ports = [443]", "sandbox_ports = 443")


def _watched_after(home: Path, before: str, after: str) -> str:
    (home / "remit.toml").write_text(before)
    changed = _watched({"REMIT_HOME": str(home)})
    (home / "remit.toml").write_text(after)
    return changed()


def test_a_line_without_end_fills_nothing(tmp_path: Path) -> None:
    async def go() -> None:
        supervisor = Supervisor(tmp_path / "logs")
        source = "import time; print('x' * 1_000_000); print('ready', flush=True); time.sleep(60)"
        assert await supervisor.start(program("guard", source)) == "ready"
        await supervisor.stop()

    asyncio.run(go())
    assert max(map(len, (tmp_path / "logs" / "guard.log").read_text().splitlines())) <= supervise.LINE_BYTES_MAX


STEERING = """
import sys, time
sys.stdout.write('guard: ready\\n\\x1b]52;c;ZXZpbA==\\x07\\x1b[2J\\x9b2J\\u202e all is well\\r\\n')
sys.stdout.write('{"alert":{"code":"x","subject":"firm","why":"\\\\u001b[2J"}}\\n')
sys.stdout.flush()
time.sleep(60)
"""


def test_what_a_program_says_steers_no_terminal(tmp_path: Path) -> None:
    """Whoever broke into the guard writes lines that an operator sees at the terminal, and in the logs."""
    shown = io.StringIO()

    async def go() -> None:
        wanted = Wanted(False, None, tmp_path, plain=True, json_summary=None, day_ms=1, approve=False, open=False)
        up = _Up(wanted)
        up.console = Console(highlight=False, file=shown, force_terminal=True)
        await up.supervisor.start(program("guard", STEERING))
        await until(lambda: "ALERT" in shown.getvalue())
        await up.supervisor.stop()

    asyncio.run(go())
    said, logged = shown.getvalue(), (tmp_path / "logs" / "guard.log").read_text()
    assert "all is well" in said and "all is well" in logged
    for text in (said, logged):
        assert all(char.isprintable() or char == "\n" for char in text), ascii(text)


def test_a_program_that_ends_before_it_is_ready_says_why(tmp_path: Path) -> None:
    async def go() -> None:
        with pytest.raises(NotStarted, match="guard did not start. It said: no room on the disk"):
            await Supervisor(tmp_path).start(program("guard", "print('no room on the disk')"))

    asyncio.run(go())


def test_a_program_that_is_silent_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "READY_S", 0.3)

    async def go() -> None:
        supervisor = Supervisor(tmp_path)
        with pytest.raises(NotStarted, match="nothing"):
            await supervisor.start(program("feed", "import time; time.sleep(60)"))
        assert supervisor.over == {}

    asyncio.run(go())


def test_a_killed_program_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "PAUSES_S", (0.05,))
    pids = tmp_path / "pids"
    source = f"import os; open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n'); " + SERVE.format(name="agents")

    async def go() -> None:
        said: list[str] = []
        supervisor = Supervisor(tmp_path / "logs", lambda name, line: said.append(line))
        await supervisor.start(program("agents", source))
        os.kill(int(pids.read_text()), signal.SIGKILL)
        await until(lambda: len(pids.read_text().split()) == 2)
        assert supervisor.restarts == {"agents": 1}
        assert "agents ended (killed by SIGKILL) and is started again" in said
        await supervisor.stop()

    asyncio.run(go())
    assert not any(is_running(int(pid)) for pid in pids.read_text().split())


def test_a_program_that_ended_for_good_stays_ended(tmp_path: Path) -> None:
    async def go() -> None:
        supervisor = Supervisor(tmp_path)
        await supervisor.start(program("guard", "print('ready', flush=True); print('the journal is poisoned')", True))
        reason = await asyncio.wait_for(supervisor.over["guard"], 5)
        assert reason == "guard ended (exit code 0): ready / the journal is poisoned"
        assert supervisor.restarts == {}
        await supervisor.stop()

    asyncio.run(go())


def test_a_program_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "STOP_S", 0.2)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SERVE.format(name="venue")

    async def go() -> int | None:
        supervisor = Supervisor(tmp_path)
        await supervisor.start(program("venue", deaf))
        return await supervisor.stop_one("venue")

    assert asyncio.run(go()) == -signal.SIGKILL


def test_logs_are_private_and_hold_no_token(tmp_path: Path) -> None:
    secret = "remit_op_" + "A1b2" * 11
    heard: list[str] = []

    async def go() -> None:
        supervisor = Supervisor(tmp_path / "logs", lambda name, line: heard.append(line))
        await supervisor.start(program("guard", f"print('{secret}', flush=True); " + SERVE.format(name="guard")))
        await supervisor.stop()

    asyncio.run(go())
    log = tmp_path / "logs" / "guard.log"
    assert secret in heard and secret not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0 and log.parent.stat().st_mode & 0o077 == 0


def test_a_passphrase_travels_through_a_pipe_at_every_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "PAUSES_S", (0.05,))
    source = "import os, sys, time; print('ready', os.fdopen(int(sys.argv[2])).readline(), flush=True)"
    heard: list[str] = []

    async def go() -> None:
        supervisor = Supervisor(tmp_path, lambda name, line: heard.append(line))
        await supervisor.start(program("guard", source)._replace(passphrase="open sesame"))
        await until(lambda: heard.count("ready open sesame") >= 2)
        await supervisor.stop()

    asyncio.run(go())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
def test_no_program_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    child = f"import os; open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n'); " + SERVE.format(name="child")
    source = f"""
import asyncio, os, sys
from pathlib import Path
from remit.up.supervise import Program, Supervisor
async def go():
    supervisor = Supervisor(Path({str(tmp_path / "logs")!r}))
    for name in ("guard", "agents"):
        command = (sys.executable, "-c", {child!r})
        await supervisor.start(Program(name, command, "ready", lambda code: True, dict(os.environ)))
    print("up", flush=True)
    await asyncio.sleep(60)
asyncio.run(go())
"""
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None and parent.stdout.readline() == "up\n"
    parent.kill()
    parent.wait(5)
    children = [int(pid) for pid in pids.read_text().split()]
    assert len(children) == 2
    end = time.monotonic() + 5
    while any(is_running(pid) for pid in children):
        assert time.monotonic() < end, "a child outlived its parent"
        time.sleep(0.02)
