/** @promise P24 writes the bundle: entries, proofs, opened values, keys */
import {
  TILE_WIDTH,
  encodeEntryBundle,
  encodeVerifierKey,
  parseCheckpoint,
  parseNote,
  signNote,
  tileWidth,
  tilesFor,
  type Checkpoint,
  type NoteSigner,
  type TileReader,
  type VerifierKey,
} from '@vouchsafe/transparency-log';
import { appendBytes, appendText, emptyBatch, type Batch } from './batch.js';
import { CSV_HEADER } from './csv.js';
import { describeEntry, disclosureLine, type BundleEntry } from './entry.js';
import { formatKeyHistory, type KeyPeriod } from './key-history.js';
import {
  faultInManifest,
  formatManifest,
  manifestNoteText,
  type Claim,
  type Manifest,
  type ManifestLog,
} from './manifest.js';
import {
  atMost,
  MAX_EARLIER_CHECKPOINTS,
  MAX_KEYS_BYTES,
  MAX_LINE_BYTES,
  MAX_LOGS,
  MAX_MANIFEST_BYTES,
  MAX_MEMBERS,
  MAX_NOTE_BYTES,
} from './limits.js';
import { fileDigest, type FileDigest } from './member-digest.js';
import {
  KEY_HISTORY,
  LOG_KEYS,
  MANIFEST,
  MANIFEST_KEY,
  MANIFEST_NOTE,
  README,
  compareNames,
  earlierCheckpointFile,
  entryBundleFile,
  logFile,
  tileFile,
  type LogFile,
} from './names.js';
import { areRanges, countIndices, rangeCollector, type IndexRange } from './ranges.js';
import { README_TEXT } from './readme-text.js';
import { layOutZip } from './zip-format.js';

/**
 * Where files wait until the ZIP is written: a folder, a table of chunks. `append` makes the file if need be; the bytes are
 * its own until it is done, not longer.
 */
export type BundleStage = {
  readonly append: (name: string, bytes: Uint8Array) => void | Promise<void>;
  readonly read: (name: string) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
};

export type BundleLog = {
  readonly id: string;
  readonly origin: string;
  /** The signed note that all proofs lead to. */
  readonly checkpoint: Uint8Array;
  readonly tiles: TileReader;
  /** In ascending order of index. */
  readonly entries: Iterable<BundleEntry> | AsyncIterable<BundleEntry>;
  /** Ranges of indices, within what is exported, whose leaves retention has dropped. Asked when the entries have come by: some may go meanwhile. */
  readonly expired: () => Promise<readonly IndexRange[]>;
  /** Notes published before, in ascending order of size. */
  readonly earlierCheckpoints: readonly Uint8Array[];
  readonly predecessor: ManifestLog['predecessor'];
};

export type BundleRequest = Pick<
  Manifest,
  'exportId' | 'createdAt' | 'organizationId' | 'asked' | 'coveredUntil' | 'range' | 'filter' | 'disclosed'
> & {
  readonly claim: Claim;
  /** In ascending order of id. */
  readonly logs: readonly BundleLog[];
  readonly keys: readonly (KeyPeriod & { readonly key: VerifierKey })[];
  /** The manifest's own key: never a log's. */
  readonly signer: NoteSigner;
};

export type StagedFile = FileDigest & { readonly name: string };

const BATCH_BYTES = 256 * 1024;

/**
 * Writes every file of a bundle to a stage. Memory stays that of a batch of lines, the tiles' ids, and one tile.
 *
 *     const files = await stageBundle(request, stage);           // the export job; may be stopped and begun again
 *     response.header('content-length', bundleSize(files));
 *     for await (const bytes of zipBundle(files, stage)) ...      // GET .../bundle.zip, as often as asked
 *
 * Rejects on an entry that is none (a leaf that is not canonical, a disclosure that is not its own), out of order, or
 * missing where the claim is `contiguous`, and on a manifest that contradicts itself: better no bundle than one that does
 * not verify. Rejects with a `BundleTooLargeError` where it would pass a limit of the format.
 */
