"""What lies where the journal was exported to, and a journal that is followed: bytes that were damaged, or forged."""

from __future__ import annotations

from functools import lru_cache

from tests.hostile.target import Target, chosen, only, seeded
from tests.journal.cases import KEYS, ORIGIN, entry, filled, opened

from remit.journal import checkpoint as checkpoints
from remit.journal import standing
from remit.journal.errors import JournalError, NoteInvalid
from remit.journal.standing import Standing
from remit.journal.tail import Tail
from remit.journal.tiles import Tiles, TilesDamaged, entries
from remit.journal.tree import Tree
from remit.testing.disk import MemoryStore

SIZE = 300
HEAD = "checkpoint"


@lru_cache(maxsize=1)
def _journal() -> tuple[dict[str, bytes], str]:
    """The files of a journal in several segments, and its head."""
    store = MemoryStore()
    journal, _ = opened(store, segment_bytes=4_000)
    head = filled(journal, SIZE // 3)
    return {name: bytes(data) for name, data in store.live.items()}, head.note


@lru_cache(maxsize=1)
def _export() -> dict[str, bytes]:
    """The files of its export."""
    tiles, files = Tiles(), {HEAD: _journal()[1].encode()}
    for number in range(SIZE):
        files.update(tiles.add(entry(number)))
    return files | dict(tiles.partial())


def check_exports(data: bytes) -> None:
    """Any bytes as one of the files: all entries are as they were, or the file is refused by name."""
    paths = sorted(_export())
    way, said = chosen(data, len(paths))
    files = {**_export(), paths[way]: said}
    with only(TilesDamaged, NoteInvalid):
        head = checkpoints.verify(files[HEAD].decode(errors="surrogateescape"), ORIGIN, KEYS)
        tree = Tree()
        found = []
        for _, one in entries(head.size, files.__getitem__):
            tree.add(one)
            found.append(one)
        if tree.root() == head.root:
            assert found == [entry(number) for number in range(SIZE)], "it was never journalled"
    with only(TilesDamaged):
        tiles = Tiles.resume(SIZE, files.__getitem__)
        if tiles.tree().root() == checkpoints.parse(_journal()[1]).root:
            assert dict(tiles.partial()).items() <= _export().items(), "it would go on from what was never journalled"


def export_seeds() -> list[bytes]:
    return [seeded(way, _export()[path]) for way, path in enumerate(sorted(_export()))]


def check_followed(data: bytes) -> None:
    """Any bytes as a segment of a journal that is followed: only signed entries come out, or it is refused by name."""
    files, _ = _journal()
    names = sorted(files)
    way, said = chosen(data, len(names))
    store = MemoryStore()
    for name in names:
        store.replace(name, said if name == names[way] else files[name])
    tail, seen = Tail(ORIGIN, KEYS, Tree()), 0
    with only(JournalError):
        while (stretch := tail.next(store)) is not None:
            for one in stretch.entries:
                assert one == entry(seen), "it was never journalled there"
                seen += 1
            assert stretch.checkpoint.size == seen


def followed_seeds() -> list[bytes]:
    files, _ = _journal()
    return [seeded(way, files[name]) for way, name in enumerate(sorted(files))]


def check_standings(data: bytes) -> None:
    """What an exporter left word of is read, and means the same when it is written again; or it is refused."""
    with only(ValueError):
        found = standing.parse(data)
        assert standing.parse(standing.write(found)) == found


def standing_seeds() -> list[bytes]:
    told = Standing(to="s3://worm/desk", size=9, root="ab", at=1, tried_at=2)
    return [standing.write(told), standing.write(Standing("/mnt/out", 0, "", 1, 2, "export_refused: no"))]


TARGETS = (
    Target("exports", check_exports, export_seeds, ("\u2014 ", "\n\n", ORIGIN), cost=5),
    Target("followed", check_followed, followed_seeds, ("e ", "c ", "opened"), cost=5),
    Target("standings", check_standings, standing_seeds, ('"to":', '"size":', '"at":', '"fault":')),
)
