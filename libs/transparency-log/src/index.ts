/**
 * A transparency log (RFC 6962), byte-compatible with C2SP's formats. Pure: no clock, no randomness, no input or output; whoever
 * uses it keeps the tiles, the keys and the leaves. Its terms:
 *
 * - An *entry* is one thing that is logged: at most 65,535 bytes. A *leaf* is an entry at its place in the tree; its *index* counts
 *   from 0. Our leaves are canonical JSON (RFC 8785) in the form of an SD-JWT payload (RFC 9901).
 * - A *disclosure* is one value of a leaf with a salt. The leaf holds only its *digest*, so whoever has the leaf without the
 *   disclosure cannot read the value, and the leaf's hash stays the same when the disclosure is destroyed.
 * - The *tree* is the Merkle tree over the hashes of all leaves, in order. `leafHash` is SHA-256(0x00 || leaf), a node's hash is
 *   SHA-256(0x01 || left || right) (RFC 6962 section 2.1). Its *size* is the number of leaves; its *root* commits to all of them.
 * - The *right edge* is all that appending needs of a tree: the roots of its perfect subtrees, one for each bit set in its size.
 * - A *tile* is eight levels of the tree, kept as its bottom row of up to 256 hashes (c2sp.org/tlog-tiles). A *partial* tile is one
 *   that is not full yet. An *entry bundle* is the entries of one tile of level 0.
 * - An *inclusion proof* shows that a leaf is in the tree of a root; a *consistency proof*, that a tree only added to a smaller one.
 *   `TlogProof` is an inclusion proof together with its checkpoint, to be checked offline (c2sp.org/tlog-proof).
 * - A *note* is a text with signatures (c2sp.org/signed-note). A *checkpoint* is a note that says the log's *origin*, size and root
 *   (c2sp.org/tlog-checkpoint): who signs one commits to the whole log up to there.
 * - A *verifier key* (vkey) checks the signatures made in its name; a *witness* is somebody else who cosigns checkpoints after seeing
 *   that each is consistent with the one before (c2sp.org/tlog-cosignature).
 *
 * Functions that read what came from outside answer with a fault, or undefined; those that write throw on what only a bug can give them.
 */

// In the order of the files' names: another order would give the verifier's single file, whose SHA-256 is published, other bytes.
export {
  canonicalJson,
  isJsonObject,
  parseCanonicalJson,
  type Json,
  type JsonObject,
} from './canonical-json.js';
export {
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  type Checkpoint,
  type OpenedCheckpoint,
} from './checkpoint.js';
export { HASH_SIZE, emptyRoot, hashAt, leafHash, leafHashes, parentHashes } from './hash.js';
export {
  COSIGNATURE_V1,
  ED25519,
  ed25519Signer,
  encodeVerifierKey,
  isKeyName,
  parseVerifierKey,
  verifierKey,
  type NoteSigner,
  type VerifierKey,
} from './key.js';
export { digestOf, makeLeaf, openLeaf, type Disclosable, type LeafFault, type OpenedLeaf } from './leaf.js';
export { openNote, parseNote, signNote, type Note } from './note.js';
export {
  isNestedDeeper,
  type JsonPath,
  parseCheckedJson,
  parseJson,
  type CheckedJson,
  type JsonCheck,
} from './parse-json.js';
export { consistencyProof, inclusionProof, rootFromTiles, tilesInMemory, verifyInclusion } from './proof.js';
export {
  MAX_ENTRY_BYTES,
  TILE_WIDTH,
  decodeEntryBundle,
  encodeEntryBundle,
  entryBundlePath,
  parseTilePath,
  tilePath,
  tileWidth,
  tilesFor,
  type TileId,
  type TilePath,
  type TileReader,
} from './tile.js';
export { formatTlogProof, parseTlogProof, verifyTlogProof } from './tlog-proof.js';
export { append, emptyTree, rootOf, type RightEdge, type TileGrowth } from './tree.js';
