"""C2SP tlog-tiles (c2sp.org/tlog-tiles): a journal's tree and entries as files that anybody can serve and check.

    tile/<level>/<n>          256 hashes; one of level 0 is a leaf's, one above it the root of a whole tile below
    tile/entries/<n>          the 256 entries of tile n of level 0, each behind its length (2 bytes, big-endian)
    tile/.../<n>.p/<width>    the same where the last of a level is not whole yet

A file of a given name never changes as the journal grows. Everything here is pure: whoever calls reads and writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from remit.journal.frame import ENTRY_BYTES_MAX
from remit.journal.tree import Tree, leaf_hash, root_of

WIDTH = 256
"""Hashes of a whole tile, entries of a whole bundle."""
HASH_BYTES = 32
TILE_BYTES = WIDTH * HASH_BYTES
BUNDLE_BYTES_MAX = WIDTH * (ENTRY_BYTES_MAX + 2)
CHECKPOINT = "checkpoint"
"""The one file that changes: the signed head of what the tiles hold."""
_ENTRIES = "entries"
Read = Callable[[str], bytes]
"""Gives the bytes of a file of an export by its path; it raises what it likes where there is none."""


class TilesDamaged(ValueError):
    """A file of an export is not what a tree of that size has there: `path` names it."""

    def __init__(self, path: str, fault: str) -> None:
        super().__init__(f"{path}: {fault}")
        self.path, self.fault = path, fault


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """The path of a hash tile; `width` under 256 is that of a partial one."""
    return _path(str(level), index, width)


def bundle_path(index: int, width: int = WIDTH) -> str:
    """The path of an entry bundle; `width` under 256 is that of a partial one."""
    return _path(_ENTRIES, index, width)


def edge(size: int) -> list[tuple[int, int, int]]:
    """Level, index and width of the last tile of each level of a tree, whole where the level ends with its tile.

    With the hashes in them alone the tree can be grown, and its root computed.
    """
    found, level = [], 0
    while count := size >> (8 * level):
        found.append((level, (count - 1) // WIDTH, (count - 1) % WIDTH + 1))
        level += 1
    return found


def bundle(entries: Sequence[bytes]) -> bytes:
    """The bytes of an entry bundle."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def entries_of(data: bytes) -> list[bytes]:
    """The entries of a bundle's bytes. ValueError where they do not end with an entry."""
    found, at = [], 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or at > len(data):
            raise ValueError("the bundle ends within an entry")
        found.append(data[start:at])
    return found


def hashes_of(data: bytes) -> list[bytes]:
    """The hashes of a tile's bytes. ValueError where they are no whole hashes."""
    if len(data) % HASH_BYTES:
        raise ValueError(f"a tile holds hashes of {HASH_BYTES} bytes")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


