"""Writes evidence as a zip: the same evidence always gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from importlib import resources

from remit.evidence.gathering import Evidence
from remit.evidence.page import page
from remit.journal.checkpoint import parse
from remit.journal.cosigned import signed_by
from remit.journal.receipt import SUFFIX
from remit.kernel.codec import encode

VERIFIER_FILE = "verify.py"
FORMAT = "remit-evidence-1"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold: no file in it tells when it was packed."""
_MODE = 0o644 << 16
_UNIX = 3
ATTESTED = "  attestation.json   what code the guard ran, and who says so: `remit attest verify`\n"
README = """\
Evidence of {of}

  page.html          what was asked, what was decided, by which numbers, and who approved: for people
  records/           the entries of the journal, each exactly as it was signed
  receipts/          for each a C2SP tlog-proof: it stands in the journal, under the signed head in head.txt
  mandates/          the limits in force: each decision names their digests
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
     It says HOLDS and how many records are entries of the journal, or DOES NOT HOLD and why.
  3. Compare head.txt with heads that you, a witness or an exchange of heads kept: the same size has the same root.
  4. Whether each decision follows from the mandates, the whole journal tells: ask for a copy or an export and run
       remit verify FOLDER --key "THE KEY" --head head.txt

What this evidence does not prove

  That nothing else concerns {of}: only the whole journal shows what is absent. {not_proved}
"""


def write(evidence: Evidence, attestation: bytes | None = None) -> bytes:
    """Return the zip. `attestation` is a statement of the guard's code, put in as it is."""
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
        files[f"mandates/{version.subject.replace(':', '-')}-{version.number}.json"] = encode(version) + b"\n"
    if attestation is not None:
        files["attestation.json"] = attestation
    listed = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    about = {"evidence": FORMAT, "of": evidence.of, "files": listed}
    files["manifest.json"] = json.dumps(about, indent=1, ensure_ascii=True).encode() + b"\n"
    return _zip(files)


def _zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr, info.create_system, info.compress_type = _MODE, _UNIX, zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name], compresslevel=9)
    return packed.getvalue()


def _readme(evidence: Evidence, attested: bool) -> str:
    head = parse(evidence.receipts[0].checkpoint)
    by = ", ".join(signed_by(head))
    return README.format(
        of=evidence.of,
        size=head.size,
        cosigned=f"with lines of {by}" if by else "with no line of a witness",
        key=evidence.key,
        attested=ATTESTED if attested else "",
        not_proved=" ".join(f"Nor {claim}." for claim in evidence.verdict.not_proved),
    )
