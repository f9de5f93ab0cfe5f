/** README.txt of a bundle: what a person who gets the file and nothing else must know. */
export const README_TEXT = `FORENSIC BUNDLE

These are entries of an audit log, and the proof that they stand in that log
unchanged. You need not trust whoever gave you this file.

CHECK IT WITH OUR TOOL (no network needed once it is installed)

  npx @vouchsafe/verify bundle.zip --vkey KEYS

KEYS is a file of verifier keys, one a line, or a key itself. Get the keys from
a place other than this file: the log operator's web site, an earlier bundle, a
contract. The keys in the folder keys/ are a convenience: whoever could forge
the bundle could put keys of their own there.

  exit code 0   everything holds
  exit code 1   something does not hold; the output says which file and line
  exit code 2   the file can not be read as a bundle
  exit code 3   everything holds, but only against the keys in the file itself

WHAT IS INSIDE

  manifest.json        the range, the filter, the counts, which claim is made,
                       and the SHA-256 of every other file
  manifest.note        a signed note (c2sp.org/signed-note) over the SHA-256 of
                       manifest.json
  keys/                the verifier keys, one a line, and from when to when each
                       of them signed, as the operator says
  <log id>/            a folder for each log
    log/checkpoint     a signed checkpoint (c2sp.org/tlog-checkpoint)
    log/tile/          the hashes that lead from the entries to the checkpoint;
                       log/ is a log of c2sp.org/tlog-tiles that any client of
                       that format can read
    entries.ndjson     the exact bytes of each entry, one a line
    indices.txt        the index in the log of each of these lines
    disclosures.ndjson personal values that were opened for you. An entry holds
                       SHA-256 digests of them (RFC 9901, SD-JWT): a value can
                       not be changed, and one that is not opened can not be
                       read from its digest
    entries.csv        the same for a spreadsheet. A cell that begins with an
                       apostrophe had one added if it could be a formula
    ocsf.ndjson        the same for a SIEM (OCSF); as in entries.csv, "erased"
                       and "held" are the manifest's word
    earlier-checkpoints/
                       checkpoints that were published before; log/checkpoint
                       only adds to each of them

WHAT IT PROVES

The manifest makes one of two claims. "inclusion": every entry here was logged.
"contiguous": this too, and no entry of the log between the first and the last
index that are here was left out.

WHAT IT DOES NOT PROVE

These are the word of whoever signed the manifest:
- that entries before the first and after the last index here do not belong to
  the time that was asked for, and that a log without entries here has none in
  that time; the log itself shows it to whoever may read it
- that the entries match the filter
- that an entry which is named as expired has expired. Its hash is in the
  tiles, so it was logged; what it said can not be seen
- that the values called erased were erased, that an entry is under a legal
  hold, that a log continues another
- the times in keys/history.json

CHECK IT WITHOUT OUR TOOL

1. sha256sum each file and compare with manifest.json.
2. Check manifest.note and log/checkpoint with any implementation of signed
   notes, such as golang.org/x/mod/sumdb/note.
3. The hash of an entry is SHA-256(0x00 || line of entries.ndjson without the
   newline). In log/tile/0/ it stands at its index: tile index / 256, place
   index % 256. A node is SHA-256(0x01 || left || right) (RFC 6962 section 2.1);
   golang.org/x/mod/sumdb/tlog computes the root from the tiles.
4. The digest of a disclosure is base64url(SHA-256(disclosure)); it stands in
   the _sd of its entry.
`;
