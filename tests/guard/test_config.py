"""Settings: exactly what is said, or a refusal; nothing falls back to live or to training."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.guard.config import FILE, SOCKET_BYTES_MAX, Settings, environment_of, load, socket_path
from remit.guard.errors import SettingInvalid


def settings_of(folder: Path, toml: str = "", **environ: str) -> Settings:
    (folder / FILE).write_text(toml)
    return load({"REMIT_HOME": str(folder), **environ})


def test_where_nothing_is_said(tmp_path: Path) -> None:
    settings = load({"HOME": str(tmp_path)})
    assert settings.home == tmp_path / ".local/share/remit"
    assert settings.socket == settings.home / "guard.sock"
    assert (settings.environment, settings.peers, settings.links) == ("training", (), {})


def test_everything_can_be_said(tmp_path: Path) -> None:
    toml = 'environment = "live"\nsocket = "run/s"\npeers = [1001]\n'
    (tmp_path / FILE).write_text(toml + '[links]\npaper = "venues/paper.sock"\nfar = "/run/x"\n')
    settings = load({"REMIT_HOME": str(tmp_path)})
    assert settings.environment == "live"
    assert settings.socket == tmp_path / "run/s"
    assert settings.peers == (1001,)
    assert settings.links == {"paper": tmp_path / "venues/paper.sock", "far": Path("/run/x")}
    over = load({"REMIT_HOME": str(tmp_path), "REMIT_SOCKET": "/run/y", "REMIT_ENVIRONMENT": "training"})
    assert (over.environment, over.socket) == ("training", Path("/run/y"))


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_other_environment_refuses(value: str) -> None:
    if value in ("training", "live"):
        assert environment_of(value) == value
        return
    with pytest.raises(SettingInvalid, match="training or live"):
        environment_of(value)


@pytest.mark.parametrize("value", ["", "Live", " live", "live\n", "paper", "true", "1", "training ", "liv"])
@pytest.mark.parametrize("other", ["live", "training"])
def test_a_wrong_environment_refuses_wherever_it_is_said(tmp_path: Path, value: str, other: str) -> None:
    with pytest.raises(SettingInvalid):
        settings_of(tmp_path, f"environment = {value!r}".replace("'", '"'))
    with pytest.raises(SettingInvalid):
        settings_of(tmp_path, f'environment = "{other}"', REMIT_ENVIRONMENT=value)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('enviroment = "live"', "Did you mean environment"),
        ("sockett = 1", "Did you mean socket"),
        ("xyz = 1", "Remove it"),
        ("environment = true", "Correct the value"),
        ("peers = ['root']", "Correct the value"),
        ("socket = ''", "Name a file"),
        ("socket = '~/s'", "Name a file"),
        ("= 1", "Correct the file"),
        ("[links]\npaper = 7", "Correct the value"),
    ],
)
def test_a_wrong_file_refuses_and_says_what_to_do(tmp_path: Path, toml: str, says: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        settings_of(tmp_path, toml)
    assert says in refused.value.fix


@pytest.mark.parametrize("environ", [{"REMIT_HOME": ""}, {}, {"HOME": ""}, {"HOME": "relative"}])
def test_no_place_for_the_data_refuses(environ: dict[str, str]) -> None:
    with pytest.raises(SettingInvalid):
        load(environ)


def test_a_file_that_cannot_be_read_refuses(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(SettingInvalid):
        load({"REMIT_HOME": str(tmp_path)})


@given(st.integers(1, 300), st.sampled_from(["", "/run/user/1000", "relative", "/" + "r" * 60]))
def test_the_default_socket_is_always_short_enough_and_the_same(length: int, runtime: str) -> None:
    home = Path("/" + "h" * length)
    path = socket_path(home, {"XDG_RUNTIME_DIR": runtime})
    assert path == socket_path(home, {"XDG_RUNTIME_DIR": runtime})
    assert len(os.fsencode(path)) <= SOCKET_BYTES_MAX
    if len(os.fsencode(home / "guard.sock")) <= SOCKET_BYTES_MAX:
        assert path == home / "guard.sock"
    else:
        assert path.parent == (Path(runtime) if runtime.startswith("/") else Path(f"/tmp/remit-{os.getuid()}"))
        assert path != socket_path(Path("/" + "g" * length), {"XDG_RUNTIME_DIR": runtime})


def test_root_and_the_user_that_it_makes_the_guard_look_for_the_same_socket(tmp_path: Path) -> None:
    home = tmp_path / ("h" * 100)
    home.mkdir()
    (home / FILE).write_text('run_as = "daemon"')
    uid = pwd.getpwnam("daemon").pw_uid
    path = load({"REMIT_HOME": str(home), "XDG_RUNTIME_DIR": "/run/user/0"}).socket
    assert path.parent == Path(f"/tmp/remit-{uid}")
    (home / FILE).write_text('run_as = "no-such-user"')  # refused by the guard, and told by `remit doctor`
    assert load({"REMIT_HOME": str(home), "XDG_RUNTIME_DIR": "/run/user/0"}).socket.parent == Path("/run/user/0")


def test_a_socket_too_long_where_it_was_said_refuses(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="over 103 bytes"):
        settings_of(tmp_path, REMIT_SOCKET="/" + "x" * 103)


def test_where_notifications_may_go(tmp_path: Path) -> None:
    assert settings_of(tmp_path).notify_allow == ()
    assert settings_of(tmp_path, 'notify_allow = ["10.1.0.0/16", "::1"]').notify_allow == ("10.1.0.0/16", "::1/128")
    for wrong in ("localhost", "10.0.0.1/8", "", "http://10.0.0.1"):
        with pytest.raises(SettingInvalid):
            settings_of(tmp_path, f'notify_allow = ["{wrong}"]')