export async function stageBundle(request: BundleRequest, stage: BundleStage): Promise<StagedFile[]> {
  const files = stagedFiles(stage);
  atMost(MAX_LOGS, request.logs.length, 'logs');
  await files.write(README, Buffer.from(README_TEXT));
  await writeKeys(request, files);
  const logs: ManifestLog[] = [];
  for (const log of request.logs) logs.push(await writeLog(request.claim, log, files));
  const { exportId, createdAt, organizationId, asked, coveredUntil, range, filter, disclosed, claim } =
    request;
  const listed = files.finish();
  const value: Manifest = {
    format: 'vouchsafe-forensic-bundle',
    version: 2,
    formats: { csv: 2, ocsf: 2 },
    ...{ exportId, createdAt, organizationId, asked, coveredUntil, range, filter, disclosed, claim, logs },
    files: listed.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  };
  const fault = faultInManifest(value);
  if (fault !== undefined) throw new Error(`the manifest would be refused: ${fault}`);
  const manifest = formatManifest(value);
  atMost(MAX_MANIFEST_BYTES, manifest.length, 'bytes of its manifest');
  const note = signNote(manifestNoteText(digestOf(manifest).sha256), request.signer);
  atMost(MAX_NOTE_BYTES, note.length, 'bytes of its note');
  await stage.append(MANIFEST, manifest);
  await stage.append(MANIFEST_NOTE, note);
  const all = [
    ...listed,
    { name: MANIFEST, ...digestOf(manifest) },
    { name: MANIFEST_NOTE, ...digestOf(note) },
  ];
  return all.sort((a, b) => compareNames(a.name, b.name));
}

/** The bytes of the ZIP, as a stream. `files`: what `stageBundle` answered, from then or kept beside the stage. */
export async function* zipBundle(
  files: readonly StagedFile[],
  stage: BundleStage,
): AsyncGenerator<Uint8Array> {
  const layout = layOutZip(files);
  for (const { header, name } of layout.members) {
    yield header;
    yield* stage.read(name);
  }
  yield layout.tail;
}

/** Bytes of the ZIP that `zipBundle` will make. */
export function bundleSize(files: readonly StagedFile[]): number {
  return layOutZip(files).size;
}

/** The manifest and its note, which the manifest does not name. */
const UNNAMED_FILES = 2;

type Files = {
  readonly write: (name: string, bytes: Uint8Array) => Promise<void>;
  /** What is to be added to a file; whoever wrote to it asks `flush` to take it. */
  readonly waiting: (name: string) => Batch;
  /** Adds what waits: of files of which there is enough, or of all. */
  readonly flush: (enough?: number) => Promise<void>;
  readonly finish: () => StagedFile[];
};

function stagedFiles(stage: BundleStage): Files {
  const digests = new Map<string, ReturnType<typeof fileDigest>>();
  const waiting = new Map<string, Batch>();
  const write = async (name: string, bytes: Uint8Array): Promise<void> => {
    let digest = digests.get(name);
    if (!digest) {
      digests.set(name, (digest = fileDigest()));
      atMost(MAX_MEMBERS - UNNAMED_FILES, digests.size, 'files');
    }
    digest.update(bytes);
    await stage.append(name, bytes);
  };
  return {
    write,
    waiting: (name) => {
      const bytes = waiting.get(name) ?? emptyBatch();
      waiting.set(name, bytes);
      return bytes;
    },
    flush: async (enough = 0) => {
      for (const [name, bytes] of waiting) {
        if (bytes.length < enough) continue;
        await write(name, bytes.buffer.subarray(0, bytes.length));
        bytes.length = 0;
      }
      if (enough === 0) waiting.clear();
    },
    finish: () =>
      [...digests]
        .map(([name, digest]) => ({ name, ...digest.done() }))
        .sort((a, b) => compareNames(a.name, b.name)),
  };
}

async function writeKeys({ keys, signer }: BundleRequest, files: Files): Promise<void> {
  const lines = (use: KeyPeriod['use']): Buffer =>
    Buffer.from(
      keys
        .filter((k) => k.use === use)
        .map(({ key }) => `${encodeVerifierKey(key)}\n`)
        .join(''),
    );
  if (!keys.some(({ use, key }) => use === 'manifest' && key.name === signer.name && key.id === signer.id)) {
    throw new Error("the manifest's key is not among the bundle's keys");
  }
  for (const [name, bytes] of [
    [LOG_KEYS, lines('log')],
    [MANIFEST_KEY, lines('manifest')],
    [KEY_HISTORY, formatKeyHistory(keys)],
  ] as const) {
    atMost(MAX_KEYS_BYTES, bytes.length, `bytes of ${name}`);
    await files.write(name, bytes);
  }
}

