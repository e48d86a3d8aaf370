"""The guard's settings: where its data lies, where it listens, and which environment it is in."""

from __future__ import annotations

import difflib
import hashlib
import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec

from remit.guard.errors import SettingInvalid
from remit.guard.reach import BIND, Reach, reach
from remit.guard.sandbox import LAYERS, RunAsFailed, user_of
from remit.guard.witness_settings import Stated, Witness, witnesses_of
from remit.kernel.names import Environment

FILE = "remit.toml"
SOCKET = "guard.sock"
SOCKET_BYTES_MAX = 103
"""The longest path of a Unix socket that every system takes (104 bytes with its end on macOS, 108 on Linux)."""
_DOORS = ("bind", "tls_cert", "tls_key", "public_url", "second_factor")
BUCKET = "s3://"
Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=86_400)]
Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]
GIVEN, KEYRING = "given", "keyring"
"""Where the vault's passphrase comes from: whoever starts the guard gives it, or the operating system's keyring."""
ENVIRONMENTS: tuple[str, ...] = get_args(Environment)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set. Paths are absolute.

    `peers` are user ids that may use the socket beside the guard's own; `links` names the socket of each connection's
    venue. `bind` is where the doors listen, `reach` what follows from it. `notify_allow` are addresses and networks
    that notifications may go to although they are not public, such as `10.1.0.0/16`. `exports` are the folders and
    buckets (`s3://BUCKET/PREFIX`) that the journal is exported to, each object in a bucket held for
    `export_retain_days`; an export that is `export_lag_s_max` behind is alarmed. No permit leaves before
    `witnesses_needed` of the `witnesses` signed a head over its entry, and `anchor_folder`, a second folder on another
    disk, holds one. `run_as` is the user that root makes the guard; `sandbox_min` names the layers of the sandbox
    without which it does not start, `sandbox_read`, `sandbox_write` and `sandbox_ports` what it may reach inside beside
    what it always needs.
    """

    home: Path
    socket: Path
    environment: Environment
    peers: tuple[int, ...] = ()
    links: dict[str, Path] = {}
    bind: str = BIND
    tls_cert: Path | None = None
    tls_key: Path | None = None
    public_url: str | None = None
    second_factor: str | None = None
    notify_allow: tuple[str, ...] = ()
    passphrase: str = GIVEN
    exports: tuple[str, ...] = ()
    export_lag_s_max: int = 60
    export_retain_days: int | None = None
    witnesses: tuple[Witness, ...] = ()
    witnesses_needed: int = 0
    anchor_folder: Path | None = None
    run_as: str | None = None
    sandbox_min: tuple[str, ...] = ()
    sandbox_read: tuple[Path, ...] = ()
    sandbox_write: tuple[Path, ...] = ()
    sandbox_ports: tuple[int, ...] = ()

    @property
    def guard_uids(self) -> frozenset[int]:
        """Who the guard may be beside this process's own user: the one that `run_as` names."""
        try:
            return frozenset() if self.run_as is None else frozenset({user_of(self.run_as).pw_uid})
        except RunAsFailed:
            return frozenset()

    @property
    def reach(self) -> Reach:
        """From where the doors can be reached; SettingInvalid, which `load` has looked for already."""
        return reach(self.bind, self.tls_cert, self.tls_key, self.public_url, self.second_factor)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may stand in remit.toml."""

    environment: str = "training"
    socket: str | None = None
    peers: tuple[int, ...] = ()
    links: dict[str, str] = {}
    bind: str = BIND
    tls_cert: str | None = None
    tls_key: str | None = None
    public_url: str | None = None
    second_factor: str | None = None
    notify_allow: tuple[str, ...] = ()
    passphrase: str = GIVEN
    exports: tuple[str, ...] = ()
    export_lag_s_max: Seconds = 60
    export_retain_days: Days | None = None
    witnesses: tuple[Stated, ...] = ()
    witnesses_needed: int | None = None
    anchor_folder: str | None = None
    run_as: str | None = None
    sandbox_min: tuple[str, ...] | None = None
    sandbox_read: tuple[str, ...] = ()
    sandbox_write: tuple[str, ...] = ()
    sandbox_ports: tuple[Port, ...] = ()


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings of the data folder's remit.toml and of the environment variables, which come first.

    `REMIT_HOME` is the data folder (else `~/.local/share/remit`), `REMIT_SOCKET` the guard's socket, and
    `REMIT_ENVIRONMENT` is `training` (also where nothing is said) or `live`. `REMIT_BIND`, `REMIT_TLS_CERT`,
    `REMIT_TLS_KEY`, `REMIT_PUBLIC_URL` and `REMIT_SECOND_FACTOR` say where the doors listen. Relative paths start at
    the data folder. SettingInvalid for an unknown key, and for a value that is not exactly one it may have, or that
    would open the doors to others without TLS: nothing ever falls back.
    """
    home = _home(environ)
    file = _read(home / FILE)
    stated = environ.get("REMIT_SOCKET", file.socket)
    doors = _doors(home, environ, file)
    reach(**doors)
    environment = environment_of(environ.get("REMIT_ENVIRONMENT", file.environment))
    witnesses, needed = witnesses_of(file.witnesses, file.witnesses_needed)
    return Settings(
        home=home,
        socket=_listens(home, environ, file.run_as) if stated is None else _short(_absolute(stated, home, "socket")),
        environment=environment,
        peers=file.peers,
        links={name: _absolute(path, home, f"links.{name}") for name, path in file.links.items()},
        notify_allow=tuple(_network(one) for one in file.notify_allow),
        passphrase=_source(file.passphrase),
        exports=tuple(one if one.startswith(BUCKET) else str(_absolute(one, home, "exports")) for one in file.exports),
        export_lag_s_max=file.export_lag_s_max,
        export_retain_days=file.export_retain_days,
        witnesses=witnesses,
        witnesses_needed=needed,
        anchor_folder=None if file.anchor_folder is None else _absolute(file.anchor_folder, home, "anchor_folder"),
        run_as=file.run_as,
        sandbox_min=_layers(file.sandbox_min, environment),
        sandbox_read=tuple(_absolute(path, home, "sandbox_read") for path in file.sandbox_read),
        sandbox_write=tuple(_absolute(path, home, "sandbox_write") for path in file.sandbox_write),
        sandbox_ports=file.sandbox_ports,
        **doors,
    )


