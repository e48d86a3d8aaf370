#!/usr/bin/env python3
"""Check what a trading guard left, with nothing but Python and the package `cryptography`: one file, to be read first.

    python3 -I verify.py JOURNAL|EXPORT|RECEIPT|EVIDENCE --key NAME+HASH+KEY [--head FILE]

JOURNAL   a folder of segments: lines `e <crc32> <entry>` and `c <crc32> "<signed head>"`
EXPORT    a folder in the C2SP tlog-tiles layout, with its file `checkpoint`
RECEIPT   a C2SP tlog-proof: one entry, the hashes beside its path, a signed head
EVIDENCE  a zip of such receipts, with the records they prove; of the files beside them it says what it does not check

It establishes that the entries are those that the key's holder signed, in that order, none changed, left out or added;
that their numbers have no gap and their times never go back; that whatever is said to have been sent was permitted by
an earlier entry; that every halt ended after a person's review. It does not derive decisions, nor hold a start against
the stop before it, nor look at lines of witnesses: `remit verify` does. It needs no network and no secret. Take the key
from somebody else than from whoever gave you the files. With --head, a signed head that you kept or that a witness gave
you, an old copy and a second history of the same key are found too. A receipt and evidence stand under one head: a kept
one of the same size is compared with it, and of any other it is said that it was not.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PROOF = "c2sp.org/tlog-proof@v1"
EVIDENCE = "remit-evidence-1"
WIDTH = 256  # entries of a bundle
FILE_BYTES_MAX, LINE_BYTES_MAX = 1 << 28, 1 << 17
FIXED = {"README.txt", "head.txt", "manifest.json", "page.html", "verifier.txt", "verify.py"}
NAMED = re.compile(r"(records|mandates)/[0-9]{12}\.json|receipts/[0-9]{12}\.tlog-proof|attestation\.json", re.ASCII)
DECIMAL = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)  # the one spelling of a number: int() would take +3, 1_0 and 007
SEGMENT = "[0-9]" * 20 + ".journal"  # named by the index of its first entry
WORKED = {"sent", "acked", "filled", "expired", "replaced"}
PEOPLE = {"operator", "owner"}
CRASHES = (ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError)


class Wrong(Exception):
    """The first thing that does not hold."""


def say(text: str) -> None:
    """Whatever stands in it, it is one line and steers no terminal."""
    print("".join(char if " " <= char <= "~" else char.encode("unicode_escape").decode() for char in text))


def number(text: str) -> int:
    if not DECIMAL.fullmatch(text):
        raise Wrong(f"{text[:40]!r} is no plain decimal number")
    return int(text)


# The tree (RFC 6962): a leaf is SHA-256 of 0x00 and an entry, a node SHA-256 of 0x01 and its two children.


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


class Tree:
    """Grows leaf by leaf and keeps only the roots of its whole subtrees, widest first."""

    def __init__(self) -> None:
        self.size, self.peaks = 0, list[bytes]()

    def add(self, entry: bytes) -> None:
        node, digits = sha256(b"\x00", entry), self.size
        while digits & 1:
            node, digits = sha256(b"\x01", self.peaks.pop(), node), digits >> 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return sha256(b"")
        root = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            root = sha256(b"\x01", peak, root)
        return root


def root_by_path(entry: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root that an entry's audit path leads to (RFC 9162, 2.1.3.2); None where the path has the wrong length."""
    node, last, running = index, size - 1, sha256(b"\x00", entry)
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            running = sha256(b"\x01", sibling, running)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            running = sha256(b"\x01", running, sibling)
        node, last = node >> 1, last >> 1
    return running if last == 0 and 0 <= index < size else None


# Signed heads (C2SP signed note): name, size, root, more lines; a blank line; one line per signature.


