import {
  CSV_HEADER,
  countIndices,
  entryBundleFile,
  logFile,
  rangeCursor,
  type BundleEntry,
  type DescribedEntry,
  type Manifest,
  type ManifestLog,
} from '@vouchsafe/forensic-bundle';
import { TILE_WIDTH, encodeEntryBundle, hashAt, leafHash, tileWidth } from '@vouchsafe/transparency-log';
import { linesOf, type DescribedBatch, type EntryBatch } from './describe-batch.js';
import type { Describer } from './describer.js';
import { disclosureReader } from './disclosure-reader.js';
import { lineChecker } from './line-checker.js';
import type { Cursor, Members } from './members.js';
import { Problem, check } from './problem.js';
import type { TileChain } from './tile-chain.js';

/** Described and compared this many at a time. */
const BATCH = 512;

/** When the last of the entries here with an index under `size` was recorded. */
export type CheckedEntries = { readonly recordedBefore: (size: number) => string | undefined };

/**
 * Goes once through the entries of a log: each stands in the tree at its index, its disclosures are its own, and every
 * other file says of it what it says itself.
 */
export async function checkEntries(
  manifest: Manifest,
  log: ManifestLog,
  members: Members,
  tiles: TileChain,
  describer: Describer,
): Promise<CheckedEntries> {
  const cursor = (file: Parameters<typeof logFile>[1]): Cursor => members.cursor(logFile(log.id, file));
  const [entries, indices] = [cursor('entries'), cursor('indices')];
  const disclosed = disclosureReader(cursor('disclosures'));
  const bundles = bundleChecker(manifest, log, members);
  const descriptions = descriptionChecker(manifest, log, members, describer);
  const [isErased, isHeld, isExpired] = [
    rangeCursor(log.erased),
    rangeCursor(log.held),
    rangeCursor(log.expired),
  ];
  let line = 0;
  let first: number | undefined;
  let before = -1;

  for (let view = entries.line(); view; view = entries.line()) {
    line++;
    // The cursor's view is gone at the next line.
    const leaf = Buffer.from(view);
    const index = readIndex(indices, line);
    check(
      index > before && index < log.size,
      indices.name,
      'the index is out of order or not in the tree',
      line,
    );
    first ??= index;
    before = index;
    check(isIncluded(tiles, index, leaf), entries.name, `the log has another entry at index ${index}`, line);
    check(!isExpired(index), entries.name, 'it is called expired, but it is here', line);
    bundles.add(index, leaf);
    const disclosures = disclosed.of(index);
    await descriptions.add({ index, leaf, disclosures, erased: isErased(index), held: isHeld(index) });
  }
  await descriptions.end();
  for (const read of [entries, indices]) read.end();
  disclosed.end();
  bundles.end();
  checkCounts(manifest, log, line, disclosed.count(), first, before);
  return { recordedBefore: descriptions.recordedBefore };
}

/**
 * Has entries described, a batch at a time and several batches ahead, and holds the result against the files that are
 * drawn from the entries.
 */
function descriptionChecker(
  { range }: Manifest,
  log: ManifestLog,
  members: Members,
  { describe, lanes }: Describer,
): CheckedEntries & { add: (entry: BundleEntry) => Promise<void> | undefined; end: () => Promise<void> } {
  const csv = lineChecker(members.cursor(logFile(log.id, 'csv')));
  const ocsf = lineChecker(members.cursor(logFile(log.id, 'ocsf')));
  const entriesFile = logFile(log.id, 'entries');
  const ahead: { entries: EntryBatch['entries']; described: Promise<DescribedBatch> }[] = [];
  let leaves: Uint8Array[] = [];
  let entries: EntryBatch['entries'][number][] = [];
  const times = timesBefore([...log.earlierCheckpoints, log.size]);
  let line = 0;
  csv.compare(linesOf([CSV_HEADER]));

  const send = (): void => {
    const described = describe({ logId: log.id, leaves: Buffer.concat(leaves), entries });
    // Awaited in its turn; until then a failed thread must not count as nobody's.
    described.catch(() => undefined);
    ahead.push({ entries, described });
    leaves = [];
    entries = [];
  };
  const compareNext = async (): Promise<void> => {
    const next = ahead.shift();
    if (!next) return;
    const { recordedAt, undisclosed, failed, ...lines } = await next.described;
    for (const [i, time] of recordedAt.entries()) {
      line++;
      const inRange = range.from <= time && time < range.to;
      check(inRange, entriesFile, `it was recorded at ${time}, outside the range of the bundle`, line);
      const entry = next.entries[i];
      if (entry) times.add(entry.index, time);
      const isErased = entry?.erased === true;
      check(
        !isErased || undisclosed[i] !== 0,
        entriesFile,
        'it is called erased, but nothing of it is missing',
        line,
      );
    }
    if (failed) throw notDescribed(failed, log, line + 1);
    csv.compare(lines.csv);
    ocsf.compare(lines.ocsf);
  };
  return {
    recordedBefore: times.before,
    add: ({ leaf, ...entry }) => {
      leaves.push(leaf);
      entries.push({ ...entry, length: leaf.length });
      if (entries.length < BATCH) return undefined;
      send();
      return ahead.length > 2 * lanes ? compareNext() : undefined;
    },
    end: async () => {
      if (entries.length > 0) send();
      while (ahead.length > 0) await compareNext();
      csv.end();
      ocsf.end();
    },
  };
}

