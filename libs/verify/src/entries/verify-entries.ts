import {
  leafHash,
  MAX_ENTRY_BYTES,
  openLeaf,
  type JsonObject,
  type OpenedLeaf,
} from '@vouchsafe/transparency-log';
import type { BundleFiles, Cursor } from '../container/bundle-files.js';
import { logFile } from '../container/names.js';
import type { ProvenTiles } from '../log/verify-tiles.js';
import type { Manifest, ManifestLog } from '../manifest/manifest.js';
import { countIndices, rangeCursor } from '../manifest/ranges.js';
import { isInstant } from '../instant.js';
import { Problem, check, newerVersion } from '../problem.js';
import { disclosureLines, type DisclosureLines } from './disclosure-lines.js';
import { drawnFile } from './drawn-file.js';
import { DRAWN_FORMATS } from './drawn-formats.js';
import { entryBundles } from './entry-bundles.js';
import { TooDeep } from './json-text.js';
import { faultOfLeaf } from './leaf-rules.js';
import type { ShownEntry } from './shown-entry.js';
import { timesBefore, type TimesBefore } from './times-before.js';

/**
 * Step 4: each entry stands in the log at its index, what is opened of it is its own, it is what the manifest says of
 * it, and the files that are drawn from the entries say the same. Goes once through all these files, side by side.
 */
export function verifyEntries(
  manifest: Manifest,
  log: ManifestLog,
  files: BundleFiles,
  tiles: ProvenTiles,
): VerifiedEntries {
  const file = (name: Parameters<typeof logFile>[1]): Cursor => files.cursor(logFile(log.id, name));
  const [entries, indices] = [file('entries'), file('indices')];
  const disclosures = disclosureLines(file('disclosures'));
  const [csv, ocsf] = [drawnFile(file('csv')), drawnFile(file('ocsf'))];
  const { csvHeader, draw } = DRAWN_FORMATS[manifest.version];
  const bundles = entryBundles(manifest, log, files);
  const times = timesBefore([...log.earlierCheckpoints, log.size]);
  const marksAt = marksOf(log);
  const seen: Seen = { entries: 0, first: undefined, last: -1, recordedAt: '', ofVersion1: 0 };

  csv.expect(csvHeader);
  for (let leaf = entries.line(); leaf; leaf = entries.line()) {
    const line = ++seen.entries;
    const index = readIndex(indices, line, log, seen);
    checkIncluded(leaf, index, tiles, entries.name, line);
    bundles.add(index, leaf);
    const opened = openEntry(leaf, disclosures, index, entries.name, line);
    if (manifest.version === 2) {
      const fault = faultOfLeaf(opened.entry);
      check(fault === undefined, entries.name, fault ?? '', line);
    }
    const marks = marksAt(index, entries.name, line);
    const recordedAt = recordedAtOf(opened.entry, manifest, entries.name, line);
    const isAfter = seen.recordedAt <= recordedAt;
    check(isAfter, entries.name, 'it was recorded before the entry in front of it', line);
    seen.recordedAt = recordedAt;
    if (opened.entry.version !== 2) seen.ofVersion1++;
    const isMissing = !marks.erased || opened.undisclosed > 0;
    check(isMissing, entries.name, 'it is called erased, but nothing of it is missing', line);
    times.add(index, recordedAt);
    const { entry, undisclosed } = opened;
    const shown: ShownEntry = { logId: log.id, index, entry, undisclosed, ...marks };
    const drawn = withinDepth(() => draw(shown), entries.name, line);
    csv.expect(drawn.csv);
    ocsf.expect(drawn.ocsf);
  }
  disclosures.end();
  csv.end();
  ocsf.end();
  entries.end();
  indices.end();
  bundles.end();
  checkCounts(manifest, log, seen, disclosures.count());
  return { recordedBefore: times.before, ofVersion1: seen.ofVersion1 };
}

type Seen = {
  entries: number;
  first: number | undefined;
  last: number;
  recordedAt: string;
  ofVersion1: number;
};

export type VerifiedEntries = {
  readonly recordedBefore: TimesBefore['before'];
  /** How many entries do not say who submitted them. */
  readonly ofVersion1: number;
};