class Key:
    """A public key as `NAME+HASH+KEY`: the hash is of the name, the type 1 and the 32 bytes of the Ed25519 key."""

    def __init__(self, text: str) -> None:
        name, _, rest = text.strip().partition("+")
        stated, _, encoded = rest.partition("+")
        raw = unbase64(encoded)
        self.text, self.name, self.hash = text.strip(), name, sha256(name.encode(), b"\n", raw)[:4]
        if len(raw) != 33 or raw[0] != 1 or self.hash.hex() != stated:
            raise Wrong("the key is not one: NAME+HASH+KEY of an Ed25519 key")
        self.key = Ed25519PublicKey.from_public_bytes(raw[1:])

    def head(self, note: str) -> tuple[int, bytes, list[str]]:
        """The size and root of a signed head, and its further lines; Wrong where this key did not sign it."""
        body, blank, signatures = note.rpartition("\n\n")
        text = body + "\n"
        if not blank or not signatures.endswith("\n") or any(char < " " and char != "\n" for char in text):
            raise Wrong("the head is no signed note")
        signed = False
        for line in signatures[:-1].split("\n"):
            dash, _, rest = line.partition(" ")
            name, _, encoded = rest.partition(" ")
            if dash != "\u2014" or not name or len(raw := unbase64(encoded)) < 5:
                raise Wrong("a signature line of a head is malformed")
            if name == self.name and raw[:4] == self.hash:
                try:
                    self.key.verify(raw[4:], text.encode())
                except InvalidSignature:
                    raise Wrong("a signature of the key does not fit its head") from None
                signed = True
        lines = text.split("\n")[:-1]
        if not signed or len(lines) < 3 or lines[0] != self.name or not all(lines):
            raise Wrong("the head is not signed by the key that was given")
        return number(lines[1]), unbase64(lines[2]), lines[3:]


def unbase64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raw = b""
    if not raw or base64.b64encode(raw).decode() != text:
        raise Wrong(f"{text[:40]!r} is no base64")
    return raw


