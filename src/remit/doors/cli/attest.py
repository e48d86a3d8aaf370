"""`remit attest`: what a guard says of its code, its mandates and its keys, and who vouches for that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, now, read, span_s
from remit.doors.facts import instant

if TYPE_CHECKING:
    from remit.attest.carried import Attestation
    from remit.attest.check import Checked

app = typer.Typer(invoke_without_command=True, rich_markup_mode="markdown")
STYLES = {"holds": "green", "fails": "red", "open": "yellow"}
DIGITS = 64

Nonce = Annotated[str | None, typer.Option(help="Up to 64 bytes of your own choice, in hex: no old answer has them.")]
Out = Annotated[Path | None, typer.Option(help="Write the file there.")]
Source = Annotated[Path, typer.Argument(metavar="FILE", help="What `remit attest --out` wrote.")]


@app.callback()
def attest(context: typer.Context, nonce: Nonce = None, out: Out = None, json: Json = False) -> None:
    """Ask the guard for a signed statement: its code's digest, its mandates' digest, its keys, your nonce, the time.

    A key in software signs it: that proves who says so, and nothing about the machine. For that have a TPM or an AWS
    Nitro enclave vouch for its digest, and carry their word along: `remit attest carry`.

    ```
    remit attest --nonce 5f1d00c7a9 --out attestation.json
    remit attest verify attestation.json --nonce 5f1d00c7a9 --key "remit.local/journal+1a2b3c4d+AbCd..."
    ```
    """
    if context.invoked_subcommand is not None:
        return
    from remit.attest.carried import Attestation, write
    from remit.attest.check import SOFTWARE, Expected, check
    from remit.kernel.codec import build

    found = build(Attestation, read("attestation", nonce=None if nonce is None else nonce.lower()))
    if out is not None:
        out.write_bytes(write(found))
    told = check(write(found), Expected(), now())
    if show.json(msgspec.json.decode(write(found))):
        return
    for name, value in msgspec.to_builtins(told.statement).items():
        for line in [f"{part}  {digest}" for part, digest in value.items()] if isinstance(value, dict) else [value]:
            show.say(f"{name:<11} {line}")
    show.say(f"{'digest':<11} {told.digest}")
    show.say(SOFTWARE, "yellow")


@app.command()
def verify(
    source: Source,
    key: Annotated[
        str | None, typer.Option(help="The journal's public key, kept elsewhere, or its file verifier.txt.")
    ] = None,
    code: Annotated[str | None, typer.Option(help="The code's digest, or what `measure --json` wrote.")] = None,
    mandates: Annotated[str | None, typer.Option(help="The digest of the mandates in force.")] = None,
    nonce: Annotated[str | None, typer.Option(help="What you asked with, in hex.")] = None,
    max_age: Annotated[str | None, typer.Option(help="How old it may be, such as 90s or 1h.")] = None,
    at: Annotated[str | None, typer.Option(help="Check it as of this time in UTC, not as of now.")] = None,
    ak: Annotated[Path | None, typer.Option(help="The TPM's attestation key: TPM2B_PUBLIC, or PEM.")] = None,
    tpm_pcr: Annotated[list[str] | None, typer.Option(help="N=HEX, a register that the TPM must hold.")] = None,
    nitro: Annotated[bool, typer.Option("--nitro", help="It must carry an AWS Nitro document.")] = False,
    nitro_pcr: Annotated[list[str] | None, typer.Option(help="N=HEX, a register that the enclave must hold.")] = None,
    nitro_root: Annotated[str | None, typer.Option(help="SHA-256 of another root certificate than AWS' own.")] = None,
    json: Json = False,
) -> None:
    """Check an attestation with no guard and no network; each thing that fails is named, and the exit code is then 1.

    What is not given is not compared, and said so. What is expected of hardware makes its document needed.

    ```
    remit attest verify attestation.json --key "remit.local/journal+1a2b3c4d+AbCd..." --code code.json --max-age 5min
    remit attest verify attestation.json --ak ak.pub --tpm-pcr 11=5f1d...
    remit attest verify attestation.json --nitro-pcr 0=5f1d... --at 2026-01-02T15:00:00Z
    ```
    """
    from remit.attest.check import Expected, check
    from remit.attest.nitro import AWS_ROOT

    expected = Expected(
        key=None if key is None else _key(key),
        code=None if code is None else _code(code),
        mandates=mandates,
        nonce=None if nonce is None else nonce.lower(),
        age_s_max=None if max_age is None else span_s(max_age, "--max-age"),
        ak=None if ak is None else ak.read_bytes(),
        tpm_pcrs=_pcrs(tpm_pcr, "--tpm-pcr"),
        nitro=nitro,
        nitro_pcrs=_pcrs(nitro_pcr, "--nitro-pcr"),
        nitro_roots=(AWS_ROOT if nitro_root is None else nitro_root,),
    )
    checked = check(source.read_bytes(), expected, _time(at))
    _tell(checked)
    if not checked.well:
        raise typer.Exit(1)


@app.command()
def measure(json: Json = False) -> None:
    """Measure the code that is installed here, as a guard of this installation would: what `verify --code` compares.

    ```
    remit attest measure --json > code.json
    ```
    """
    done = subprocess.run([sys.executable, "-P", "-m", "remit.guard.measure"], capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise Fault("not_measured", f"the installation cannot be measured: {said}", "Install it anew")
    found: dict[str, Any] = msgspec.json.decode(done.stdout)
    if show.json(found):
        return
    show.say(f"code  {found['code']}  ({found['python']})")
    for name, digest in found["packages"].items():
        show.say(f"  {digest}  {name}")


@app.command()
def mandates(json: Json = False) -> None:
    """Show which mandates are in force, and their digest together: what `verify --mandates` compares.

    ```
    remit attest mandates
    ```
    """
    from remit.attest.statement import mandates_digest

    rows = [row for row in read("mandates") if row.get("digest") and row.get("in_force")]
    digest = mandates_digest((row["subject"], row["digest"], row["currency"], row["expires_at"]) for row in rows)
    if show.json({"mandates": digest, "in_force": {row["subject"]: row["digest"] for row in rows}}):
        return
    show.say(f"mandates  {digest}")
    for row in sorted(rows, key=lambda row: str(row["subject"])):
        show.say(f"  {row['digest']}  {row['subject']}")


@app.command()
def carry(
    source: Source,
    out: Annotated[Path, typer.Option(help="Write the new file there.")],
    quote: Annotated[Path | None, typer.Option(help="The message of `tpm2_quote -m`.")] = None,
    signature: Annotated[Path | None, typer.Option(help="Its signature, of `-s`.")] = None,
    values: Annotated[Path | None, typer.Option(help="The registers' values, of `-o FILE -F values`.")] = None,
    nitro: Annotated[Path | None, typer.Option(help="An AWS Nitro document, as the enclave's device gave it.")] = None,
    json: Json = False,
) -> None:
    """Put the word of hardware into an attestation: a TPM's quote, or an AWS Nitro document, over its digest.

    The digest is what `remit attest` shows: the document's user_data, or the quote's qualifying data, as in
    `tpm2_quote -c 0x81010001 -l sha256:0,7,11 -q "$DIGEST" -m quote -s signature -o values -F values`. Nothing is
    judged here: that is for `verify`.

    ```
    remit attest carry attestation.json --quote quote --signature signature --values values --out vouched.json
    remit attest carry attestation.json --nitro document.cbor --out vouched.json
    ```
    """
    from remit.attest.carried import parse, write

    found = parse(source.read_bytes())
    if quote is not None or signature is not None or values is not None:
        if quote is None or signature is None or values is None:
            raise typer.BadParameter("a quote is its message, its signature and its values", param_hint="--quote")
        found = _with_quote(found, quote.read_bytes(), signature.read_bytes(), values.read_bytes())
    if nitro is not None:
        found = msgspec.structs.replace(found, nitro=nitro.read_bytes())
    out.write_bytes(write(found))
    carried = [name for name in ("tpm", "nitro") if getattr(found, name) is not None]
    if not show.json({"out": str(out), "carries": carried}):
        show.say(f"{out}: carries {' and '.join(carried) or 'no word of hardware'}")


def _with_quote(found: Attestation, message: bytes, signature: bytes, values: bytes) -> Attestation:
    from remit.attest.carried import Quote
    from remit.attest.tpm import read_quote

    selected = read_quote(message).selected
    size = len(values) // max(1, len(selected))
    if not selected or size * len(selected) != len(values):
        raise Fault("tpm_pcrs_differ", "the values are not those of the quoted registers", "Give the file of `-o`")
    held = {str(number): values[size * at : size * (at + 1)].hex() for at, number in enumerate(selected)}
    return msgspec.structs.replace(found, tpm=Quote(message, signature, held))


def _key(stated: str) -> str:
    return stated if "+" in stated else Path(stated).read_text(encoding="utf-8").strip()


def _code(stated: str) -> str | dict[str, str]:
    """Return what the code must be: a digest, or the digests of a file that `measure --json` wrote."""
    if len(stated) == DIGITS and all(digit in "0123456789abcdef" for digit in stated):
        return stated
    try:
        return msgspec.json.decode(Path(stated).read_bytes(), type=_Measured).packages
    except (ValueError, RecursionError) as fault:
        raise typer.BadParameter(f"{stated} is no measurement: {fault}", param_hint="--code") from None


class _Measured(msgspec.Struct):
    packages: dict[str, str]


def _pcrs(stated: list[str] | None, name: str) -> dict[int, str]:
    found = {}
    for one in stated or []:
        number, _, value = one.partition("=")
        if not number.isdecimal() or not number.isascii() or int(number) > 31 or not value:
            raise typer.BadParameter(f"{one!r} is no register; write for example 0=5f1d...", param_hint=name)
        found[int(number)] = value.lower()
    return found


def _time(stated: str | None) -> int:
    if stated is None:
        return now()
    try:
        return instant(stated)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--at") from None


def _tell(checked: Checked) -> None:
    told = [{"name": found.name, "standing": found.standing, "says": found.says} for found in checked.findings]
    statement = None if checked.statement is None else msgspec.to_builtins(checked.statement)
    if show.json({"well": checked.well, "digest": checked.digest, "statement": statement, "findings": told}):
        return
    for found in checked.findings:
        show.say(f"{found.standing:<6} {found.name}: {found.says}", STYLES[found.standing])