def _layers(stated: tuple[str, ...] | None, environment: Environment) -> tuple[str, ...]:
    """Return the layers that a guard must have: those stated, else all of them in live, and none in training."""
    if stated is None:
        return LAYERS if environment == "live" else ()
    for name in stated:
        if name not in LAYERS:
            raise SettingInvalid(f"sandbox_min: {name!r} is no layer", f"Known are {', '.join(LAYERS)}")
    return stated


def _doors(home: Path, environ: Mapping[str, str], file: _File) -> dict[str, Any]:
    """Return what is said of where the doors listen, the variables first."""
    stated = {name: environ.get(f"REMIT_{name.upper()}", getattr(file, name)) for name in _DOORS}
    for name in ("tls_cert", "tls_key"):
        if stated[name] is not None:
            stated[name] = _absolute(stated[name], home, name)
    return stated


def _source(stated: str) -> str:
    """Return where the passphrase comes from; SettingInvalid for anything but the two words."""
    if stated not in (GIVEN, KEYRING):
        raise SettingInvalid("passphrase says where it comes from, never which it is", f"Write {GIVEN} or {KEYRING}")
    return stated


def _network(stated: str) -> str:
    """Return an address or a network as it is written; SettingInvalid for anything else."""
    try:
        return str(ipaddress.ip_network(stated))
    except ValueError as fault:
        raise SettingInvalid(f"notify_allow: {fault}", "Write an address or a network, such as 10.1.0.0/16") from None


