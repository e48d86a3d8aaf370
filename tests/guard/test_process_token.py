"""A confined guard whose keys lie in a PKCS#11 token: with room for the token's folder it trades, without it refuses to
make a key there, by name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.guard.processes import Processes, wait_for
from tests.guard.test_process import filled
from tests.guard.vault.token import token

from remit.guard import config, owner
from remit.guard.wire import GuardError

ROTATE = {"kind": "rotate_key", "connection": "paper1", "agent": "momentum", "keeper": "pkcs11", "why": "test"}


@pytest.mark.parametrize("room", [True, False])
def test_a_key_is_made_and_used_in_the_token(room: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Processes(tmp_path / "home")
    (tmp_path / "token").mkdir()
    named = token(tmp_path / "token", monkeypatch)
    owner.init(config.load({"REMIT_HOME": str(desk.home)}))
    subprocess.run(  # a process of its own, since a module knows one session per process
        [sys.executable, "-m", "remit", "--home", str(desk.home), "vault", "token", named.module, named.label,
         "--pin-fd", "0"],
        input=named.pin, text=True, check=True, capture_output=True,
    )  # fmt: skip
    kept = f"sandbox_write = {json.dumps([str(tmp_path / 'token')])}\n" if room else ""
    (desk.home / "remit.toml").write_text(kept)
    try:
        desk.start_guard()
        if room:
            desk.start_venue()
        desk.set_up()
        layers = {row["layer"]: row for row in desk.read("status")["sandbox"]}
        if not layers["landlock"]["active"]:
            pytest.skip(f"no Landlock: {layers['landlock']['says']}")
        if room:
            desk.until_ready()
            desk.mark("100")
            assert desk.say(ROTATE)["command"]["body"]["key"]["keeper"] == "pkcs11"
            order = desk.submit("3")["decision"]["order"]
            wait_for(lambda: filled(desk, order), "an order that the token signed is filled")
        else:
            with pytest.raises(GuardError, match="key_refused"):
                desk.say(ROTATE)
    finally:
        desk.stop()
