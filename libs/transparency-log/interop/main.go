// Checks a tlog-tiles folder that our TypeScript wrote with the implementations of the Go checksum database:
// golang.org/x/mod/sumdb/note opens the checkpoint, golang.org/x/mod/sumdb/tlog reads the tiles, checks every leaf's
// hash, and the proofs. Prints what it checked as JSON; exits 1 at the first difference.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type claim struct {
	VKey      string     `json:"vkey"`
	Leaves    []string   `json:"leaves"` // base64
	Inclusion []inTree   `json:"inclusion"`
	Growth    []twoTrees `json:"consistency"`
}

type inTree struct {
	Index int64    `json:"index"`
	Proof []string `json:"proof"`
}

type twoTrees struct {
	Size  int64    `json:"size"`
	Root  string   `json:"root"`
	Proof []string `json:"proof"`
}

func main() {
	folder := os.Args[1]
	var c claim
	must(json.Unmarshal(read(filepath.Join(folder, "claim.json")), &c))
	tree := openCheckpoint(read(filepath.Join(folder, "checkpoint")), c.VKey)
	if tree.N != int64(len(c.Leaves)) {
		fail("the checkpoint is of %d leaves, not %d", tree.N, len(c.Leaves))
	}
	hashes := tlog.TileHashReader(tree, folderTiles(folder))

	indexes := make([]int64, len(c.Leaves))
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, int64(i))
	}
	logged, err := hashes.ReadHashes(indexes)
	must(err)
	for i, leaf := range c.Leaves {
		if logged[i] != tlog.RecordHash(decode(leaf)) {
			fail("leaf %d has another hash", i)
		}
	}
	for _, p := range c.Inclusion {
		leaf := tlog.RecordHash(decode(c.Leaves[p.Index]))
		must(tlog.CheckRecord(proof(p.Proof), tree.N, tree.Hash, p.Index, leaf))
		own, err := tlog.ProveRecord(tree.N, p.Index, hashes)
		must(err)
		same(own, proof(p.Proof))
	}
	for _, p := range c.Growth {
		root := hash(p.Root)
		must(tlog.CheckTree(proof(p.Proof), tree.N, tree.Hash, p.Size, root))
		own, err := tlog.ProveTree(tree.N, p.Size, hashes)
		must(err)
		same(own, proof(p.Proof))
		earlier, err := tlog.TreeHash(p.Size, hashes)
		must(err)
		if earlier != root {
			fail("the tree of %d has another root", p.Size)
		}
	}
	fmt.Printf(`{"leaves":%d,"inclusion":%d,"consistency":%d}`, len(c.Leaves), len(c.Inclusion), len(c.Growth))
}

func openCheckpoint(msg []byte, vkey string) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	must(err)
	opened, err := note.Open(msg, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	return tlog.Tree{N: size, Hash: hash(lines[2])}
}

// folderTiles reads tiles of height 8 from the paths of c2sp.org/tlog-tiles.
type folderTiles string

func (folderTiles) Height() int { return 8 }

func (f folderTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, t := range tiles {
		// sumdb's own paths name the height as well: tile/8/L/N.
		path := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
		b, err := os.ReadFile(filepath.Join(string(f), filepath.FromSlash(path)))
		if err != nil {
			return nil, err
		}
		data = append(data, b)
	}
	return data, nil
}

func (folderTiles) SaveTiles([]tlog.Tile, [][]byte) {}

func proof(lines []string) []tlog.Hash {
	hashes := make([]tlog.Hash, len(lines))
	for i, line := range lines {
		hashes[i] = hash(line)
	}
	return hashes
}

func hash(line string) tlog.Hash {
	h, err := tlog.ParseHash(line)
	must(err)
	return h
}

func same(own, ours []tlog.Hash) {
	if fmt.Sprint(own) != fmt.Sprint(ours) {
		fail("Go makes another proof")
	}
}

func decode(text string) []byte {
	b, err := base64.StdEncoding.DecodeString(text)
	must(err)
	return b
}

func read(name string) []byte {
	b, err := os.ReadFile(name)
	must(err)
	return b
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}