def environment_of(value: str) -> Environment:
    """Return the environment that the value names exactly; SettingInvalid for everything else, however close."""
    if value == "training":
        return "training"
    if value == "live":
        return "live"
    raise SettingInvalid(f"{value!r} is no environment", f"Write exactly {' or '.join(ENVIRONMENTS)}")


def socket_path(home: Path, environ: Mapping[str, str], uid: int | None = None) -> Path:
    """Return where the guard of a data folder listens where nothing is said: `guard.sock` in the folder.

    Where that path is too long for a socket it is `remit-HASH.sock` in `$XDG_RUNTIME_DIR`, else in `/tmp/remit-UID`,
    which the guard makes private; HASH stands for the data folder, so that callers find the same place. `uid` is the
    guard's user where that is not this process's.
    """
    near = home / SOCKET
    if len(os.fsencode(near)) <= SOCKET_BYTES_MAX:
        return near
    name = f"remit-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}.sock"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    folder = Path(runtime) if runtime.startswith("/") else Path(f"/tmp/remit-{os.getuid() if uid is None else uid}")
    return _short(folder / name)


def _listens(home: Path, environ: Mapping[str, str], run_as: str | None) -> Path:
    """Return where the guard listens where nothing is said: the same for root, who starts it, and for its own user."""
    if run_as is None:
        return socket_path(home, environ)
    try:
        return socket_path(home, {}, user_of(run_as).pw_uid)
    except RunAsFailed:
        return socket_path(home, environ)  # no guard starts so: it refuses that user by name


def paper_socket(socket: Path) -> Path:
    """Return where the paper venue listens whose guard listens on `socket`: beside it."""
    name = socket.name
    return socket.with_name("paper.sock" if name == SOCKET else name.replace(".sock", "-paper.sock"))


def _home(environ: Mapping[str, str]) -> Path:
    stated = environ.get("REMIT_HOME")
    if stated is not None:
        if not stated:
            raise SettingInvalid("REMIT_HOME is empty", "Name a folder, or unset it")
        return _absolute(stated, Path.cwd(), "REMIT_HOME")
    user = environ.get("HOME", "")
    if not user.startswith("/"):
        raise SettingInvalid("there is no home folder to keep the data in", "Set REMIT_HOME to a folder")
    return Path(user) / ".local" / "share" / "remit"


def _read(path: Path) -> _File:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return _File()
    except (ValueError, RecursionError, OSError) as fault:  # a number too long for Python is no error of TOML's own
        raise SettingInvalid(f"{path} cannot be read: {fault}", "Correct the file, or move it away") from None
    for key in found:
        if key not in _File.__struct_fields__:
            raise SettingInvalid(f"{path} has an unknown key: {key}", _suggestion(key))
    return _convert(path, found)


def _convert(path: Path, found: dict[str, Any]) -> _File:
    try:
        return msgspec.convert(found, _File)
    except msgspec.ValidationError as fault:
        raise SettingInvalid(f"{path}: {fault}", "Correct the value") from None


def _suggestion(key: str) -> str:
    close = difflib.get_close_matches(key, _File.__struct_fields__, n=1)
    known = ", ".join(_File.__struct_fields__)
    return f"Did you mean {close[0]}? Known are {known}" if close else f"Remove it; known are {known}"


def _absolute(stated: str, base: Path, key: str) -> Path:
    if not stated or "\0" in stated or stated.startswith("~"):
        raise SettingInvalid(f"{key} is no path: {stated!r}", "Name a file or folder in full, or leave it out")
    return Path(os.path.abspath(base / stated))


def _short(path: Path) -> Path:
    if len(os.fsencode(path)) > SOCKET_BYTES_MAX:
        raise SettingInvalid(f"a socket's path is over {SOCKET_BYTES_MAX} bytes: {path}", "Name a shorter one")
    return path
