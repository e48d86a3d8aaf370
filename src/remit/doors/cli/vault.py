"""`remit vault`: the keys that speak at venues, how they are rotated, and how the vault that holds them is locked."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Annotated, Any, Literal

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, Why, caller, confirm, enter, noun, read
from remit.environ import PASSPHRASE

app = noun("The vault: which keys speak at venues, their rotation, and how the vault is locked.")

Keeper = Literal["file", "pkcs11"]
Fd = Annotated[int | None, typer.Option("--passphrase-fd", help="Read the vault's passphrase from this descriptor.")]
SECRET_BYTES_MAX = 8_192


@app.command()
def status(json: Json = False) -> None:
    """Say how the vault of the data folder is locked: not at all, by a passphrase, or by the TPM. Needs no guard.

    ```
    remit vault status
    ```
    """
    from remit.guard import keyholder

    found = keyholder.status(caller().settings)
    if not show.json(found):
        words = {"none": "not encrypted: private by its file mode alone", "tpm": "sealed to this machine's TPM"}
        show.say(f"{found['home']}: {words.get(found['lock'], 'encrypted under a passphrase, ' + found['lock'])}")


@app.command(name="list")
def list_(json: Json = False) -> None:
    """List which key speaks for each agent on each connection; never a key. Generation 0 is derived by the vault.

    ```
    remit vault list
    ```
    """
    found = read("keys")
    if not show.json(found):
        columns = ("connection", "agent", "generation", "scheme", "keeper", "fingerprint")
        show.rows([{"scheme": "", **row} for row in found], columns, "no connections")


@app.command()
def rotate(
    connection: Annotated[str, typer.Argument(help="The connection whose key is exchanged.")],
    why: Why,
    agent: Annotated[str, typer.Option(help="The agent whose key it is; the connection's own where not said.")] = "",
    keeper: Annotated[Keeper, typer.Option("--in", help="Where the new key is kept.")] = "file",
    secret_fd: Annotated[
        int | None, typer.Option("--secret-fd", help="Read a key that the venue gave out from here; -1 asks for it.")
    ] = None,
    json: Json = False,
) -> None:
    """Exchange a key while the guard runs: the new one speaks from the moment it is journalled, and no order waits.

    Where the venue gives its keys out, make the new one there first and hand it over by a file descriptor or at the
    prompt; no key is ever taken from the command line. Revoke the old one at the venue afterwards.

    ```
    remit vault rotate paper-1 --agent momentum --why "yearly"
    remit vault rotate paper-1 --agent momentum --in pkcs11 --why "into the token"
    remit vault rotate exchange-1 --secret-fd 3 --why "yearly" 3< new.key
    ```
    """
    from base64 import b64encode

    asked: dict[str, Any] = {
        "kind": "rotate_key",
        "connection": connection,
        "agent": agent,
        "keeper": keeper,
        "why": why,
    }
    if secret_fd is not None:
        asked["secret"] = b64encode(_secret(secret_fd)).decode()
    record = enter(asked)
    if not show.json(record):
        key = record["command"]["body"]["key"]
        whose = key.get("agent") or "the connection"
        show.say(f"{connection}, {whose}: generation {key['generation']}, {key['scheme']} in {key['keeper']}", "green")
        show.say(f"  fingerprint {key['fingerprint']}")


@app.command()
def passphrase(
    none: Annotated[bool, typer.Option("--none", help="Take the encryption away.")] = False,
    to_keyring: Annotated[bool, typer.Option("--to-keyring", help="Keep the new one in the system's keyring.")] = False,
    new_fd: Annotated[int | None, typer.Option("--new-fd", help="Read the new one from this descriptor.")] = None,
    passphrase_fd: Fd = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    json: Json = False,
) -> None:
    """Lock the vault by a new passphrase (argon2id), while no guard runs.

    With --to-keyring it is kept in the operating system's keyring as well, for `passphrase = "keyring"` in remit.toml.

    ```
    remit vault passphrase
    remit vault passphrase --to-keyring
    remit vault passphrase --passphrase-fd 3 --new-fd 4 3< old.txt 4< new.txt
    remit vault passphrase --none
    ```
    """
    from remit.guard import keyholder

    settings = caller().settings
    old = _old(passphrase_fd)
    if none:
        if to_keyring or new_fd is not None:
            raise Fault("usage", "--none takes no new passphrase", "Leave one of them out", 2)
        confirm(f"Take the encryption of {settings.home} away?", yes)
        keyholder.unlock(settings, old)
    else:
        new = keyholder.from_descriptor(new_fd) if new_fd is not None else _new()
        if to_keyring:
            keyholder.try_keyring(settings.home)  # before the vault opens by nothing else
        keyholder.lock(settings, old, new)
        if to_keyring:
            keyholder.into_keyring(settings.home, new)
    _told(json)


@app.command()
def token(
    module: Annotated[str, typer.Argument(help="The PKCS#11 module of the token.")] = "",
    label: Annotated[str, typer.Argument(help="The token's label.")] = "",
    pin_fd: Annotated[int | None, typer.Option("--pin-fd", help="Read the PIN from this descriptor.")] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Forget the token; its keys stay in it.")] = False,
    passphrase_fd: Fd = None,
    json: Json = False,
) -> None:
    """Name the PKCS#11 token that keys can be kept in, while no guard runs. Its PIN is kept in the vault.

    ```
    remit vault token /usr/lib/softhsm/libsofthsm2.so guard
    remit vault token --forget
    ```
    """
    from remit.guard import keyholder

    if forget == bool(module and label):
        raise Fault("usage", "name a module and a label, or --forget", "remit vault token --help", 2)
    named = None
    if not forget:
        pin = keyholder.from_descriptor(pin_fd) if pin_fd is not None else _asked("PIN of the token: ", "--pin-fd")
        named = keyholder.Token(os.path.abspath(module), label, pin)
    keyholder.name_token(caller().settings, _old(passphrase_fd), named)
    _told(json)


@app.command()
def seal(
    pcrs: Annotated[str, typer.Option(help="The PCRs that must stay as they are, such as 0,2,4,7.")] = "0,2,4,7",
    passphrase_fd: Fd = None,
    json: Json = False,
) -> None:
    """Seal the vault to this machine's TPM, while no guard runs: from then on it opens by itself, but only here and
    while the PCRs are what they are now. Keep a backup under a passphrase: an update of what is measured closes it.

    ```
    remit vault seal --pcrs 0,2,4,7
    remit vault passphrase
    ```
    """
    from remit.guard import keyholder

    try:
        chosen = [int(word) for word in pcrs.split(",")]
    except ValueError:
        raise Fault("usage", f"--pcrs {pcrs!r} is no list of numbers", "Write them as 0,2,4,7", 2) from None
    keyholder.seal(caller().settings, _old(passphrase_fd), chosen)
    _told(json)


def _told(json: bool) -> None:
    """Say how the vault is locked now."""
    status(json=json)


def _old(descriptor: int | None) -> str | None:
    """Return what opens the vault now: from the descriptor, REMIT_PASSPHRASE, the keyring, or asked for; None where it
    needs no passphrase."""
    from remit.guard import keyholder

    settings = caller().settings
    if descriptor is not None:
        return keyholder.from_descriptor(descriptor)
    if keyholder.status(settings)["lock"] in ("none", "tpm"):
        return None
    stated = os.environ.get(PASSPHRASE)
    if stated is not None:
        return stated
    if settings.passphrase == "keyring":
        return keyholder.from_keyring(settings.home)
    return _asked("Passphrase of the vault: ", "--passphrase-fd")


def _new() -> str:
    given = _asked("New passphrase: ", "--new-fd")
    if _asked("Again: ", "--new-fd") != given:
        raise Fault("passphrase_differs", "the two are not the same", "Try again", 2)
    return given


def _asked(question: str, instead: str) -> str:
    if not sys.stdin.isatty():
        raise Fault("no_terminal", "there is no terminal to ask at", f"Hand it over: {instead} 3 3< FILE")
    return getpass.getpass(question)


def _secret(descriptor: int) -> bytes:
    if descriptor < 0:
        return _asked("Key that the venue gave out: ", "--secret-fd").encode()
    try:
        with os.fdopen(descriptor, "rb") as file:
            said = file.read(SECRET_BYTES_MAX + 1)
    except OSError as fault:
        what = f"nothing can be read from file descriptor {descriptor}: {fault.strerror}"
        raise Fault("key_invalid", what, "Hand it over: --secret-fd 3 3< FILE") from None
    if not said.strip() or len(said) > SECRET_BYTES_MAX:
        raise Fault("key_invalid", f"a key has 1 to {SECRET_BYTES_MAX} bytes", "Hand over the key and nothing else")
    return said
