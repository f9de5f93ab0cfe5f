import { decodeBase64, decodeUtf8, encodeBase64 } from './base64.js';
import { openCheckpoint, type Checkpoint, type OpenedCheckpoint } from './checkpoint.js';
import { HASH_SIZE } from './hash.js';
import type { VerifierKey } from './key.js';
import { verifyInclusion } from './proof.js';

/** c2sp.org/tlog-proof: that a leaf is in the tree of a checkpoint, to be checked offline. */
export type TlogProof = {
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  /** The signed note, as the log gave it out. */
  readonly checkpoint: Uint8Array;
  /** Not authenticated by anything. */
  readonly extra?: Uint8Array;
};

export type VerifiedTlogProof =
  | { readonly status: 'included'; readonly checkpoint: Checkpoint; readonly index: number }
  | { readonly status: 'malformed' }
  | { readonly status: 'not-included' }
  | { readonly status: 'bad-checkpoint'; readonly reason: Exclude<OpenedCheckpoint, { status: 'opened' }> };

const HEADER = 'c2sp.org/tlog-proof@v1';

export function formatTlogProof({ index, hashes, checkpoint, extra }: TlogProof): Uint8Array {
  if (!Number.isSafeInteger(index) || index < 0 || hashes.some((h) => h.length !== HASH_SIZE)) {
    throw new Error('a proof is an index and hashes of 32 bytes');
  }
  const lines = [
    HEADER,
    ...(extra ? [`extra ${encodeBase64(extra)}`] : []),
    `index ${index}`,
    ...hashes.map(encodeBase64),
    '',
    '',
  ];
  return Buffer.concat([Buffer.from(lines.join('\n')), checkpoint]);
}

export function parseTlogProof(bytes: Uint8Array): TlogProof | undefined {
  const text = decodeUtf8(bytes);
  const split = text?.indexOf('\n\n') ?? -1;
  if (text === undefined || split < 0) return undefined;
  const lines = text.slice(0, split).split('\n');
  if (lines.shift() !== HEADER) return undefined;
  const extra = lines[0]?.startsWith('extra ') ? decodeBase64(lines.shift()?.slice(6) ?? '') : null;
  const index = /^index (0|[1-9]\d*)$/.exec(lines.shift() ?? '')?.[1];
  const hashes = lines.map(decodeBase64);
  if (extra === undefined || index === undefined || !Number.isSafeInteger(Number(index))) return undefined;
  if (!hashes.every((hash) => hash?.length === HASH_SIZE)) return undefined;
  const checkpoint = Buffer.from(text.slice(split + 2));
  return { index: Number(index), hashes: hashes as Uint8Array[], checkpoint, ...(extra && { extra }) };
}

/** Checks a proof that the leaf with this hash is in the log `origin`, against keys that the caller trusts. */
export function verifyTlogProof(
  bytes: Uint8Array,
  leafHash: Uint8Array,
  origin: string,
  known: readonly VerifierKey[],
): VerifiedTlogProof {
  const proof = parseTlogProof(bytes);
  if (!proof) return { status: 'malformed' };
  const opened = openCheckpoint(proof.checkpoint, origin, known);
  if (opened.status !== 'opened') return { status: 'bad-checkpoint', reason: opened };
  const { checkpoint } = opened;
  return verifyInclusion(proof.hashes, proof.index, checkpoint.size, leafHash, checkpoint.root)
    ? { status: 'included', checkpoint, index: proof.index }
    : { status: 'not-included' };
}
