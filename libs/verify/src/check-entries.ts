import {
  CSV_HEADER,
  countIndices,
  entryBundleFile,
  logFile,
  type Manifest,
  type ManifestLog,
} from '@vouchsafe/forensic-bundle';
import { HASH_SIZE, TILE_WIDTH, tileWidth } from '@vouchsafe/transparency-log';
import { ERASED, INSTANT_LENGTH, type DescribedBatch, type Failure } from './describe-batch.js';
import type { Describer } from './describer.js';
import { entryReader, type EntryReader, type ReadBatch } from './entry-batches.js';
import { lineChecker } from './line-checker.js';
import type { Members } from './members.js';
import { Problem, check } from './problem.js';
import type { TileChain } from './tile-chain.js';

/** When the last of the entries here with an index under `size` was recorded. */
export type CheckedEntries = { readonly recordedBefore: (size: number) => string | undefined };

/**
 * Goes once through the entries of a log: each stands in the tree at its index, its disclosures are its own, and every
 * other file says of it what it says itself. Entries are described several batches ahead of what is compared.
 */
export async function checkEntries(
  manifest: Manifest,
  log: ManifestLog,
  members: Members,
  tiles: TileChain,
  { describe, lanes }: Describer,
): Promise<CheckedEntries> {
  const bundles = bundleChecker(manifest, log, members);
  const reader = entryReader(log, members, bundles.add);
  const checker = batchChecker(manifest, log, members, tiles);
  const ahead: { read: ReadBatch; described: Promise<DescribedBatch> }[] = [];
  const checkNext = async (): Promise<void> => {
    const next = ahead.shift();
    if (next) checker.check(next.read, await next.described);
  };
  for (let read = reader.next(); read; read = reader.next()) {
    const described = describe(read.batch);
    // Awaited in its turn; until then a failed thread must not count as nobody's.
    described.catch(() => undefined);
    ahead.push({ read, described });
    if (ahead.length > 2 * lanes) await checkNext();
    if (read.problem) break;
  }
  while (ahead.length > 0) await checkNext();
  checker.end();
  reader.end();
  bundles.end();
  checkCounts(manifest, log, reader.read(), checker.disclosures());
  return { recordedBefore: checker.recordedBefore };
}

/** Holds what entries hash to and say against the tiles, the manifest, and the files that are drawn from the entries. */
function batchChecker(
  { range }: Manifest,
  log: ManifestLog,
  members: Members,
  tiles: TileChain,
): CheckedEntries & {
  check: (read: ReadBatch, described: DescribedBatch) => void;
  end: () => void;
  disclosures: () => number;
} {
  const csv = lineChecker(members.cursor(logFile(log.id, 'csv')));
  const ocsf = lineChecker(members.cursor(logFile(log.id, 'ocsf')));
  const file = logFile(log.id, 'entries');
  const times = timesBefore([...log.earlierCheckpoints, log.size]);
  let disclosures = 0;
  csv.compare({ bytes: new TextEncoder().encode(CSV_HEADER), lengths: Uint32Array.of(CSV_HEADER.length) });
  return {
    recordedBefore: times.before,
    disclosures: () => disclosures,
    check: ({ batch, linesBefore, disclosureLinesBefore, problem }, described) => {
      const { indices, marks } = batch;
      const stranger = firstStranger(tiles, indices, described.leafHashes);
      const behind = stranger === undefined ? undefined : linesBefore + stranger + 1;
      const isBefore = (i: number): boolean => stranger === undefined || i < stranger;
      for (let i = 0; i < described.described && isBefore(i); i++) {
        const time = described.recordedAt.slice(i * INSTANT_LENGTH, (i + 1) * INSTANT_LENGTH);
        const line = linesBefore + i + 1;
        const inRange = range.from <= time && time < range.to;
        check(inRange, file, `it was recorded at ${time}, outside the range of the bundle`, line);
        times.add(indices[i] ?? 0, time);
        const isErased = ((marks[i] ?? 0) & ERASED) > 0;
        const isMissing = !isErased || described.undisclosed[i] !== 0;
        check(isMissing, file, 'it is called erased, but nothing of it is missing', line);
      }
      const { failed } = described;
      if (failed && isBefore(described.described)) {
        throw notDescribed(failed, log, linesBefore + described.described + 1, disclosureLinesBefore);
      }
      if (stranger !== undefined) {
        throw new Problem(file, `the log has another entry at index ${indices[stranger] ?? 0}`, behind);
      }
      csv.compare(described.csv);
      ocsf.compare(described.ocsf);
      disclosures += described.disclosures;
      if (problem) throw problem;
    },
    end: () => {
      csv.end();
      ocsf.end();
    },
  };
}

/** Which of the entries does not stand in the log at its index. */
function firstStranger(tiles: TileChain, indices: Float64Array, hashes: Uint8Array): number | undefined {
  const found = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] ?? 0;
    const place = (index % TILE_WIDTH) * HASH_SIZE;
    const logged = tiles.leaves(Math.floor(index / TILE_WIDTH));
    const at = i * HASH_SIZE;
    if (found.compare(logged, place, place + HASH_SIZE, at, at + HASH_SIZE) !== 0) return i;
  }
  return undefined;
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

/** The figures of the manifest, and its claim. */
function checkCounts(
  { claim }: Manifest,
  log: ManifestLog,
  { entries, first: firstEntry, last: lastEntry }: ReturnType<EntryReader['read']>,
  disclosures: number,
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

function notDescribed(
  failure: Failure,
  log: ManifestLog,
  line: number,
  disclosureLinesBefore: number,
): Problem {
  switch (failure.status) {
    case 'malformed-line':
    case 'stray-line':
      return new Problem(
        logFile(log.id, 'disclosures'),
        failure.status === 'malformed-line'
          ? 'it is not a list of disclosures'
          : 'it opens values of an entry that is not here, or out of order',
        disclosureLinesBefore + failure.line,
      );
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
  // As c2sp.org/tlog-tiles has it: each entry behind its length, two bytes, big-endian.
  let bundle = Buffer.alloc(1024 * 1024);
  let [length, leaves, next] = [0, 0, -1];
  return {
    add: (index, leaf) => {
      if (claim !== 'contiguous') return;
      const place = index % TILE_WIDTH;
      if (place === 0) length = leaves = 0;
      else if (index !== next) return;
      const end = length + 2 + leaf.length;
      if (end > bundle.length) bundle = Buffer.concat([bundle], end * 2);
      // Of an entry that is too long the bundle is another, and it is refused as none.
      bundle.writeUInt16BE(leaf.length & 0xffff, length);
      bundle.set(leaf, length + 2);
      length = end;
      leaves++;
      next = index + 1;
      const tile = (index - place) / TILE_WIDTH;
      const width = tileWidth(0, tile, log.size);
      if (leaves !== width) return;
      const name = entryBundleFile(log.id, tile, width);
      const isSame = members.whole(name).equals(bundle.subarray(0, length));
      check(isSame, name, 'it holds other entries than entries.ndjson');
      unexpected.delete(name);
    },
    end: () => {
      for (const name of unexpected) throw new Problem(name, 'its entries are not all in the bundle');
    },
  };
}
