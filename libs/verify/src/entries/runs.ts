import { leafHash, MAX_ENTRY_BYTES } from '@vouchsafe/transparency-log';
import type { BundleFiles, Cursor } from '../container/bundle-files.js';
import { logFile } from '../container/names.js';
import type { ProvenTiles } from '../log/verify-tiles.js';
import type { Manifest, ManifestLog } from '../manifest/manifest.js';
import { rangeCursor } from '../manifest/ranges.js';
import { check, refusalOf, type Refusal } from '../problem.js';
import type { Run, RunEntry } from './check-run.js';
import { disclosureLines } from './disclosure-lines.js';
import { entryBundles } from './entry-bundles.js';

/**
 * The entries of a log, run by run: entries.ndjson, indices.txt, disclosures.ndjson and the entry bundles, read side by side. Each
 * entry of a run has been found in the log at its index.
 */
export type RunReader = {
  /** `refusal`: what does not hold after the last entry of the run, which is then the last run. */
  readonly runs: () => Generator<{ readonly run: Run; readonly refusal: Refusal | undefined }>;
  /** Throws unless all of these files were read, and were what the manifest and the ZIP say. */
  readonly end: () => ReadCounts;
};

export type ReadCounts = {
  entries: number;
  first: number | undefined;
  last: number;
  disclosures: number;
};

/** Many enough that handing a run over costs little, few enough that the runs in hand take little memory. */
const ENTRIES_OF_A_RUN = 128;
const BYTES_OF_A_RUN = 1024 * 1024;

export function runReader(
  manifest: Manifest,
  log: ManifestLog,
  files: BundleFiles,
  tiles: ProvenTiles,
): RunReader {
  const file = (name: Parameters<typeof logFile>[1]): Cursor => files.cursor(logFile(log.id, name));
  const [entries, indices, disclosures] = [file('entries'), file('indices'), file('disclosures')];
  const opened = disclosureLines(disclosures);
  const bundles = entryBundles(manifest, log, files);
  const marksAt = marksOf(log);
  const read: ReadCounts = { entries: 0, first: undefined, last: -1, disclosures: 0 };

  /** Reads the next entry into the run. Answers with its bytes; undefined at the end. */
  const readEntry = (run: RunEntry[]): number | undefined => {
    const leaf = entries.line();
    if (!leaf) return undefined;
    const line = ++read.entries;
    const index = readIndex(indices, line, log, read);
    checkIncluded(leaf, index, tiles, entries.name, line);
    bundles.add(index, leaf);
    const own = opened.of(index);
    run.push({ index, leaf, disclosures: own, disclosuresLine: opened.line(), marks: marksAt(index) });
    return own.reduce((sum, disclosure) => sum + disclosure.length, leaf.length);
  };

  const readRun = (): { run: Run; refusal: Refusal | undefined; isLast: boolean } => {
    const own: RunEntry[] = [];
    const { version, range } = manifest;
    const run = { version, range, logId: log.id, firstLine: read.entries + 1, entries: own };
    try {
      for (let length = 0; own.length < ENTRIES_OF_A_RUN && length < BYTES_OF_A_RUN;) {
        const bytes = readEntry(own);
        if (bytes === undefined) return { run, refusal: undefined, isLast: true };
        length += bytes;
      }
    } catch (error) {
      return { run, refusal: refusalOf(error), isLast: true };
    }
    return { run, refusal: undefined, isLast: false };
  };

  return {
    *runs() {
      for (let isLast = false; !isLast;) {
        const next = readRun();
        ({ isLast } = next);
        yield next;
      }
    },
    end: () => {
      opened.end();
      entries.end();
      indices.end();
      bundles.end();
      return { ...read, disclosures: opened.count() };
    },
  };
}

/** RFC 6962 section 2.1: the proven tiles have the hash of this leaf at this index. */
function checkIncluded(leaf: Buffer, index: number, tiles: ProvenTiles, file: string, line: number): void {
  check(leaf.length <= MAX_ENTRY_BYTES, file, 'it is longer than an entry can be', line);
  const isLogged = Buffer.compare(leafHash(leaf), tiles.leafHash(index)) === 0;
  check(isLogged, file, `the log has another entry at index ${index}`, line);
}

/** The index of the next entry, on its line of indices.txt. */
function readIndex(indices: Cursor, line: number, log: ManifestLog, read: ReadCounts): number {
  const text = indices.line()?.toString('latin1') ?? '';
  check(/^(0|[1-9]\d{0,15})$/.test(text), indices.name, 'there is no index for an entry', line);
  const index = Number(text);
  const isNext = index > read.last && index < log.size;
  check(isNext, indices.name, 'the index is out of order or not in the tree', line);
  read.first ??= index;
  read.last = index;
  return index;
}

/** Asked for in ascending order. */
function marksOf(log: ManifestLog): (index: number) => RunEntry['marks'] {
  const [isErased, isHeld, isExpired] = [
    rangeCursor(log.erased),
    rangeCursor(log.held),
    rangeCursor(log.expired),
  ];
  return (index) => ({ erased: isErased(index), held: isHeld(index), expired: isExpired(index) });
}
