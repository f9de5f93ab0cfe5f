import { openLeaf, type JsonObject, type OpenedLeaf } from '@vouchsafe/transparency-log';
import { logFile } from '../container/names.js';
import { isInstant } from '../instant.js';
import type { Manifest } from '../manifest/manifest.js';
import { check, newerVersion, Problem, refusalOf, type Refusal } from '../problem.js';
import { DRAWN_FORMATS, type Drawn } from './drawn-formats.js';
import { TooDeep } from './json-text.js';
import { faultOfLeaf } from './leaf-rules.js';

/** Consecutive entries of one log, with all that is needed to check them. Plain data: it can be sent to another thread. */
export type Run = {
  readonly version: Manifest['version'];
  readonly range: Manifest['range'];
  readonly logId: string;
  /** Of the first entry in entries.ndjson, counted from 1. */
  readonly firstLine: number;
  readonly entries: readonly RunEntry[];
};

export type RunEntry = {
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly disclosures: readonly string[];
  /** Where these stand in disclosures.ndjson. */
  readonly disclosuresLine: number;
  /** What the manifest says of the entry. */
  readonly marks: { readonly erased: boolean; readonly held: boolean; readonly expired: boolean };
};

/** What came of the entries before the first that does not hold. `refusal` says why that one does not. */
export type CheckedRun = {
  readonly csv: DrawnRecords;
  readonly ocsf: DrawnRecords;
  /** When each was recorded. */
  readonly recordedAt: readonly string[];
  /** How many do not say who submitted them. */
  readonly ofVersion1: number;
  readonly refusal: Refusal | undefined;
};

/** Consecutive records of a file, and the offset at which each of them ends. */
export type DrawnRecords = { readonly bytes: Uint8Array; readonly ends: readonly number[] };

/**
 * Checks that what is opened of each entry is its own, and that the entry is what the manifest says of it. Draws what
 * entries.csv and ocsf.ndjson must say of it. A function of its argument alone, so that any thread gives the same answer.
 */
export function checkRun(run: Run): CheckedRun {
  const drawn: Drawn[] = [];
  const recordedAt: string[] = [];
  let ofVersion1 = 0;
  let refusal: Refusal | undefined;
  try {
    for (const [nth, entry] of run.entries.entries()) {
      const checked = checkEntry(run, entry, run.firstLine + nth, recordedAt.at(-1) ?? '');
      drawn.push(checked.drawn);
      recordedAt.push(checked.recordedAt);
      if (checked.version !== 2) ofVersion1++;
    }
  } catch (error) {
    refusal = refusalOf(error);
  }
  const [csv, ocsf] = [recordsOf(drawn.map((one) => one.csv)), recordsOf(drawn.map((one) => one.ocsf))];
  return { csv, ocsf, recordedAt, ofVersion1, refusal };
}

function checkEntry(
  { version, range, logId }: Run,
  { index, leaf, disclosures, disclosuresLine, marks }: RunEntry,
  line: number,
  recordedBefore: string,
): { drawn: Drawn; recordedAt: string; version: unknown } {
  const file = logFile(logId, 'entries');
  const { entry, undisclosed } = openEntry(leaf, disclosures, { logId, line, disclosuresLine });
  if (version === 2) {
    const fault = faultOfLeaf(entry);
    check(fault === undefined, file, fault ?? '', line);
  }
  check(!marks.expired, file, 'it is called expired, but it is here', line);
  const recordedAt = recordedAtOf(entry, range, file, line);
  checkOrder(recordedBefore, recordedAt, file, line);
  const isMissing = !marks.erased || undisclosed > 0;
  check(isMissing, file, 'it is called erased, but nothing of it is missing', line);
  const shown = { logId, index, entry, undisclosed, erased: marks.erased, held: marks.held };
  const drawn = withinDepth(() => DRAWN_FORMATS[version].draw(shown), file, line);
  return { drawn, recordedAt, version: entry.version };
}

/** Also asked of the last entry of a run and the first of the next. */
export function checkOrder(before: string, recordedAt: string, file: string, line: number): void {
  check(before <= recordedAt, file, 'it was recorded before the entry in front of it', line);
}

/** RFC 9901 section 7.1: the entry with the values that are opened; all of them are its own. */
function openEntry(
  leaf: Uint8Array,
  disclosures: readonly string[],
  { logId, line, disclosuresLine }: { logId: string; line: number; disclosuresLine: number },
): Extract<OpenedLeaf, { status: 'opened' }> {
  const [file, disclosuresFile] = [logFile(logId, 'entries'), logFile(logId, 'disclosures')];
  const opened = openLeaf(leaf, disclosures);
  switch (opened.status) {
    case 'opened':
      break;
    case 'malformed-leaf':
      throw new Problem(file, 'it is not an entry, or hides what may not be hidden', line);
    case 'malformed-disclosure': {
      const why = `a disclosure of entry line ${line} cannot be read`;
      throw new Problem(disclosuresFile, why, disclosuresLine);
    }
    case 'foreign-disclosure': {
      const why = `a disclosure does not belong to the entry of line ${line}`;
      throw new Problem(disclosuresFile, why, disclosuresLine);
    }
  }
  const { version } = opened.entry;
  if (typeof version === 'number' && version > NEWEST_LEAF)
    throw newerVersion(`${file}, line ${line},`, version);
  return opened;
}

const NEWEST_LEAF = 2;

/** By the time that the leaf says the entry is in the range of the bundle. */
function recordedAtOf(
  { recordedAt }: JsonObject,
  range: Manifest['range'],
  file: string,
  line: number,
): string {
  check(isInstant(recordedAt), file, 'it does not say when it was recorded', line);
  const isInRange = range.from <= recordedAt && recordedAt < range.to;
  check(isInRange, file, `it was recorded at ${recordedAt}, outside the range of the bundle`, line);
  return recordedAt;
}

/** 64 levels at most, of `details` and of `other`: a disclosed value that is nested can stand deep in its entry. */
function withinDepth<T>(draw: () => T, file: string, line: number): T {
  try {
    return draw();
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    throw new Problem(file, 'opened, it is nested deeper than an entry can be', line);
  }
}

function recordsOf(records: readonly string[]): DrawnRecords {
  let end = 0;
  const ends = records.map((record) => (end += Buffer.byteLength(record)));
  return { bytes: Buffer.from(records.join('')), ends };
}