def plain(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > FILE_BYTES_MAX:
        raise Wrong(f"{path} is missing, or no plain file, or has more than {FILE_BYTES_MAX} bytes")
    return path.read_bytes()


def is_line(line: bytes) -> bool:
    kind, payload = line[:1], line[11:-1]
    return kind in (b"e", b"c") and line == b"%b %08x %b\n" % (kind, zlib.crc32(payload, zlib.crc32(kind)), payload)


def is_torn(line: bytes, rest: bytes) -> bool:
    is_cut = b"\n" not in line + rest and len(rest) < FILE_BYTES_MAX  # a crash leaves more to miss than the newline
    return is_cut and (line.endswith(b"\0") or not is_line(line[:-1] + b"\n"))


def from_journal(folder: Path, key: Key, tree: Tree) -> Iterator[bytes]:
    files = sorted(path for path in folder.glob(SEGMENT) if path.is_file())
    held, stopped = list[bytes](), False  # what no signed head follows yet: anybody could have written it
    for path in files:
        if int(path.stem) != tree.size or held:
            raise Wrong(f"entry {tree.size} is missing before {path.name}, or no signed head covers it")
        is_headed = False
        with path.open("rb") as file:
            while line := file.readline(LINE_BYTES_MAX):
                place, payload = f"{path.name}, before byte {file.tell()}", line[11:-1]
                if path == files[-1] and is_torn(line, b"" if line.endswith(b"\n") else file.read(FILE_BYTES_MAX)):
                    say(f"note: {place} is torn: nobody was told of it")
                    break
                if not is_line(line):
                    raise Wrong(f"{place}: a line does not match its checksum")
                if line.startswith(b"e"):
                    if stopped or not is_headed:
                        raise Wrong(f"{place}: an entry follows a clean stop or nothing, and no opening stands between")
                    held.append(payload)
                    continue
                size, root, more = key.head(json.loads(payload if payload[:1] == b'"' else b""))
                for entry in held:
                    tree.add(entry)
                    yield entry
                if (size, root) != (tree.size, tree.root()) or stopped and "opened" not in more:
                    raise Wrong(f"{place}: a signed head of size {size} does not fit what stands before it")
                held, is_headed, stopped = [], True, "clean-stop" in more
        if not is_headed:
            raise Wrong(f"{path.name} does not begin with a signed head")
    if held:
        say(f"note: nobody signed the {len(held)} entries after the last head: nothing is said of them")


def from_export(folder: Path, key: Key, tree: Tree) -> Iterator[bytes]:
    size, root, _ = key.head(plain(folder / "checkpoint").decode())
    for index in range(-(-size // WIDTH)):
        width = min(WIDTH, size - index * WIDTH)
        *above, last = (group.zfill(3) for group in f"{index:,}".split(","))
        path = folder.joinpath("tile", "entries", *(f"x{group}" for group in above), last)
        part = Path(f"{path}.p", f"{width}")  # gone where the bundle became whole meanwhile
        data, at = plain(part if part.exists() else path), 0
        for _ in range(width):
            begin, at = at + 2, at + 2 + int.from_bytes(data[at : at + 2], "big")
            tree.add(data[begin:at])
            yield data[begin:at]
        if at > len(data) or at < len(data) and (width == WIDTH or part.exists()):
            raise Wrong(f"{path} does not hold {width} entries")
    if tree.root() != root:
        raise Wrong(f"the signed head of size {size} does not fit the entries of the export")


class History:
    """Numbers, times, permits and halts. `placed` are the orders whose placing was permitted so far."""

    def __init__(self) -> None:
        self.seq = self.at = 0
        self.orders, self.placed, self.halts = set[str](), set[str](), dict[str, bool]()

    def take(self, entry: bytes) -> None:
        try:
            record = json.loads(entry)
            command, body = record["command"], record["command"]["body"]
            seq, at, kind = command["seq"], command["at"], body["kind"]
            happened = [e["event"] for e in record["events"]]
        except (ValueError, KeyError, TypeError) as fault:
            raise Wrong(f"entry {self.seq + 1} is no record: {fault!r}") from None
        if type(seq) is not int or type(at) is not int:
            raise Wrong(f"entry {self.seq + 1} has a number or a time that is no whole number")
        if seq != self.seq + 1:
            raise Wrong(f"entry {self.seq + 1} calls itself {seq}")
        if at < self.at:
            raise Wrong(f"entry {seq}: time goes back by {self.at - at} ns")
        self.seq, self.at = seq, at
        if kind in WORKED and body["order"] in self.orders and body["order"] not in self.placed:
            raise Wrong(f"entry {seq}: {body['order']} is {kind}, and no earlier entry permits it to be sent")
        if kind in ("review", "resume") and "took" in happened and command["by"]["role"] not in PEOPLE:
            raise Wrong(f"entry {seq}: the {kind} of {body['halt']} is by a {command['by']['role']}, who may not")
        if kind == "review" and "took" in happened:
            self.halts[body["halt"]] = True
        if kind == "resume" and "took" in happened and not self.halts.pop(body["halt"], False):
            raise Wrong(f"entry {seq}: {body['halt']} ends, and nobody reviewed it")
        for event in record["events"]:
            if event["event"] == "reserved":
                self.orders.add(event["order"])
            if event["event"] == "halt_raised":
                self.halts[event["halt"]] = False
        self.placed |= {request["order"] for request in record.get("requests", ()) if request["do"] == "place"}


def check_whole(source: Callable[[Path, Key, Tree], Iterator[bytes]], folder: Path, key: Key, heads: list[str]) -> str:
    """A journal or an export, entry by entry, and the heads that were kept elsewhere."""
    kept = sorted(key.head(head)[:2] for head in heads)
    tree, history, met = Tree(), History(), 0
    for entry in source(folder, key, tree):
        while met < len(kept) and kept[met][0] <= tree.size:
            if kept[met][0] == tree.size and kept[met][1] != tree.root():
                raise Wrong(f"a head of size {tree.size} that was kept elsewhere is of another history of the same key")
            met += 1
        history.take(entry)
        if tree.size % 100_000 == 0:
            print(f"... {tree.size} entries", file=sys.stderr)
    if kept and kept[-1][0] > tree.size:
        raise Wrong(f"it ends at entry {tree.size}, and a kept head is of size {kept[-1][0]}: an old copy or cut")
    stands = f"; halts in force: {', '.join(history.halts)}" if history.halts else ""
    return f"{tree.size} entries hold, root {tree.root().hex()}{stands}"


def check_receipt(data: bytes, key: Key) -> tuple[int, bytes, str]:
    """The sequence number and the entry of a receipt, and the signed head that proves it."""
    top, _, note = data.decode().partition("\n\n")
    lines = top.split("\n")
    if lines[0] != PROOF or len(lines) < 3 or not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise Wrong(f"this is no receipt: it begins with {PROOF}")
    entry, index = unbase64(lines[1].removeprefix("extra ")), number(lines[2].removeprefix("index "))
    size, root, _ = key.head(note)
    if root_by_path(entry, index, size, [unbase64(line) for line in lines[3:]]) != root:
        raise Wrong(f"entry {index + 1} as it stands here is not in the journal that was signed")
    if json.loads(entry)["command"]["seq"] != index + 1:
        raise Wrong(f"entry {index + 1} calls itself by another number")
    return index + 1, entry, note


def pack(files: dict[str, bytes]) -> bytes:
    """The one zip of these files: by name, not compressed, with no time, so that nothing can hide in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr, info.create_system = 0o644 << 16, 3
            archive.writestr(info, files[name])
    return packed.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of evidence; Wrong where it is not, byte for byte, the one zip of them, or they have other names."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = archive.infolist()
            if any(info.compress_type for info in found) or sum(info.file_size for info in found) > len(data):
                raise Wrong("the zip is compressed, or says that it holds more than there is")
            files = {info.filename: archive.read(info) for info in found}
    except (zipfile.BadZipFile, struct.error, *CRASHES) as fault:
        raise Wrong(f"the zip is damaged: {fault}") from None
    names = {name for name in files if not NAMED.fullmatch(name)}
    if names != FIXED:
        raise Wrong(f"it is no evidence: of this name it has none, or should not: {min(names ^ FIXED)!r}")
    if pack(files) != data:
        raise Wrong("it is not packed as evidence is: it holds more than its files, or a file twice")
    return files


def check_evidence(data: bytes, key: Key) -> dict[str, bytes]:
    """The files: every record proven by its receipt, all under the head in head.txt. That the other files follow from
    the records is not checked here."""
    files = unpack(data)
    about: dict[str, Any] = json.loads(files["manifest.json"])
    listed = {name: sha256(content).hex() for name, content in files.items() if name != "manifest.json"}
    if about["evidence"] != EVIDENCE or listed != about["files"]:
        raise Wrong("the files are not those that manifest.json lists")
    proven = dict[str, bytes]()
    for name in sorted(files):
        if name.startswith("receipts/"):
            seq, entry, note = check_receipt(files[name], key)
            proven[f"records/{seq:012d}.json"] = entry + b"\n"
            if name != f"receipts/{seq:012d}.tlog-proof" or note.encode() != files["head.txt"]:
                raise Wrong(f"{name} is that of another record, or not under the head in head.txt")
    if not proven or proven != {name: files[name] for name in files if name.startswith("records/")}:
        raise Wrong("the records are not those that the receipts prove")
    if files["verifier.txt"] != f"{key.text}\n".encode():
        raise Wrong("verifier.txt is not the key that was given")
    return files


def meet(note: str, heads: list[str], key: Key) -> str:
    """Compare the head of a receipt or of evidence with those that were kept elsewhere, as far as that can be."""
    size, root, _ = key.head(note)
    for kept, other, _ in map(key.head, heads):
        if kept != size:
            say(f"note: not compared: the kept head of size {kept}; this stands under one of size {size}")
        elif other != root:
            raise Wrong(f"a head of size {size} that was kept elsewhere is of another history of the same key")
    return f"of the journal signed with {size} entries, root {root.hex()}"


def check(path: Path, key: Key, heads: list[str]) -> str:
    """What holds of the file or folder; Wrong at the first thing that does not."""
    if path.is_dir():
        kinds = ((from_export, "checkpoint"), (from_journal, SEGMENT))
        places = [(one, walk, one.glob(name)) for one in (path, path / "journal") for walk, name in kinds]
        found = [check_whole(walk, one, key, heads) for one, walk, files in places if any(map(Path.is_file, files))]
        if not found:
            raise Wrong(f"there is no journal in {path}")
        return "; ".join(found)
    data = plain(path.resolve())
    if data[:2] != b"PK":
        seq, entry, note = check_receipt(data, key)
        say(entry.decode())
        return f"entry {seq} is one {meet(note, heads, key)}"
    files = check_evidence(data, key)
    said = meet(files["head.txt"].decode(), heads, key)
    others = {name if "/" not in name else "mandates/" for name in files if not name.startswith("rec")}
    others -= {"head.txt", "manifest.json", "verifier.txt"}
    say(f"not checked: {', '.join(sorted(others))}: `remit verify` makes all but an attestation again from the records")
    return f"{sum(name[:8] == 'records/' for name in files)} records are entries {said}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("path", type=Path, help="a journal, an export, a receipt or evidence")
    parser.add_argument("--key", required=True, help="the public key of the journal's heads: NAME+HASH+KEY")
    parser.add_argument("--head", type=Path, action="append", default=[], help="a signed head kept elsewhere")
    given = parser.parse_args()
    try:
        heads = [head.read_text(encoding="utf-8") for head in given.head]
        say(f"HOLDS: {check(given.path, Key(given.key), heads)}")
    except (Wrong, *CRASHES) as fault:
        say(f"DOES NOT HOLD: {fault}" if isinstance(fault, Wrong) else f"DOES NOT HOLD: {fault!r}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
