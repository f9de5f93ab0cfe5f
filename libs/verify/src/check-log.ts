import {
  earlierCheckpointFile,
  logFile,
  tileFile,
  type Manifest,
  type ManifestLog,
} from '@vouchsafe/forensic-bundle';
import {
  TILE_WIDTH,
  openCheckpoint,
  rootFromTiles,
  tileWidth,
  type Checkpoint,
  type Note,
  type OpenedCheckpoint,
  type VerifierKey,
} from '@vouchsafe/transparency-log';
import { checkEntries } from './check-entries.js';
import type { OwnKeys } from './check-keys.js';
import type { Describer } from './describer.js';
import type { Members } from './members.js';
import { Problem, check } from './problem.js';
import { openTileChain, type TileChain } from './tile-chain.js';

export type Keys = { readonly trusted: readonly VerifierKey[]; readonly ownKeys: OwnKeys };

/** All that one log's folder says: its checkpoint, its tiles, its entries, its earlier checkpoints. */
export async function checkLog(
  manifest: Manifest,
  log: ManifestLog,
  members: Members,
  keys: Keys,
  describer: Describer,
): Promise<void> {
  const name = logFile(log.id, 'checkpoint');
  const { checkpoint, note } = readCheckpoint(name, log, members, keys);
  const isPromised = checkpoint.size === log.size && base64(checkpoint.root) === log.root;
  check(isPromised, name, 'it is not the checkpoint that the manifest names');
  const tiles = await openTileChain(log, members);
  checkExpired(log, members);
  const { recordedBefore } = await checkEntries(manifest, log, members, tiles, describer);
  tiles.finish();
  const checkUse = (file: string, signed: Note, size: number): void => {
    // A checkpoint tells no time: it was signed after the last entry that it covers, and before the export.
    const [since, until] = [recordedBefore(size), manifest.createdAt];
    keys.ownKeys.checkUse(file, signed, 'log', { names: [log.origin], since, until });
  };
  checkUse(name, note, log.size);
  await checkEarlier(log, members, keys, tiles, checkUse);
  checkPredecessor(manifest, log);
}

/** An earlier tree's root, hashed from the proven tiles, is the one that was signed then: the log only grew. */
async function checkEarlier(
  log: ManifestLog,
  members: Members,
  keys: Keys,
  tiles: TileChain,
  checkUse: (file: string, note: Note, size: number) => void,
): Promise<void> {
  for (const size of log.earlierCheckpoints) {
    const name = earlierCheckpointFile(log.id, size);
    const { checkpoint, note } = readCheckpoint(name, log, members, keys);
    check(checkpoint.size === size, name, `it is of size ${checkpoint.size}`);
    checkUse(name, note, size);
    const root = await rootFromTiles(tiles.reader, size);
    check(
      base64(root) === base64(checkpoint.root),
      name,
      'the log did not only grow since: it was rewritten',
    );
  }
}

/** What is called expired is not here, but its hashes are: it was logged. */
function checkExpired(log: ManifestLog, members: Members): void {
  for (const [first, last] of log.expired) {
    for (let index = Math.floor(first / TILE_WIDTH); index * TILE_WIDTH <= last; index++) {
      const name = tileFile(log.id, { level: 0, index, width: tileWidth(0, index, log.size) });
      check(members.has(name), name, 'it is missing: it has the hashes of entries that are called expired');
    }
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
  { trusted }: Keys,
): { checkpoint: Checkpoint; note: Note } {
  const opened = openCheckpoint(members.whole(name), log.origin, trusted);
  if (opened.status === 'opened') return opened;
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
