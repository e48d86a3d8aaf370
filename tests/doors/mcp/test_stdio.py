"""`remit mcp serve` as a real process, with the official client on its input and output; and the configuration."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from tests.doors.mcp.house import LATEST, PREVIOUS, House
from tests.guard.processes import Processes
from typer.testing import CliRunner

from remit.doors.cli.main import app
from remit.doors.mcp.clients import DIALECTS, configuration
from remit.doors.mcp.stdio import serve
from remit.doors.mcp.tools import TOOLS
from remit.guard.config import load
from remit.guard.wire import GuardError


def remit(home: Path, *arguments: str, token: str | None = None) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REMIT_")}
    if token is not None:
        environ["REMIT_TOKEN"] = token
    command = [sys.executable, "-m", "remit", "--home", str(home), "mcp", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=30, stdin=subprocess.DEVNULL)


def test_a_client_starts_the_server_itself_and_trades(made: House) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "remit", "--home", str(made.processes.home), "mcp", "serve"],
        env={"REMIT_TOKEN": made.secret("claude")},
    )
    order = {"client_order_id": "stdio", "instrument": "AAPL", "side": "buy", "quantity": "1", "limit_price": "90"}

    async def trade() -> tuple[set[str], list[Any]]:
        async with Client(server, mode=LATEST) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            calls = [await client.call_tool("place_order", order) for _ in range(2)]
            return names, [call.structured_content for call in calls]

    names, (first, again) = asyncio.run(trade())
    assert names == set(TOOLS)
    assert (first["verdict"], first["mode"], first["repeated"]) == ("allow", "training", False)
    assert again["repeated"] and again["order"] == first["order"]
    entry = made.processes.read("log", order=first["order"], kind="submit")["entries"][0]
    assert (entry["command"]["by"]["door"], entry["command"]["by"]["name"]) == ("mcp", "claude")


def test_the_process_of_the_doors_serves_the_tools(made: House) -> None:
    home = made.processes.home
    (home / "doors.token").write_text(made.secret("eve"))
    (home / "doors.token").chmod(0o600)
    command = [sys.executable, "-m", "remit.doors.http", "--home", str(home), "--any-port"]
    door = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert door.stdout is not None
    try:
        url = door.stdout.readline().partition("ready on ")[2].strip()
        headers = {"Authorization": f"Bearer {made.secret('claude')}"}

        async def look() -> Any:
            async with (
                httpx2.AsyncClient(headers=headers) as http,
                Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
            ):
                return (await client.call_tool("get_account", {})).structured_content

        assert asyncio.run(look())["client"] == "claude"
    finally:
        door.terminate()
        assert door.wait(20) == 0


def test_a_guard_that_goes_is_a_refusal_that_may_be_tried_again(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "home")
    processes.start_guard()
    processes.set_up()
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "remit", "--home", str(processes.home), "mcp", "serve"],
        env={"REMIT_TOKEN": processes.secrets["momentum"]},
    )

    async def outlive() -> list[Any]:
        async with Client(server, mode=PREVIOUS) as client:
            found = [await client.call_tool("get_account", {})]
            await asyncio.to_thread(processes.stop)
            found.append(await client.call_tool("get_account", {}))
            return found

    before, after = asyncio.run(outlive())
    assert not before.is_error and after.is_error
    refused = after.structured_content["refused"]
    assert refused["code"] in ("guard_not_running", "guard_gone") and refused["retryable"]
    assert after.structured_content["mode"] == "training"


def test_who_does_not_trade_is_served_nothing(made: House) -> None:
    ended = remit(made.processes.home, "serve", token=made.secret("operator"))
    assert ended.returncode == 1 and "no_trader" in ended.stderr and ended.stdout == "", ended
    assert "Traceback" not in ended.stderr
    with pytest.raises(GuardError, match="not_authenticated"):
        asyncio.run(serve(load({"REMIT_HOME": str(made.processes.home)}), "nonsense"))


@pytest.mark.parametrize("program", sorted(DIALECTS))
@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_the_configuration_is_ready_and_holds_no_secret(program: Any, transport: Any) -> None:
    without = configuration(program, transport, command=("python", "-m", "remit"), url="http://x/mcp", secret=None)
    dialect = DIALECTS[program]
    server = without[dialect.servers]["remit"]
    assert dialect.secret in json.dumps(server)
    assert server["url"] == "http://x/mcp" if transport == "http" else server["command"] == "python"
    secret = configuration(program, transport, command=("python",), url="http://x/mcp", secret="remit_s3cret")
    assert "remit_s3cret" in json.dumps(secret) and dialect.secret not in json.dumps(secret)
    assert "inputs" not in secret


def test_the_command_line_prints_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMIT_TOKEN", "remit_s3cret")
    told = CliRunner().invoke(app, ["--home", str(tmp_path), "mcp", "config", "claude"])
    server = json.loads(told.stdout)["mcpServers"]["remit"]
    assert server["args"][-4:] == ["--home", str(tmp_path), "mcp", "serve"] and "s3cret" not in told.stdout
    http = ["--home", str(tmp_path), "mcp", "config", "cursor", "--transport", "http", "--with-token"]
    server = json.loads(CliRunner().invoke(app, http).stdout)["mcpServers"]["remit"]
    assert server == {"url": "http://localhost:8420/mcp", "headers": {"Authorization": "Bearer remit_s3cret"}}
    monkeypatch.delenv("REMIT_TOKEN")
    for arguments in (http, ["--home", str(tmp_path), "mcp", "serve"]):
        refused = CliRunner().invoke(app, arguments)
        assert refused.exit_code == 1 and "no_token" in refused.output + refused.stderr
