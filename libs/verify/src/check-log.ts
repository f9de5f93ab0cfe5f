import { earlierCheckpointFile, logFile, type Manifest, type ManifestLog } from '@vouchsafe/forensic-bundle';
import {
  openCheckpoint,
  rootFromTiles,
  type Checkpoint,
  type OpenedCheckpoint,
  type VerifierKey,
} from '@vouchsafe/transparency-log';
import { checkEntries } from './check-entries.js';
import type { Describer } from './describer.js';
import type { Members } from './members.js';
import { Problem, check } from './problem.js';
import { openTileChain, type TileChain } from './tile-chain.js';

/** All that one log's folder says: its checkpoint, its tiles, its entries, its earlier checkpoints. */
export async function checkLog(
  manifest: Manifest,
  log: ManifestLog,
  members: Members,
  keys: readonly VerifierKey[],
  describer: Describer,
): Promise<void> {
  const name = logFile(log.id, 'checkpoint');
  const checkpoint = readCheckpoint(name, log, members, keys);
  const isPromised = checkpoint.size === log.size && base64(checkpoint.root) === log.root;
  check(isPromised, name, 'it is not the checkpoint that the manifest names');
  const tiles = await openTileChain(log, members);
  await checkEntries(manifest, log, members, tiles, describer);
  tiles.finish();
  await checkEarlier(log, members, keys, tiles);
  checkPredecessor(manifest, log);
}

/** An earlier tree's root, hashed from the proven tiles, is the one that was signed then: the log only grew. */
async function checkEarlier(
  log: ManifestLog,
  members: Members,
  keys: readonly VerifierKey[],
  tiles: TileChain,
): Promise<void> {
  for (const size of log.earlierCheckpoints) {
    const name = earlierCheckpointFile(log.id, size);
    const checkpoint = readCheckpoint(name, log, members, keys);
    check(checkpoint.size === size, name, `it is of size ${checkpoint.size}`);
    const root = await rootFromTiles(tiles.reader, size);
    check(
      base64(root) === base64(checkpoint.root),
      name,
      'the log did not only grow since: it was rewritten',
    );
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
  name: string,
  log: ManifestLog,
  members: Members,
  keys: readonly VerifierKey[],
): Checkpoint {
  const opened = openCheckpoint(members.whole(name), log.origin, keys);
  if (opened.status === 'opened') return opened.checkpoint;
  throw new Problem(name, whyNot(opened, log.origin));
}

function whyNot(opened: Exclude<OpenedCheckpoint, { status: 'opened' }>, origin: string): string {
  switch (opened.status) {
    case 'malformed':
      return 'it is not a signed note';
    case 'not-a-checkpoint':
      return 'it is signed, but it is not a checkpoint';
    case 'wrong-origin':
      return `it is a checkpoint of ${opened.origin}, not of ${origin}`;
    case 'unverified':
      return `none of the keys is the one that signed it in the name of ${origin}`;
    case 'invalid-signature':
      return `the signature of ${opened.name} is wrong`;
    case 'ambiguous-key':
      return `two different keys were given for ${opened.name}`;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
