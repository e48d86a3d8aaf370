"""Writes evidence as a zip: the same records and receipts always give the same bytes."""

from __future__ import annotations

import hashlib
import json
from importlib import resources

from remit import __version__
from remit.evidence.holding import Evidence, EvidenceRefused
from remit.evidence.page import page
from remit.journal.checkpoint import parse
from remit.journal.cosigned import signed_by
from remit.journal.receipt import SUFFIX
from remit.kernel.codec import encode
from remit.kernel.printable import printable
from remit.verify import EVIDENCE_BYTES_MAX, pack

VERIFIER_FILE = "verify.py"
MANIFEST = "manifest.json"
ATTESTATION = "attestation.json"
FORMAT = "remit-evidence-1"
ATTESTED = "  attestation.json   what code the guard ran, and who says so: `remit attest verify`\n"
README = """\
Evidence of {of}

  page.html          what was asked, what was decided, by which numbers, and who approved: for people
  records/           the entries of the journal, each exactly as it was signed
  receipts/          for each a C2SP tlog-proof: it stands in the journal, under the signed head in head.txt
  mandates/          the limits that these records publish: each decision names the digests of those in force
  head.txt           the signed head: {size} entries, {cosigned}
  verifier.txt       the public key, for comparison only
  verify.py          the verifier: one file, to be read before it is run; it needs Python 3.11 and `cryptography`
  manifest.json      the SHA-256 of every file
{attested}
How to check it

  1. Get the journal's public key from somebody else than whoever gave you this file: it is published, or was given to
     you before. It must read
       {key}
  2. Take verify.py from a release of Remit that you trust, or read the one in this file; then
       python3 -I verify.py EVIDENCE.zip --key "THE KEY"
     It says HOLDS and how many records are entries of the journal, or DOES NOT HOLD and why, and which files it did
     not check. Remit itself makes those again from the records and compares them:
       remit verify EVIDENCE.zip --key "THE KEY"
  3. Compare head.txt with heads that you, a witness or an exchange of heads kept: the same size has the same root.
     Both do it with --head FILE; Remit also with --witness "A WITNESS'S KEY".
  4. Whether each decision follows from the mandates, the whole journal tells: ask for a copy or an export and run
       remit verify FOLDER --key "THE KEY" --head head.txt

What this evidence does not prove

  That nothing else concerns {of}: only the whole journal shows what is absent. Nor that each decision is right
  (4), that the same key signed no other history (3), or that what was journalled is what happened outside. {packed}
  This file cannot show that.
"""
DECIDED = """\
Who packed
  it verified the whole journal first, and decided all of it again."""
AS_WRITTEN = """\
Who packed
  it checked that every entry stands under the signed head, and took the decisions as written: do (4)."""


def write(evidence: Evidence, attestation: bytes | None = None) -> bytes:
    """Return the zip. `attestation` is a statement of the guard's code, put in as it is. EvidenceRefused where no
    verifier would read so much."""
    packed = pack(files_for(evidence, attestation))
    if len(packed) > EVIDENCE_BYTES_MAX:
        said = f"it is more than {EVIDENCE_BYTES_MAX >> 20} MiB"
        raise EvidenceRefused("too_much", said, "Ask for a day or an order")
    return packed


def files_for(evidence: Evidence, attestation: bytes | None) -> dict[str, bytes]:
    """Return the files: whoever has the records, the receipts and the attestation gets them all again from this version
    of Remit."""
    files = {
        "README.txt": _readme(evidence, attestation is not None).encode(),
        "page.html": page(evidence).encode(),
        "head.txt": evidence.receipts[0].checkpoint.encode(),
        "verifier.txt": f"{evidence.key}\n".encode(),
        VERIFIER_FILE: resources.files("remit.verify").joinpath("standalone.py").read_bytes(),
    }
    for one, receipt in zip(evidence.kept, evidence.receipts, strict=True):
        files[f"records/{one.seq:012d}.json"] = one.entry + b"\n"
        files[f"receipts/{one.seq:012d}{SUFFIX}"] = receipt.write().encode()
    for version in evidence.mandates:
        files[f"mandates/{version.entry:012d}.json"] = encode(version) + b"\n"
    if attestation is not None:
        files[ATTESTATION] = attestation
    listed = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    about = {
        "evidence": FORMAT, "of": evidence.of, "packed_by": __version__, "decided": evidence.decided, "files": listed,
    }  # fmt: skip
    files[MANIFEST] = json.dumps(about, indent=1, ensure_ascii=True).encode() + b"\n"
    return files


def _readme(evidence: Evidence, attested: bool) -> str:
    head = parse(evidence.receipts[0].checkpoint)
    by = ", ".join(signed_by(head))
    return README.format(
        of=printable(evidence.of),
        size=head.size,
        cosigned=f"with lines of {by}" if by else "with no line of a witness",
        key=evidence.key,
        attested=ATTESTED if attested else "",
        packed=DECIDED if evidence.decided else AS_WRITTEN,
    )
