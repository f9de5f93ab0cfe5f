import { describeEntry, type DescribedEntry, type EntryLines } from '@vouchsafe/forensic-bundle';
import { emptyBytes, leafHashes, type Bytes } from '@vouchsafe/transparency-log';
import { disclosuresOf } from './disclosures-of.js';

/** Entries as they stand in the bundle, on their way to be described, maybe in another thread. */
export type EntryBatch = {
  readonly logId: string;
  /** Lines of entries.ndjson, and how long each is without its newline. */
  readonly leaves: Uint8Array<ArrayBuffer>;
  readonly lengths: Uint32Array<ArrayBuffer>;
  readonly indices: Float64Array<ArrayBuffer>;
  /** `ERASED`, `HELD`, both or none. */
  readonly marks: Uint8Array<ArrayBuffer>;
  /** The lines of disclosures.ndjson that are up to these entries. */
  readonly disclosures: Uint8Array<ArrayBuffer>;
};

/** `2026-11-22T12:00:00.000Z` */
export const INSTANT_LENGTH = 24;

export const ERASED = 1;
export const HELD = 2;

/** Lines of a file, one behind the other, and how many bytes each has. */
export type Lines = { readonly bytes: Uint8Array<ArrayBuffer>; readonly lengths: Uint32Array<ArrayBuffer> };

export type DescribedBatch = {
  readonly csv: Lines;
  readonly ocsf: Lines;
  /** Packed; of all entries. */
  readonly leafHashes: Uint8Array<ArrayBuffer>;
  /** How many entries were described. */
  readonly described: number;
  /** When each was recorded, one behind the other: all are `INSTANT_LENGTH` long. */
  readonly recordedAt: string;
  readonly undisclosed: Uint32Array<ArrayBuffer>;
  /** How many values the entries open. */
  readonly disclosures: number;
  /** Why the first entry that is none is none; those behind it are not described. */
  readonly failed: Failure | undefined;
};

export type Failure =
  | Exclude<DescribedEntry, { status: 'described' }>
  /** `line`: which of the batch's lines of disclosures, from 1. */
  | { readonly status: 'malformed-line' | 'stray-line'; readonly line: number };

/** All that checking entries takes and needs nothing but the entries: hashing, parsing, opening, formatting. */
export function describeBatch(batch: EntryBatch): DescribedBatch {
  const { logId, lengths, indices, marks } = batch;
  const leaves = leavesOf(batch);
  const disclosures = disclosuresOf(Buffer.from(batch.disclosures.buffer));
  const lines: EntryLines = { csv, ocsf };
  const ends: Record<keyof EntryLines, number[]> = { csv: [], ocsf: [] };
  const undisclosed = new Uint32Array(lengths.length);
  let recordedAt = '';
  let done = 0;
  let failed: Failure | undefined;
  csv.length = ocsf.length = 0;
  for (let i = 0; i < lengths.length && !failed; i++) {
    const [index, mark, leaf] = [indices[i] ?? 0, marks[i] ?? 0, leaves[i] ?? NOTHING];
    const given = disclosures.of(index);
    if ('status' in given) failed = given;
    else {
      const entry = {
        ...{ index, leaf, disclosures: given },
        ...{ erased: (mark & ERASED) > 0, held: (mark & HELD) > 0 },
      };
      const described = describeEntry(logId, entry, lines);
      if (described.status !== 'described') failed = described;
      else {
        ends.csv.push(csv.length);
        ends.ocsf.push(ocsf.length);
        recordedAt += described.recordedAt;
        undisclosed[done++] = described.undisclosed;
      }
    }
  }
  return {
    ...{ csv: linesOf(csv, ends.csv), ocsf: linesOf(ocsf, ends.ocsf), undisclosed },
    ...{ described: done, recordedAt },
    leafHashes: new Uint8Array(leafHashes(leaves)),
    disclosures: disclosures.count(),
    failed: failed ?? disclosures.stray(),
  };
}

/** Written anew for each batch; what is answered is a copy, which can be handed to another thread. */
const [csv, ocsf] = [emptyBytes(), emptyBytes()];
const NOTHING = new Uint8Array();

function leavesOf({ leaves, lengths }: EntryBatch): Uint8Array[] {
  const views: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    views.push(leaves.subarray(at, at + length));
    at += length + 1;
  }
  return views;
}

function linesOf({ buffer }: Bytes, ends: readonly number[]): Lines {
  return {
    bytes: new Uint8Array(buffer.subarray(0, ends.at(-1) ?? 0)),
    lengths: Uint32Array.from(ends, (end, i) => end - (ends[i - 1] ?? 0)),
  };
}