async function writeLog(claim: Claim, log: BundleLog, files: Files): Promise<ManifestLog> {
  const checkpoint = checkpointOf(log.checkpoint);
  atMost(MAX_EARLIER_CHECKPOINTS, log.earlierCheckpoints.length, 'earlier checkpoints');
  const waiting = (file: LogFile): Batch => files.waiting(logFile(log.id, file));
  const [leaves, indices, disclosed] = [waiting('entries'), waiting('indices'), waiting('disclosures')];
  const [csv, ocsf] = [waiting('csv'), waiting('ocsf')];
  appendText(csv, CSV_HEADER);
  const [erased, held] = [rangeCollector(), rangeCollector()];
  const bundles = entryBundles(claim, log.id, checkpoint.size, files);
  const counts = { entries: 0, disclosures: 0 };
  const proven = new Set<number>();
  let firstEntry: number | null = null;
  let before = -1;
  for await (const entry of log.entries) {
    if (entry.index <= before || entry.index >= checkpoint.size)
      throw new Error(`entry ${entry.index} is out of order`);
    firstEntry ??= entry.index;
    before = entry.index;
    const described = describeEntry(log.id, entry);
    if (described.status !== 'described') throw new Error(`entry ${entry.index}: ${described.status}`);
    appendBytes(leaves, entry.leaf);
    appendText(leaves, '\n');
    appendText(indices, `${entry.index}\n`);
    const disclosures = disclosureLine(entry.index, entry.disclosures);
    atMost(MAX_LINE_BYTES, disclosures.length, "bytes of an entry's disclosures");
    appendText(disclosed, disclosures);
    appendText(csv, described.csv);
    appendText(ocsf, described.ocsf);
    if (ocsf.length >= BATCH_BYTES) await files.flush(BATCH_BYTES / 8);
    const bundle = bundles.add(entry);
    if (bundle) await bundle;
    if (entry.erased) erased.add(entry.index);
    if (entry.held) held.add(entry.index);
    counts.entries++;
    counts.disclosures += entry.disclosures.length;
    // One leaf of a tile stands for all of them.
    proven.add(tileStart(entry.index));
  }
  await files.flush();
  const expired = await log.expired();
  const [first, last] = bounds(firstEntry === null ? [] : [[firstEntry, before]], expired);
  if (claim === 'contiguous' && first !== null) {
    if (counts.entries + countIndices(expired) !== last - first + 1) throw new Error('the range has a gap');
  }
  if (!areRanges(expired, first ?? 0, last ?? -1)) throw new Error('expired ranges are out of order');
  for (const [from, to] of expired) {
    for (let start = tileStart(from); start <= to; start += TILE_WIDTH) proven.add(start);
  }
  const earlier = log.earlierCheckpoints.map((note) => ({ note, size: checkpointOf(note).size }));
  for (const { note, size } of earlier) {
    if (size > 0) proven.add(size - 1);
    await files.write(earlierCheckpointFile(log.id, size), note);
  }
  for (const tile of tilesFor(checkpoint.size, proven)) {
    await files.write(tileFile(log.id, tile), await log.tiles(tile.level, tile.index, tile.width));
  }
  await files.write(logFile(log.id, 'checkpoint'), log.checkpoint);
  return {
    id: log.id,
    origin: log.origin,
    size: checkpoint.size,
    root: Buffer.from(checkpoint.root).toString('base64'),
    ...{ first, last, ...counts, expired, erased: erased.ranges(), held: held.ranges() },
    earlierCheckpoints: earlier.map(({ size }) => size),
    predecessor: log.predecessor,
  };
}

/** Collects the leaves of one tile at a time, and writes its entry bundle when all of them came by. */
function entryBundles(
  claim: Claim,
  logId: string,
  size: number,
  files: Files,
): { add: (entry: BundleEntry) => Promise<void> | undefined } {
  let leaves: Uint8Array[] = [];
  let next = -1;
  return {
    add: ({ index, leaf }) => {
      if (claim !== 'contiguous') return undefined;
      const place = index % TILE_WIDTH;
      if (place === 0) leaves = [];
      else if (index !== next) return undefined;
      leaves.push(leaf);
      next = index + 1;
      const tile = (index - place) / TILE_WIDTH;
      const width = tileWidth(0, tile, size);
      if (leaves.length < width) return undefined;
      return files.write(entryBundleFile(logId, tile, width), encodeEntryBundle(leaves));
    },
  };
}

/** Of what is there and what has expired, each in ascending order. */
function bounds(
  ...lists: readonly (readonly IndexRange[])[]
): readonly [first: number, last: number] | readonly [null, null] {
  const ends = lists.flatMap((ranges) => {
    const [first, last] = [ranges[0], ranges.at(-1)];
    return first && last ? [first[0], last[1]] : [];
  });
  return ends.length === 0 ? [null, null] : [Math.min(...ends), Math.max(...ends)];
}

/** The first index of the tile that an index is in. */
function tileStart(index: number): number {
  return index - (index % TILE_WIDTH);
}

function checkpointOf(note: Uint8Array): Checkpoint {
  atMost(MAX_NOTE_BYTES, note.length, 'bytes of a checkpoint');
  const checkpoint = parseCheckpoint(parseNote(note)?.text ?? '');
  if (!checkpoint) throw new Error('not a checkpoint');
  return checkpoint;
}

function digestOf(bytes: Uint8Array): FileDigest {
  const digest = fileDigest();
  digest.update(bytes);
  return digest.done();
}