class Tiles:
    """The right edge of a growing export: what is given to it comes out as files. Memory: one bundle, one tile a level.

    `size` entries have been taken so far.
    """

    __slots__ = ("_entries", "_levels", "size")

    def __init__(self) -> None:
        self.size = 0
        self._entries: list[bytes] = []
        self._levels: list[list[bytes]] = []
        """Of each level, the hashes of the tile that is not whole."""

    @classmethod
    def resume(cls, size: int, read: Read) -> Tiles:
        """The edge of an export that holds so many entries, from its own files. TilesDamaged, and what `read` raises.

        Its entries are compared with its hashes; whether these are the journal's, `tree()` and a signed head say.
        """
        tiles = cls()
        tiles.size = size
        for level, index, width in edge(size):
            hashes = tile_at(read, level, index, width)
            tiles._levels.append([] if width == WIDTH else hashes)
        if size % WIDTH:
            tiles._entries = bundle_at(read, size // WIDTH, size % WIDTH)
            _check_leaves(size // WIDTH, tiles._entries, tiles._levels[0])
        return tiles

    def add(self, entry: bytes) -> Iterator[tuple[str, bytes]]:
        """Take the next entry and give the files that became whole with it, as paths and bytes."""
        self._entries.append(entry)
        index, peak, level = self.size, leaf_hash(entry), 0
        self.size += 1
        if len(self._entries) == WIDTH:
            yield bundle_path(index // WIDTH), bundle(self._entries)
            self._entries = []
        while True:
            if level == len(self._levels):
                self._levels.append([])
            tile = self._levels[level]
            tile.append(peak)
            if len(tile) < WIDTH:
                return
            index //= WIDTH
            yield tile_path(level, index), b"".join(tile)
            peak, level = root_of(tile), level + 1
            tile.clear()

    def partial(self) -> Iterator[tuple[str, bytes]]:
        """Give the files that are not whole: with the whole ones they are all that a head of this size needs."""
        if self._entries:
            yield bundle_path(self.size // WIDTH, len(self._entries)), bundle(self._entries)
        for level, tile in enumerate(self._levels):
            if tile:
                yield tile_path(level, self.size >> (8 * level + 8), len(tile)), b"".join(tile)

    def tree(self) -> Tree:
        """The tree of everything taken, ready to grow."""
        peaks: list[bytes] = []
        for level in reversed(range(len(self._levels))):
            tile, start = self._levels[level], 0
            for digit in reversed(range(8)):
                if len(tile) >> digit & 1:
                    peaks.append(root_of(tile[start : start + (1 << digit)]))
                    start += 1 << digit
        return Tree.from_frontier(self.size, peaks)


def bundle_at(read: Read, index: int, width: int) -> list[bytes]:
    """The entries of a bundle of an export. TilesDamaged where there are not so many."""
    path = bundle_path(index, width)
    try:
        found = entries_of(read(path))
    except ValueError as fault:
        raise TilesDamaged(path, str(fault)) from None
    if len(found) != width:
        raise TilesDamaged(path, f"it holds {len(found)} entries and not {width}")
    return found


def tile_at(read: Read, level: int, index: int, width: int) -> list[bytes]:
    """The hashes of a tile of an export. TilesDamaged where there are not so many."""
    path = tile_path(level, index, width)
    data = read(path)
    if len(data) != width * HASH_BYTES:
        raise TilesDamaged(path, f"it holds {len(data)} bytes and not {width * HASH_BYTES}")
    return hashes_of(data)


def entries(size: int, read: Read, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Each entry of an export that holds so many, from index `start` on, with its index: one bundle in memory.

    Every entry is compared with its leaf in the tile of level 0, and every whole tile with its hash in the level above.
    So an export whose files do not fit each other is found at the first file: TilesDamaged, and what `read` raises.
    Whether they are the journal's, the root says: add the entries to a tree and compare it with the signed head.
    """
    above: dict[int, tuple[int, list[bytes]]] = {}
    for index in range(start // WIDTH, (size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, size - index * WIDTH)
        held, hashes = bundle_at(read, index, width), tile_at(read, 0, index, width)
        _check_leaves(index, held, hashes)
        if width == WIDTH:
            _check_above(size, read, index, hashes, above)
        for place, entry in enumerate(held, index * WIDTH):
            if place >= start:
                yield place, entry


def _check_leaves(index: int, held: Sequence[bytes], hashes: Sequence[bytes]) -> None:
    """Compare a bundle with its tile."""
    for place, (entry, leaf) in enumerate(zip(held, hashes, strict=True), index * WIDTH):
        if leaf_hash(entry) != leaf:
            raise TilesDamaged(bundle_path(index, len(held)), f"entry {place} is not the leaf that its tile has there")


def _check_above(
    size: int, read: Read, index: int, hashes: list[bytes], above: dict[int, tuple[int, list[bytes]]]
) -> None:
    """Compare a whole tile with its hash in the level above, and so on up while tiles end there."""
    level, whole = 0, True
    while whole:
        parent, place = divmod(index, WIDTH)
        width = min(WIDTH, (size >> (8 * level + 8)) - parent * WIDTH)
        if above.get(level + 1, (-1, []))[0] != parent:
            above[level + 1] = parent, tile_at(read, level + 1, parent, width)
        found = above[level + 1][1]
        if found[place] != root_of(hashes):
            raise TilesDamaged(tile_path(level + 1, parent, width), f"hash {place} is not the root of the tile below")
        whole = place == WIDTH - 1
        index, hashes, level = parent, found, level + 1


def _path(kind: str, index: int, width: int) -> str:
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03d}")
    suffix = "" if width == WIDTH else f".p/{width}"
    return f"tile/{kind}/{'/'.join(groups)}{suffix}"