/** The index of the next entry, on its line of indices.txt. */
function readIndex(indices: Cursor, line: number, log: ManifestLog, seen: Seen): number {
  const text = indices.line()?.toString('latin1') ?? '';
  check(/^(0|[1-9]\d{0,15})$/.test(text), indices.name, 'there is no index for an entry', line);
  const index = Number(text);
  const isNext = index > seen.last && index < log.size;
  check(isNext, indices.name, 'the index is out of order or not in the tree', line);
  seen.first ??= index;
  seen.last = index;
  return index;
}

/** RFC 6962 section 2.1: the proven tiles have the hash of this leaf at this index. */
function checkIncluded(leaf: Buffer, index: number, tiles: ProvenTiles, file: string, line: number): void {
  check(leaf.length <= MAX_ENTRY_BYTES, file, 'it is longer than an entry can be', line);
  const isLogged = Buffer.compare(leafHash(leaf), tiles.leafHash(index)) === 0;
  check(isLogged, file, `the log has another entry at index ${index}`, line);
}

/** RFC 9901 section 7.1: the entry with the values that are opened; all of them are its own. */
function openEntry(
  leaf: Buffer,
  disclosures: DisclosureLines,
  index: number,
  file: string,
  line: number,
): Extract<OpenedLeaf, { status: 'opened' }> {
  const opened = openLeaf(leaf, disclosures.of(index));
  switch (opened.status) {
    case 'opened':
      break;
    case 'malformed-leaf':
      throw new Problem(file, 'it is not an entry, or hides what may not be hidden', line);
    case 'malformed-disclosure':
      throw new Problem(
        disclosures.name,
        `a disclosure of entry line ${line} cannot be read`,
        disclosures.line(),
      );
    case 'foreign-disclosure':
      throw new Problem(
        disclosures.name,
        `a disclosure does not belong to the entry of line ${line}`,
        disclosures.line(),
      );
  }
  const { version } = opened.entry;
  if (typeof version === 'number' && version > NEWEST_LEAF)
    throw newerVersion(`${file}, line ${line},`, version);
  return opened;
}

const NEWEST_LEAF = 2;

/** 64 levels at most, of `details` and of `other`: a disclosed value that is nested can stand deep in its entry. */
function withinDepth<T>(draw: () => T, file: string, line: number): T {
  try {
    return draw();
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    throw new Problem(file, 'opened, it is nested deeper than an entry can be', line);
  }
}

/** By the time that the leaf says the entry is in the range of the bundle. */
function recordedAtOf(entry: JsonObject, { range }: Manifest, file: string, line: number): string {
  const { recordedAt } = entry;
  check(isInstant(recordedAt), file, 'it does not say when it was recorded', line);
  const isInRange = range.from <= recordedAt && recordedAt < range.to;
  check(isInRange, file, `it was recorded at ${recordedAt}, outside the range of the bundle`, line);
  return recordedAt;
}

/** What the manifest says of an entry. Asked for in ascending order. */
function marksOf(
  log: ManifestLog,
): (index: number, file: string, line: number) => { erased: boolean; held: boolean } {
  const [isErased, isHeld, isExpired] = [log.erased, log.held, log.expired].map(rangeCursor);
  return (index, file, line) => {
    check(!isExpired?.(index), file, 'it is called expired, but it is here', line);
    return { erased: isErased?.(index) === true, held: isHeld?.(index) === true };
  };
}

/** The figures of the manifest, and its claim. */
function checkCounts({ claim }: Manifest, log: ManifestLog, seen: Seen, disclosures: number): void {
  const file = logFile(log.id, 'entries');
  check(
    seen.entries === log.entries,
    file,
    `it has ${seen.entries} entries, the manifest says ${log.entries}`,
  );
  const saysDisclosures = `it opens ${disclosures} values, the manifest says ${log.disclosures}`;
  check(disclosures === log.disclosures, logFile(log.id, 'disclosures'), saysDisclosures);
  const indices = [
    seen.first,
    seen.entries > 0 ? seen.last : undefined,
    log.expired[0]?.[0],
    log.expired.at(-1)?.[1],
  ];
  const known = indices.filter((index) => index !== undefined);
  const [first, last] = known.length > 0 ? [Math.min(...known), Math.max(...known)] : [null, null];
  const isRange = first === log.first && last === log.last;
  check(isRange, file, 'its first or last index is not that of the manifest');
  if (claim === 'inclusion' || first === null) return;
  const missing = last - first + 1 - seen.entries - countIndices(log.expired);
  const gap = `the manifest claims a contiguous range, but ${missing} entries of it are left out`;
  check(missing === 0, file, gap);
}
