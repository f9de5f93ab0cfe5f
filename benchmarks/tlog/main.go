// Checks the entries of a forensic bundle with the implementation of the Go checksum database, for the time that it takes:
// golang.org/x/mod/sumdb/note opens the checkpoint, golang.org/x/mod/sumdb/tlog proves the tiles and each leaf's hash in
// them. It checks less than our verifier: no SHA-256 of the files, no disclosures, no CSV and OCSF.
package main

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Leaves whose hashes are asked for at once: as many as eight tiles hold.
const batch = 8 * 256

func main() {
	bundle, err := zip.OpenReader(os.Args[1])
	must(err)
	folder := os.Args[2]
	tree := openCheckpoint(&bundle.Reader, folder)
	hashes := tlog.TileHashReader(tree, zipTiles{&bundle.Reader, folder + "/log/"})
	entries := lines(&bundle.Reader, folder+"/entries.ndjson")
	indices := lines(&bundle.Reader, folder+"/indices.txt")

	checked := 0
	var places []int64
	var leaves []tlog.Hash
	flush := func() {
		logged, err := hashes.ReadHashes(places)
		must(err)
		for i, leaf := range leaves {
			if logged[i] != leaf {
				must(fmt.Errorf("entry %d is not in the log", checked+i))
			}
		}
		checked += len(leaves)
		places, leaves = places[:0], leaves[:0]
	}
	for entries.Scan() {
		if !indices.Scan() {
			must(errors.New("an entry has no index"))
		}
		index, err := strconv.ParseInt(indices.Text(), 10, 64)
		must(err)
		places = append(places, tlog.StoredHashIndex(0, index))
		leaves = append(leaves, tlog.RecordHash(entries.Bytes()))
		if len(leaves) == batch {
			flush()
		}
	}
	must(entries.Err())
	flush()
	fmt.Println(checked)
}

func openCheckpoint(bundle *zip.Reader, folder string) tlog.Tree {
	vkeys := strings.Fields(string(read(bundle, "keys/logs.vkey")))
	verifier, err := note.NewVerifier(vkeys[0])
	must(err)
	opened, err := note.Open(read(bundle, folder+"/log/checkpoint"), note.VerifierList(verifier))
	must(err)
	text := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(text[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(text[2])
	must(err)
	return tlog.Tree{N: size, Hash: root}
}

// zipTiles reads tiles below a folder of the bundle.
type zipTiles struct {
	bundle *zip.Reader
	folder string
}

func (zipTiles) Height() int { return 8 }

func (z zipTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		// sumdb's own paths name the height as well: tile/8/L/N.
		data[i] = read(z.bundle, z.folder+strings.Replace(t.Path(), "tile/8/", "tile/", 1))
	}
	return data, nil
}

func (zipTiles) SaveTiles([]tlog.Tile, [][]byte) {}

func lines(bundle *zip.Reader, name string) *bufio.Scanner {
	file, err := bundle.Open(name)
	must(err)
	scanner := bufio.NewScanner(bufio.NewReaderSize(file, 1<<20))
	scanner.Buffer(nil, 1<<17)
	return scanner
}

func read(bundle *zip.Reader, name string) []byte {
	file, err := bundle.Open(name)
	must(err)
	defer file.Close()
	bytes, err := io.ReadAll(file)
	must(err)
	return bytes
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