/** The last time of an index under each of these sizes, which ascend as the indices do. */
function timesBefore(sizes: readonly number[]): {
  add: (index: number, time: string) => void;
  before: CheckedEntries['recordedBefore'];
} {
  const found = new Map<number, string | undefined>();
  let last: string | undefined;
  let at = 0;
  return {
    add: (index, time) => {
      for (let size = sizes[at]; size !== undefined && size <= index; size = sizes[++at])
        found.set(size, last);
      last = time;
    },
    before: (size) => (found.has(size) ? found.get(size) : last),
  };
}

function isIncluded(tiles: TileChain, index: number, leaf: Uint8Array): boolean {
  const place = index % TILE_WIDTH;
  const logged = tiles.leaves((index - place) / TILE_WIDTH);
  return Buffer.from(leafHash(leaf)).equals(hashAt(logged, place));
}

/** The figures of the manifest, and its claim. */
function checkCounts(
  { claim }: Manifest,
  log: ManifestLog,
  entries: number,
  disclosures: number,
  firstEntry: number | undefined,
  lastEntry: number,
): void {
  const file = logFile(log.id, 'entries');
  check(entries === log.entries, file, `it has ${entries} entries, the manifest says ${log.entries}`);
  const disclosureFile = logFile(log.id, 'disclosures');
  const saysDisclosures = `it opens ${disclosures} values, the manifest says ${log.disclosures}`;
  check(disclosures === log.disclosures, disclosureFile, saysDisclosures);
  const firsts = [firstEntry, log.expired[0]?.[0]].filter((index) => index !== undefined);
  const lasts = [entries > 0 ? lastEntry : undefined, log.expired.at(-1)?.[1]].filter(
    (index) => index !== undefined,
  );
  const [first, last] = firsts.length > 0 ? [Math.min(...firsts), Math.max(...lasts)] : [null, null];
  check(
    first === log.first && last === log.last,
    file,
    'its first or last index is not that of the manifest',
  );
  if (claim === 'inclusion' || first === null) return;
  const missing = last - first + 1 - entries - countIndices(log.expired);
  check(
    missing === 0,
    file,
    `the manifest claims a contiguous range, but ${missing} entries of it are left out`,
  );
}

function readIndex(indices: Cursor, line: number): number {
  const text = Buffer.from(indices.line() ?? []).toString('latin1');
  check(/^(0|[1-9]\d{0,15})$/.test(text), indices.name, 'there is no index for an entry', line);
  return Number(text);
}

function notDescribed(
  { status }: Exclude<DescribedEntry, { status: 'described' }>,
  log: ManifestLog,
  line: number,
): Problem {
  switch (status) {
    case 'malformed-leaf':
      return new Problem(logFile(log.id, 'entries'), 'it is not an entry', line);
    case 'no-time':
      return new Problem(logFile(log.id, 'entries'), 'it does not say when it was recorded', line);
    case 'malformed-disclosure':
      return new Problem(
        logFile(log.id, 'disclosures'),
        `a disclosure of entry line ${line} can not be read`,
      );
    case 'foreign-disclosure':
      return new Problem(
        logFile(log.id, 'disclosures'),
        `a disclosure does not belong to the entry of line ${line}`,
      );
  }
}

/** Entry bundles are there for every whole tile of a contiguous range, and for nothing else. */
function bundleChecker(
  { claim }: Manifest,
  log: ManifestLog,
  members: Members,
): { add: (index: number, leaf: Uint8Array) => void; end: () => void } {
  const prefix = `${log.id}/log/tile/entries/`;
  const unexpected = new Set(members.names.filter((name) => name.startsWith(prefix)));
  let leaves: Uint8Array[] = [];
  let next = -1;
  return {
    add: (index, leaf) => {
      if (claim !== 'contiguous') return;
      const place = index % TILE_WIDTH;
      if (place === 0) leaves = [];
      else if (index !== next) return;
      leaves.push(leaf);
      next = index + 1;
      const tile = (index - place) / TILE_WIDTH;
      const width = tileWidth(0, tile, log.size);
      if (leaves.length !== width) return;
      const name = entryBundleFile(log.id, tile, width);
      check(
        members.whole(name).equals(encodeEntryBundle(leaves)),
        name,
        'it holds other entries than entries.ndjson',
      );
      unexpected.delete(name);
    },
    end: () => {
      for (const name of unexpected) throw new Problem(name, 'its entries are not all in the bundle');
    },
  };
}
