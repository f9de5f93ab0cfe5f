export {
  canonicalJson,
  isJsonObject,
  parseCanonicalJson,
  type Json,
  type JsonObject,
} from './canonical-json.js';
export {
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  type Checkpoint,
  type OpenedCheckpoint,
} from './checkpoint.js';
export { HASH_SIZE, emptyRoot, hashAt, leafHash, leafHashes, nodeHash, parentHashes } from './hash.js';
export {
  COSIGNATURE_V1,
  ED25519,
  ed25519Signer,
  encodeVerifierKey,
  isKeyName,
  keyId,
  parseVerifierKey,
  verifierKey,
  type NoteSigner,
  type SignatureType,
  type VerifierKey,
  type VerifierKeyError,
} from './key.js';
export {
  digestOf,
  makeLeaf,
  openLeaf,
  parseDisclosure,
  type Disclosable,
  type Disclosure,
  type LeafFault,
  type MadeLeaf,
  type OpenedLeaf,
} from './leaf.js';
export {
  formatNote,
  openNote,
  parseNote,
  signNote,
  type Note,
  type NoteSignature,
  type OpenedNote,
} from './note.js';
export {
  isNestedDeeper,
  parseCheckedJson,
  parseJson,
  type CheckedJson,
  type JsonCheck,
} from './parse-json.js';
export {
  consistencyProof,
  inclusionProof,
  rootFromTiles,
  tilesInMemory,
  verifyConsistency,
  verifyInclusion,
} from './proof.js';
export {
  MAX_ENTRY_BYTES,
  TILE_HEIGHT,
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
export {
  formatTlogProof,
  parseTlogProof,
  verifyTlogProof,
  type TlogProof,
  type VerifiedTlogProof,
} from './tlog-proof.js';
export { append, emptyTree, foldSubtrees, rootOf, type RightEdge, type TileGrowth } from './tree.js';
