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
from remit.environ import without_secrets

if TYPE_CHECKING:
    from remit.attest.carried import Attestation
    from remit.attest.check import Checked
    from remit.attest.quoting import Selection

app = typer.Typer(invoke_without_command=True, rich_markup_mode="markdown")
STYLES = {"holds": "green", "fails": "red", "open": "yellow"}
DIGITS = 64
HANDLE, PCRS = "0x81010001", "sha256:0,4,7,11"
"""The key and the registers of a TPM where nothing else is said."""

Nonce = Annotated[str | None, typer.Option(help="Up to 64 bytes of your own choice, in hex: no old answer has them.")]
Out = Annotated[Path | None, typer.Option(help="Write the file there.")]
Tcti = Annotated[str | None, typer.Option(help="Another TPM than this machine's, as TPM2TOOLS_TCTI names it.")]
Source = Annotated[Path, typer.Argument(metavar="FILE", help="What `remit attest --out` wrote.")]


@app.callback()
def attest(
    context: typer.Context,
    nonce: Nonce = None,
    out: Out = None,
    tpm: Annotated[
        str | None, typer.Option(metavar="HANDLE", help="Have this machine's TPM vouch, by the key at this handle.")
    ] = None,
    tpm_pcrs: Annotated[str, typer.Option(help="The registers that it quotes.")] = PCRS,
    tcti: Tcti = None,
    json: Json = False,
) -> None:
    """Ask the guard for a signed statement: its code's digest, its mandates' digest, its keys, your nonce, the time.

    A key in software signs it: that proves who says so, and nothing about the machine. With `--tpm` the machine's TPM
    quotes its registers over the statement's digest, by tpm2-tools in this process and not in the guard's; the quote is
    checked at once and lies in the same file. For a quote made elsewhere and a Nitro document: `remit attest carry`.

    ```
    remit attest --nonce 5f1d00c7a9 --out attestation.json
    remit attest --nonce 5f1d00c7a9 --tpm 0x81010001 --tpm-pcrs sha256:0,4,7,11 --out attestation.json
    remit attest verify attestation.json --nonce 5f1d00c7a9 --key "remit.local/journal+1a2b3c4d+AbCd..."
    ```
    """
    if context.invoked_subcommand is not None:
        return
    from remit.attest.carried import Attestation, write
    from remit.attest.check import Expected, check
    from remit.kernel.codec import build

    selection, handle = _meant(tpm, tpm_pcrs)
    found = build(Attestation, read("attestation", nonce=None if nonce is None else nonce.lower()))
    told = _held(check(write(found), Expected(), now()))
    if handle is not None:
        from remit.attest.quoting import Chip

        quote, key = Chip(tcti).quote(bytes.fromhex(told.digest), handle, selection)
        found = msgspec.structs.replace(found, tpm=quote)
        told = _held(check(write(found), Expected(ak=key), now()))
    if out is not None:
        out.write_bytes(write(found))
    if not show.json(msgspec.json.decode(write(found))):
        _show(found, told)


def _held(told: Checked) -> Checked:
    """Return what was checked where nothing of it fails; Fault by the first name otherwise."""
    for found in told.findings:
        if found.standing == "fails":
            raise Fault(found.name, f"what was made does not hold: {found.says}", "Ask again")
    return told


def _meant(tpm: str | None, pcrs: str) -> tuple[Selection, str | None]:
    """Return which registers and which handle are meant; wrong usage before anybody is asked."""
    from remit.attest.quoting import Selection

    try:
        selection = Selection.parse(pcrs)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--tpm-pcrs") from None
    return selection, None if tpm is None else _handle(tpm, "--tpm")


def _handle(stated: str, name: str) -> str:
    from remit.attest.quoting import handle_of

    try:
        return handle_of(stated)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint=name) from None


def _show(found: Attestation, told: Checked) -> None:
    from remit.attest.check import SOFTWARE

    for name, value in msgspec.to_builtins(told.statement).items():
        for line in [f"{part}  {digest}" for part, digest in value.items()] if isinstance(value, dict) else [value]:
            show.say(f"{name:<11} {line}")
    show.say(f"{'digest':<11} {told.digest}")
    if found.tpm is None:
        show.say(SOFTWARE, "yellow")
        return
    show.say(f"{'tpm':<11} {next(one.says for one in told.findings if one.name == 'tpm')}", "green")
    for number, value in found.tpm.pcrs.items():
        show.say(f"{'':<11} {number}={value}")


@app.command()
def tpm_key(
    out: Annotated[Path, typer.Option(help="Write its public area there: what `verify --ak` takes.")],
    handle: Annotated[str, typer.Argument(help="The handle where it is to stay.")] = HANDLE,
    tcti: Tcti = None,
    json: Json = False,
) -> None:
    """Make an attestation key in this machine's TPM, and write its public area; one that is there is left as it is.

    Do it once, while the machine is trusted, and keep the file where attestations are checked: a quote is worth what is
    known of its key. Needs tpm2-tools and the right to make keys there (root, or the group tss).

    ```
    remit attest tpm-key --out ak.pub
    remit attest tpm-key 0x81010002 --out ak.pub
    ```
    """
    from hashlib import sha256

    from remit.attest.quoting import Chip

    at = _handle(handle, "HANDLE")
    area, made = Chip(tcti).make_key(at)
    out.write_bytes(area)
    told = {"handle": at, "made": made, "out": str(out), "digest": sha256(area).hexdigest()}
    if not show.json(told):
        show.say(f"{at}: {'made' if made else 'was there already'}; its public area is in {out}", "green")
        show.say(f"  SHA-256 of that file, to keep elsewhere: {told['digest']}")


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
    words = [sys.executable, "-P", "-m", "remit.guard.measure"]
    done = subprocess.run(words, env=without_secrets(), capture_output=True, check=False)
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
    judged here: that is for `verify`. On the machine itself `remit attest --tpm` does it in one step.

    ```
    remit attest carry attestation.json --quote quote --signature signature --values values --out vouched.json
    remit attest carry attestation.json --nitro document.cbor --out vouched.json
    ```
    """
    from remit.attest.carried import parse, write
    from remit.attest.quoting import with_values

    found = parse(source.read_bytes())
    if quote is not None or signature is not None or values is not None:
        if quote is None or signature is None or values is None:
            raise typer.BadParameter("a quote is its message, its signature and its values", param_hint="--quote")
        made = with_values(quote.read_bytes(), signature.read_bytes(), values.read_bytes())
        found = msgspec.structs.replace(found, tpm=made)
    if nitro is not None:
        found = msgspec.structs.replace(found, nitro=nitro.read_bytes())
    out.write_bytes(write(found))
    carried = [name for name in ("tpm", "nitro") if getattr(found, name) is not None]
    if not show.json({"out": str(out), "carries": carried}):
        show.say(f"{out}: carries {' and '.join(carried) or 'no word of hardware'}")


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
