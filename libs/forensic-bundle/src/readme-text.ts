/** README.txt of a bundle: what a person who gets the file and nothing else must know. */
export const README_TEXT = `FORENSIC BUNDLE

These are entries of an audit log, and the proof that they are in that log,
unchanged. You do not need to trust the person who gave you this file.

CHECK IT WITH OUR TOOL (one file, which needs Node.js 20.15 and no network)

  node vouchsafe-verify.mjs bundle.zip --vkey keys.vkey

vouchsafe-verify.mjs is attached to the releases of Vouchsafe's source
repository, and anyone can build it from the sources there, byte for byte the
same: npm ci, then node libs/verify/single-file.mjs. Its SHA-256 is in
libs/verify/SHA256SUMS of the repository, at the tag of the release: compare it
before you run the file. Do not take a verifier from the person who gave you
this bundle, or from a package registry: it is not published in any.

keys.vkey is a file of verifier keys, one per line; --vkey also takes a key
itself. Get the keys from a place other than this file: the log operator's web
site, an earlier bundle, a contract. The keys in the folder keys/ are a
convenience: whoever could forge the bundle could put keys of their own there.

  exit code 0   everything holds
  exit code 1   something does not hold; the output says which file and line
  exit code 2   the file cannot be read as a bundle
  exit code 3   everything holds, but only against the keys in the file itself
  other codes   no verdict: the tool was used wrongly, or failed itself

WHAT IS INSIDE

  manifest.json        the range, the filter, the counts, which claim is made,
                       and the SHA-256 of every other file
  manifest.note        a signed note (c2sp.org/signed-note) over the SHA-256 of
                       manifest.json
  keys/                the verifier keys, one per line, and from when to when
                       each of them signed, according to the operator
  <log id>/            a folder for each log
    log/checkpoint     a signed checkpoint (c2sp.org/tlog-checkpoint)
    log/tile/          the hashes that lead from the entries to the checkpoint;
                       log/ is a log of c2sp.org/tlog-tiles that any client of
                       that format can read
    entries.ndjson     the exact bytes of each entry, one per line
    indices.txt        the index in the log of each of these lines
    disclosures.ndjson personal values that are disclosed to you. An entry has
                       SHA-256 digests of them (RFC 9901, SD-JWT): a value
                       cannot be changed, and one that is not disclosed cannot
                       be read from its digest
    entries.csv        the same for a spreadsheet. Where a program might run
                       text as a formula, an apostrophe is put before it; within
                       JSON it is replaced by an escape such as \\u003d
    ocsf.ndjson        the same for a SIEM (OCSF 1.3.0); as in entries.csv,
                       "erased" and "held" are claims of the manifest
    earlier-checkpoints/
                       checkpoints that were published before; log/checkpoint
                       only adds to each of them

WHAT IT PROVES

The manifest makes one of two claims. "inclusion": every entry here was logged.
"contiguous": this too, and no entry of the log between the first and the last
index that are here was left out.

WHAT IT DOES NOT PROVE

These are claims of whoever signed the manifest:
- that entries before the first and after the last index here do not belong to
  the requested time, and that a log without entries here has none in that
  time; anyone who may read the log itself can see that
- that the entries match the filter
- that an entry which is listed as expired has expired. Its hash is in the
  tiles, so it was logged, but its content cannot be seen
- that the values called erased were erased, that an entry is under a legal
  hold, that a log continues another
- the times in keys/history.json

CHECK IT WITHOUT OUR TOOL

First get the operator's keys from a place other than this file, as above: one
key named <operator>/exports, and one for each log, named <operator>/<log id>.
A key's name is the part of its line before the first "+". Where a step fails,
the bundle is forged or damaged: stop there.

1. The files. List the ZIP (unzip -l): each name occurs once. Compare
   sha256sum and size of each file with "files" of manifest.json. Every file of
   the ZIP is listed there, except manifest.json and manifest.note themselves,
   and every file that is listed is in the ZIP.
2. The manifest. Open manifest.note with the key named <operator>/exports, and
   no other, by any implementation of signed notes, such as
   golang.org/x/mod/sumdb/note. It has exactly one signature, and this text:
     vouchsafe forensic bundle v2
     manifest.json sha256 <hex>
   Compare <hex> with sha256sum manifest.json. A valid signature alone says
   nothing about the file.
3. The checkpoints. The folders of logs are those of "logs" in manifest.json.
   The "origin" of each is <operator>/<log id>, with the operator of step 2, or
   with an earlier name of theirs that you know from that other place, too.
   Open <log id>/log/checkpoint with the log's own key, whose name is the
   origin, and no other. Its first three lines are the "origin", "size" and
   "root" that manifest.json gives the log.
4. The tree. Compute the root of "size" entries from log/tile/: it is the root
   of log/checkpoint. A node is SHA-256(0x01 || left || right) (RFC 6962 section
   2.1). log/tile/<L>/<N> holds up to 256 hashes of 32 bytes, and the root of a
   full tile is hash N % 256 of log/tile/<L+1>/<N / 256>. Check that of every
   full tile; the partial ones (<N>.p/<hashes>) make the root, from the highest
   level down. golang.org/x/mod/sumdb/tlog does all of it (TileHashReader); it
   asks for tile/8/0/000.p/61 where the file is tile/0/000.p/61: take the "8/"
   out of the name.
5. The entries. entries.ndjson and indices.txt have as many lines as "entries"
   says; the indices rise. The hash of an entry is SHA-256(0x00 || its line
   without the newline). It is hash index % 256 of log/tile/0/<index / 256>.
   Its "recordedAt" lies in "range", from "from" to before "to". For the claim
   "contiguous", each index from "first" to "last" is in indices.txt or in one
   of the ranges "expired". The files in log/tile/entries/ only repeat lines,
   each after its length in two bytes.
6. The earlier checkpoints. earlier-checkpoints/ holds one for each size in
   "earlierCheckpoints", in a file of that name. Open each with the log's own
   key. Its origin is the log's, its size is its file's name and at most the
   size of log/checkpoint, and its root is that of the first so many entries,
   computed from the same tiles (tlog.TreeHash).
7. The disclosures. A line of disclosures.ndjson names the index of an entry
   that is in indices.txt. The digest of a disclosure is base64url, without
   padding, of the SHA-256 of its characters. It is in a list "_sd" of that
   entry: at the top, or inside "actor", "entity" or "details". The value
   belongs where the list is. The disclosure itself is the base64url of JSON:
   [salt, name, value]. In "details" it may have any name, in "actor" and
   "entity" the name "id" alone, at the top "id", "sourceIp", "url",
   "userAgent" or "requestId"; and no name that is there already.
8. entries.csv and ocsf.ndjson say nothing that the entries and disclosures do
   not say: where they differ, the entries are right. The rules by which they
   are made, and everything else in a bundle, are described in
   docs/formats.md of the source repository: this bundle has version 2 of the
   manifest, of CSV and of OCSF.

WHO SAID IT

"provenance" of an entry is "observed" if the system that keeps the log saw it
happen, and "asserted" if it was sent through the API: then the log proves that
it was said, when, and by whom ("submitter"), but not that it happened.
`;
