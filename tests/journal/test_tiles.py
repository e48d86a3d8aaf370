"""Tiles: the paths of the specification, and that what is written is the tree, at every size and after every resume."""

from __future__ import annotations

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.cases import entry, numbered

from remit.journal.tiles import (
    BUNDLE_BYTES_MAX,
    Tiles,
    TilesDamaged,
    bundle,
    bundle_path,
    edge,
    entries,
    entries_of,
    tile_path,
)
from remit.journal.tree import Tree, inclusion_proof, leaf_hash

SIZES = (0, 1, 2, 3, 255, 256, 257, 511, 512, 700)


def files(size: int) -> dict[str, bytes]:
    """Every file of an export of numbered entries."""
    tiles, found = Tiles(), {}
    for number in range(size):
        found.update(tiles.add(entry(number)))
    assert tiles.size == size
    return found | dict(tiles.partial())


@pytest.mark.parametrize(
    ("index", "path"),
    [
        (0, "tile/0/000"),
        (273, "tile/0/273"),
        (1000, "tile/0/x001/000"),
        (1_234_067, "tile/0/x001/x234/067"),
    ],
)
def test_paths_are_those_of_the_specification(index: int, path: str) -> None:
    assert tile_path(0, index) == path
    assert bundle_path(index, 7) == path.replace("/0/", "/entries/", 1) + ".p/7"


def test_the_specification_says_which_tiles_a_tree_of_70000_has() -> None:
    assert edge(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert edge(256) == [(0, 0, 256), (1, 0, 1)]
    assert edge(0) == []


def test_only_the_files_of_that_size_are_there() -> None:
    assert sorted(files(256)) == ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]
    assert len(files(513)["tile/0/000"]) == 8192
    assert sorted(files(513)) == [
        "tile/0/000", "tile/0/001", "tile/0/002.p/1", "tile/1/000.p/2", "tile/entries/000", "tile/entries/001",
        "tile/entries/002.p/1",
    ]  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_the_edge_goes_on_where_it_stood(size: int) -> None:
    held, more = files(size), files(size + 300)
    tiles, tree = Tiles.resume(size, held.__getitem__), Tree()
    for number in range(size + 300):
        if number == size:
            assert (tiles.tree().root(), tiles.tree().frontier()) == (tree.root(), tree.frontier())
        tree.add(entry(number))
    for number in range(size, size + 300):
        for path, data in tiles.add(entry(number)):
            assert more[path] == data
    assert dict(tiles.partial()).items() <= more.items()
    assert tiles.tree().root() == tree.root()


def test_the_third_level_is_whole_tiles_of_the_second() -> None:
    tiles = Tiles()
    tiles.size = 65_535
    tiles._levels = [[leaf_hash(b"%d" % n) for n in range(255)], [leaf_hash(b"-%d" % n) for n in range(255)]]
    tiles._entries = [b"e"] * 255
    before = tiles.tree()
    made = dict(tiles.add(b"last"))
    before.add(b"last")
    assert list(made) == ["tile/entries/255", "tile/0/255", "tile/1/000"]
    assert dict(tiles.partial()) == {"tile/2/000.p/1": before.root()} and tiles.tree().root() == before.root()


@given(st.integers(0, 700), st.integers(0, 700))
@settings(deadline=None, max_examples=30)
def test_entries_come_back(size: int, start: int) -> None:
    assert list(entries(size, files(size).__getitem__, start)) == numbered(size, start)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_has_one_spelling(held: list[bytes]) -> None:
    assert entries_of(bundle(held)) == held


@given(st.binary(max_size=300))
def test_any_bytes_are_a_bundle_or_refused(data: bytes) -> None:
    try:
        assert bundle(entries_of(data)) == data
    except ValueError:
        pass


def test_the_longest_entries_fit() -> None:
    held = [bytes([number]) * 65_535 for number in range(256)]
    assert len(bundle(held)) == BUNDLE_BYTES_MAX and entries_of(bundle(held)) == held


@pytest.mark.parametrize("path", sorted(files(600)))
@pytest.mark.parametrize("how", ["flip the first", "flip the last", "cut", "lengthen"])
def test_a_file_that_does_not_fit_the_others_is_named(path: str, how: str) -> None:
    held = files(600)
    data = bytearray(held[path])
    match how:
        case "flip the first":
            data[5] ^= 1
        case "flip the last":
            data[-1] ^= 1
        case "cut":
            del data[-1]
        case "lengthen":
            data += b"\0"
    held[path] = bytes(data)
    with pytest.raises(TilesDamaged) as found:
        list(entries(600, held.__getitem__))
    assert found.value.path.split(".")[0].split("/")[1] in ("0", "1", "entries")


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600])
def test_pymerkle_finds_the_same_roots_and_paths(size: int) -> None:
    """An implementation by others, over the entries that the bundles give."""
    theirs = pymerkle.InmemoryTree(algorithm="sha256")
    tree = Tree()
    for _, one in entries(size, files(size).__getitem__):
        theirs.append_entry(one)
        tree.add(one)
    assert theirs.get_root() == tree.root()
    leaves = [leaf_hash(one) for _, one in entries(size, files(size).__getitem__)]
    for index in {0, size // 2, size - 1}:
        proof = theirs.prove_inclusion(index + 1, size)
        assert proof.path[1:] == inclusion_proof(leaves, index)
