// Checks an export or a receipt with Go's own packages for checksum databases: golang.org/x/mod/sumdb.
//
//	check FOLDER VERIFIER [OLDSIZE OLDROOT]   an export, by its files alone: prints how many entries it has, its root,
//	                                          and the proof that it grew from the old tree, a hash a line
//	check FILE.tlog-proof VERIFIER            a receipt: prints its index
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// files reads tiles as C2SP names them: as Go does, without the height.
type files struct{ folder string }

func (f files) Height() int                         { return height }
func (f files) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(f.folder, path(tile)))
		if err != nil {
			return nil, err
		}
		found[i] = data
	}
	return found, nil
}

func path(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

func must[T any](found T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return found
}

func check(err error) { must(0, err) }

// head opens the signed note and returns the tree that it states.
func head(signed []byte, verifier note.Verifier) tlog.Tree {
	opened := must(note.Open(signed, note.VerifierList(verifier)))
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		check(fmt.Errorf("the checkpoint is of %q", lines[0]))
	}
	return tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64)), Hash: must(tlog.ParseHash(lines[2]))}
}

// entries reads every bundle and compares each entry with its leaf in the tiles.
func entries(folder string, tree tlog.Tree, hashes tlog.HashReader) (count int64) {
	for first := int64(0); first < tree.N; first += 1 << height {
		width := tree.N - first
		if width > 1<<height {
			width = 1 << height
		}
		tile := tlog.Tile{H: height, L: -1, N: first >> height, W: int(width)}
		data := must(os.ReadFile(filepath.Join(folder, strings.Replace(path(tile), "/data/", "/entries/", 1))))
		places := make([]int64, width)
		for i := range places {
			places[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		for _, leaf := range must(hashes.ReadHashes(places)) {
			size := int(binary.BigEndian.Uint16(data))
			if tlog.RecordHash(data[2:2+size]) != leaf {
				check(fmt.Errorf("entry %d is not its leaf", count))
			}
			data = data[2+size:]
			count++
		}
		if len(data) > 0 {
			check(fmt.Errorf("there is more in bundle %d than its tile has leaves", first>>height))
		}
	}
	return count
}

// receipt checks a C2SP tlog-proof, whose extra data is the record.
func receipt(file string, verifier note.Verifier) int64 {
	above, signed, _ := bytes.Cut(must(os.ReadFile(file)), []byte("\n\n"))
	lines := strings.Split(string(above), "\n")
	record := must(base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra ")))
	index := must(strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64))
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		proof = append(proof, must(tlog.ParseHash(line)))
	}
	tree := head(signed, verifier)
	check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(record)))
	return index
}

func main() {
	verifier := must(note.NewVerifier(os.Args[2]))
	if strings.HasSuffix(os.Args[1], ".tlog-proof") {
		fmt.Println(receipt(os.Args[1], verifier))
		return
	}
	tree := head(must(os.ReadFile(filepath.Join(os.Args[1], "checkpoint"))), verifier)
	hashes := tlog.TileHashReader(tree, files{os.Args[1]})
	fmt.Println(entries(os.Args[1], tree, hashes))
	fmt.Println(tree.Hash)
	for _, at := range []int64{0, tree.N / 2, tree.N - 1} {
		proof := must(tlog.ProveRecord(tree.N, at, hashes))
		leaf := must(hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, at)}))[0]
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, at, leaf))
	}
	if len(os.Args) > 3 {
		old := tlog.Tree{N: must(strconv.ParseInt(os.Args[3], 10, 64)), Hash: must(tlog.ParseHash(os.Args[4]))}
		grown := must(tlog.ProveTree(tree.N, old.N, hashes))
		check(tlog.CheckTree(grown, tree.N, tree.Hash, old.N, old.Hash))
		for _, sibling := range grown {
			fmt.Println(sibling)
		}
	}
}
