import {
  openCheckpoint,
  rootFromTiles,
  type Checkpoint,
  type Note,
  type OpenedCheckpoint,
} from '@vouchsafe/transparency-log';
import type { BundleFiles } from '../container/bundle-files.js';
import { earlierCheckpointFile, logFile } from '../container/names.js';
import { MAX_NOTE_BYTES } from '../limits.js';
import type { Manifest, ManifestLog } from '../manifest/manifest.js';
import { checkKeyInside, type Policy } from '../policy.js';
import { Problem, check, quote } from '../problem.js';
import { verifyTiles, type ProvenTiles } from './verify-tiles.js';

export type VerifiedLog = {
  readonly tiles: ProvenTiles;
  readonly checkpoints: readonly SignedCheckpoint[];
};

type SignedCheckpoint = { readonly file: string; readonly size: number; readonly note: Note };

/**
 * Step 3: the log's checkpoint is the one that the manifest names, and signed by the log's key (c2sp.org/tlog-checkpoint);
 * the tiles lead to its root (c2sp.org/tlog-tiles, RFC 6962 section 2.1); and each checkpoint that was published earlier
 * is of a tree that the log only added to.
 */
export async function verifyLog(
  manifest: Manifest,
  log: ManifestLog,
  files: BundleFiles,
  policy: Policy,
): Promise<VerifiedLog> {
  const latest = readCheckpoint(logFile(log.id, 'checkpoint'), log, files, policy);
  const { file, size, root } = latest;
  const isPromised = size === log.size && base64(root) === log.root;
  check(isPromised, file, 'it is not the checkpoint that the manifest names');
  const tiles = await verifyTiles(log, files);
  const earlier: SignedCheckpoint[] = [];
  for (const earlierSize of log.earlierCheckpoints) {
    const found = readCheckpoint(earlierCheckpointFile(log.id, earlierSize), log, files, policy);
    check(found.size === earlierSize, found.file, `it is of size ${found.size}`);
    // The earlier tree's root, hashed from the proven tiles, is the one that was signed then.
    const grownFrom = await rootFromTiles(tiles.reader, earlierSize);
    const hasOnlyGrown = base64(grownFrom) === base64(found.root);
    check(hasOnlyGrown, found.file, 'the log did not only grow since: it was rewritten');
    earlier.push(found);
  }
  checkPredecessor(manifest, log);
  return { tiles, checkpoints: [latest, ...earlier] };
}

/**
 * That the keys of a log's checkpoints are inside the bundle and were in use. A checkpoint tells no time: it was signed
 * after the last entry that it covers, and before the export.
 */
export function verifyLogKeys(
  manifest: Manifest,
  log: ManifestLog,
  { checkpoints }: VerifiedLog,
  recordedBefore: (size: number) => string | undefined,
  policy: Policy,
): void {
  for (const { file, note, size } of checkpoints) {
    const when = { since: recordedBefore(size), until: manifest.createdAt };
    checkKeyInside(policy, 'log', { file, note, names: [log.origin] }, when);
  }
}

/** Where predecessor and successor are both in the bundle, they meet at the checkpoint that closed the one. */
function checkPredecessor(manifest: Manifest, log: ManifestLog): void {
  const { predecessor } = log;
  const closed = manifest.logs.find(({ id }) => id === predecessor?.id);
  if (!predecessor || !closed) return;
  const meets = closed.size === predecessor.size && closed.root === predecessor.root && closed.id !== log.id;
  check(meets, logFile(closed.id, 'checkpoint'), `it is not the closing checkpoint that log ${log.id} names`);
}

function readCheckpoint(
  file: string,
  log: ManifestLog,
  files: BundleFiles,
  { trusted }: Policy,
): Checkpoint & SignedCheckpoint {
  const opened = openCheckpoint(files.whole(file, MAX_NOTE_BYTES), log.origin, trusted);
  if (opened.status !== 'opened') throw new Problem(file, whyNot(opened, log.origin));
  return { file, note: opened.note, ...opened.checkpoint };
}

function whyNot(opened: Exclude<OpenedCheckpoint, { status: 'opened' }>, origin: string): string {
  switch (opened.status) {
    case 'malformed':
      return 'it is not a signed note';
    case 'not-a-checkpoint':
      return 'it is signed, but it is not a checkpoint';
    case 'wrong-origin':
      return `it is a checkpoint of ${quote(opened.origin)}, not of ${quote(origin)}`;
    case 'unverified':
      return `none of the keys is the one that signed it in the name of ${quote(origin)}`;
    case 'invalid-signature':
      return `the signature of ${quote(opened.name)} is wrong`;
    case 'ambiguous-key':
      return `two different keys were given for ${quote(opened.name)}`;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
