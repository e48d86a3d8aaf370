"""`remit evidence`: what the journal holds of one order, one agent or one day, for a stranger to check and read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, caller

ATTESTATION_BYTES_MAX = 1 << 20


def evidence(
    of: Annotated[str, typer.Argument(metavar="ORDER|AGENT|DAY", help="An order's id, an agent, or a day in UTC.")],
    out: Annotated[Path | None, typer.Option("--out", help="A new file; else NAME-evidence.zip here.")] = None,
    journal: Annotated[Path | None, typer.Option(help="A journal, an export or a backup; else yours.")] = None,
    key: Annotated[str | None, typer.Option(help="The public key of its checkpoints, kept elsewhere.")] = None,
    head: Annotated[list[Path] | None, typer.Option(help="A checkpoint kept elsewhere that it must contain.")] = None,
    attestation: Annotated[Path | None, typer.Option(help="A statement of the guard's code, to go with it.")] = None,
    json: Json = False,
) -> None:
    """Pack what the journal holds of one thing: records, receipts, mandates, a page for people, and the verifier.

    The whole journal is verified first. The same journal and question give the same bytes.

    ```
    remit evidence r1a2b3c4d-17
    remit evidence momentum --out momentum.zip
    remit evidence 2026-01-31 --journal /mnt/auditor/journal --attestation statement.json
    ```
    """
    # Fetched here: it brings the whole kernel along, and `remit kill` must not wait for that.
    from remit.evidence import EvidenceRefused, gather, write
    from remit.verify import JOURNAL, CannotVerify, journals, key_of

    try:
        folder, *others = journals(caller().settings.home / JOURNAL if journal is None else journal)
        if others:
            raise Fault("which_journal", f"{journal} holds {1 + len(others)} journals", "Name one of them: --journal")
        heads = [one.read_text(encoding="utf-8") for one in head or ()]
        witnesses = [one.cosigner for one in caller().settings.witnesses]
        found = gather(folder, key_of(folder, key), of, heads=heads, witnesses=witnesses)
        stated = None if attestation is None else attestation.read_bytes()[: ATTESTATION_BYTES_MAX + 1]
        if stated is not None and len(stated) > ATTESTATION_BYTES_MAX:
            raise Fault("attestation_too_large", f"{attestation} is over a MiB", "Name a statement of `remit attest`")
        packed = write(found, stated)
    except (CannotVerify, EvidenceRefused) as fault:
        raise Fault(fault.code, fault.what, fault.do) from None
    except (OSError, UnicodeDecodeError) as fault:
        raise Fault("unreadable", str(fault), "Name another file") from None
    target = Path(f"{''.join(char if char.isalnum() or char in '-_' else '_' for char in of)}-evidence.zip")
    target = out or target
    try:
        with target.open("xb") as file:
            file.write(packed)
    except OSError as fault:
        raise Fault("not_written", f"{target}: {fault.strerror or fault}", "Name another file: --out") from None
    digest, records = hashlib.sha256(packed).hexdigest(), len(found.kept)
    if not show.json({"of": of, "out": str(target), "records": records, "sha256": digest}):
        show.say(f"{target}: {show.counted(records, 'record')}, each with its receipt; check it: remit verify {target}")
        show.say(f"  SHA-256 {digest}")
