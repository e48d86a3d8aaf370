"""How bytes stand in a segment: one line each, readable by a person, with a checksum.

    e <crc32> <entry>\\n          an entry, as it was given
    c <crc32> "<signed note>"\\n  a checkpoint over everything before it, as a JSON string

The CRC-32 (8 lower-case hex digits) covers the letter and the rest of the line. Segments are named by the index of
their first entry and open with the checkpoint that closed the segment before, so each one says where it stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from zlib import crc32

from remit.journal.errors import EntryRefused
from remit.journal.store import Reader

ENTRY = b"e"
CHECKPOINT = b"c"
ENTRY_BYTES_MAX = 65_535
BATCH_BYTES = 128 << 20
"""The entries between two checkpoints have so many bytes at most: whoever reads holds them until they are sealed."""
TORN_BYTES = 2 * BATCH_BYTES
"""More than this no crash leaves of a batch that was being written."""
UNSIGNED = "unsigned-"
"""How the name begins of a file with lines that no checkpoint followed, cut at a start; their first index is behind."""
_SUFFIX = ".journal"
_CHUNK_BYTES = 1 << 20
_NEAR_BYTES = 1 << 16
_LINE_BYTES = 1 << 17  # more than any line has
_CRC_OF = {ENTRY: crc32(ENTRY), CHECKPOINT: crc32(CHECKPOINT)}


def frame(kind: bytes, payload: bytes) -> bytes:
    """The line of one payload, with its newline."""
    return b"%b %08x %b\n" % (kind, crc32(payload, _CRC_OF[kind]), payload)


def unframe(line: bytes) -> tuple[bytes, bytes]:
    """The kind and payload of a line with its newline. ValueError where a byte of it is not as it was written."""
    if len(line) > _LINE_BYTES:
        raise ValueError(f"the line has more than {_LINE_BYTES} bytes")
    kind, payload = line[:1], line[11:-1]
    if kind not in _CRC_OF:
        raise ValueError("the line is neither an entry nor a checkpoint")
    if line[1:11] != b" %08x " % crc32(payload, _CRC_OF[kind]) or line[-1:] != b"\n":
        raise ValueError("the line does not match its checksum")
    return kind, payload


def checkpoint_line(note: str) -> bytes:
    """The line of a signed note."""
    return frame(CHECKPOINT, json.dumps(note, ensure_ascii=False).encode())


def note_in(payload: bytes) -> str:
    """The signed note in a checkpoint line's payload. ValueError where it is none."""
    note = json.loads(payload) if payload.startswith(b'"') else None
    if not isinstance(note, str):
        raise ValueError("the checkpoint line holds no note")
    return note


def check_entry(entry: bytes) -> None:
    """EntryRefused unless the entry fits one line: 1 to 65,535 bytes, no newline."""
    if not 1 <= len(entry) <= ENTRY_BYTES_MAX:
        raise EntryRefused(f"an entry has 1 to {ENTRY_BYTES_MAX} bytes, this one has {len(entry)}", "Make it smaller")
    if b"\n" in entry:
        raise EntryRefused("an entry is one line and this one holds a newline", "Encode it without newlines")


def segment_name(first: int) -> str:
    """The file name of the segment whose first entry has index `first`."""
    return f"{first:020d}{_SUFFIX}"


def first_index(name: str) -> int:
    """The index of the first entry of the segment with this file name."""
    return int(name.removesuffix(_SUFFIX))


def is_segment(name: str) -> bool:
    """Whether a file of this name is a segment."""
    stem = name.removesuffix(_SUFFIX)
    return name.endswith(_SUFFIX) and len(stem) == 20 and stem.isascii() and stem.isdigit()


def segments(store: Reader, start: int = 0) -> list[str]:
    """The segments in order, from the one that holds entry `start`; all of them where none begins at or before it."""
    names = sorted(name for name in store.names() if is_segment(name))
    before = [number for number, name in enumerate(names) if first_index(name) <= start]
    return names[before[-1] :] if before else names


def read_lines(store: Reader, name: str, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Each line of a file from `offset` on, with its byte offset; only the last can lack its newline. Of one that is
    longer than any line may be the beginning alone is told, too long for `unframe`. Memory: some 2 MiB."""
    rest, unread, place = b"", 0, offset
    while chunk := store.read(name, place, _CHUNK_BYTES):
        place += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield offset, line + b"\n"
            offset, unread = offset + len(line) + unread + 1, 0
        rest, unread = rest[:_LINE_BYTES], unread + len(rest[_LINE_BYTES:])
        if unread > TORN_BYTES:
            break  # a hole could be of any size, and reading on would find nothing that counts
    if rest:
        yield offset, rest


def place_before(store: Reader, name: str, start: int) -> tuple[int, int]:
    """The byte offset of a line of a segment, and the index of the next entry there: near entry `start`, not after it.

    Found by halves from one checkpoint to another, so that an entry is read without all that stands before it.
    """
    low, index, high = 0, first_index(name), store.size(name)
    while high - low > _NEAR_BYTES:
        middle = (low + high) // 2
        found = _checkpoint_after(store, name, middle, high)
        if found is not None and found[1] <= start:
            low, index = found
        else:
            high = middle
    return low, index


def sealed_size(store: Reader) -> int:
    """How many entries the last whole checkpoint line covers by its own word: its signature is unproven. OSError."""
    for name in reversed(segments(store)):
        ends, cut = store.size(name), b""
        while ends:
            begins = max(ends - _NEAR_BYTES, 0)
            held = store.read(name, begins, ends - begins) + cut
            size = _last_size(held, begins == 0)
            if size is not None:
                return size
            ends, cut = begins, held[: held.find(b"\n") + 1 or None]
    return 0


def _last_size(held: bytes, from_the_start: bool) -> int | None:
    """The size that the last whole checkpoint line among these bytes states; None where there is none."""
    ends = held.rfind(b"\n")
    while ends > 0:
        begins = held.rfind(b"\n", 0, ends) + 1
        if (begins or from_the_start) and held.startswith(CHECKPOINT, begins):
            size = _size_stated(held[begins : ends + 1])
            if size is not None:
                return size
        ends = begins - 1
    return None


def _size_stated(line: bytes) -> int | None:
    """The size that a checkpoint's line states; None where the line is damaged."""
    try:
        return int(note_in(unframe(line)[1]).split("\n", 2)[1])
    except (ValueError, IndexError):
        return None


def _checkpoint_after(store: Reader, name: str, offset: int, stop: int) -> tuple[int, int] | None:
    """Where the first whole checkpoint line that begins between two offsets ends, and the size it states; None where
    there is none."""
    held = b""
    while offset + len(held) < stop and (chunk := store.read(name, offset + len(held), _NEAR_BYTES)):
        held += chunk
        begins = held.find(b"\n" + CHECKPOINT + b" ") + 1
        ends = held.find(b"\n", begins) + 1
        if begins and ends:
            break
        kept = 0 if begins else max(len(held) - 2, 0)
        offset, held = offset + kept, held[kept:]
    else:
        return None
    size = _size_stated(held[begins:ends])
    # Where the line is damaged, reading on from before it tells what is wrong with it.
    return None if size is None else (offset + ends, size)
