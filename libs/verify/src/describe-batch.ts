import { describeEntry, type DescribedEntry } from '@vouchsafe/forensic-bundle';

/** Entries on their way to be described, maybe in another thread: leaves are packed into one buffer. */
export type EntryBatch = {
  readonly logId: string;
  readonly leaves: Uint8Array;
  readonly entries: readonly {
    readonly length: number;
    readonly index: number;
    readonly disclosures: readonly string[];
    readonly erased: boolean;
    readonly held: boolean;
  }[];
};

/** Lines of a file, one behind the other, and how many bytes each has. */
export type Lines = { readonly bytes: Uint8Array<ArrayBuffer>; readonly lengths: readonly number[] };

export type DescribedBatch = {
  readonly csv: Lines;
  readonly ocsf: Lines;
  readonly recordedAt: readonly string[];
  readonly undisclosed: readonly number[];
  /** The first entry that is none; those behind it are not described. */
  readonly failed: Exclude<DescribedEntry, { status: 'described' }> | undefined;
};

/** The costly part of checking entries, which needs nothing but the entries: parsing, opening, formatting. */
export function describeBatch({ logId, leaves, entries }: EntryBatch): DescribedBatch {
  const csv: string[] = [];
  const ocsf: string[] = [];
  const recordedAt: string[] = [];
  const undisclosed: number[] = [];
  let failed: DescribedBatch['failed'];
  let at = 0;
  for (const { length, ...entry } of entries) {
    const described = describeEntry(logId, { ...entry, leaf: leaves.subarray(at, at + length) });
    if (described.status !== 'described') {
      failed = described;
      break;
    }
    at += length;
    csv.push(described.lines.csv);
    ocsf.push(described.lines.ocsf);
    recordedAt.push(described.recordedAt);
    undisclosed.push(described.undisclosed);
  }
  return { csv: linesOf(csv), ocsf: linesOf(ocsf), recordedAt, undisclosed, failed };
}

const encoder = new TextEncoder();

export function linesOf(texts: readonly string[]): Lines {
  const joined = texts.join('');
  // A buffer of its own, not one from Node's pool, so that it can be handed to another thread.
  const bytes = encoder.encode(joined);
  // As many bytes as characters: all of it is ASCII.
  const isAscii = bytes.length === joined.length;
  return { bytes, lengths: texts.map((text) => (isAscii ? text.length : Buffer.byteLength(text))) };
}
