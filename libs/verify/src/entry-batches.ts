import { logFile, rangeCursor, type ManifestLog } from '@vouchsafe/forensic-bundle';
import { ERASED, HELD, type EntryBatch } from './describe-batch.js';
import { indexAtEnd } from './disclosures-of.js';
import type { Cursor, Members } from './members.js';
import { Problem } from './problem.js';

/** Entries are described and compared this many at a time, or fewer where they are long. */
const BATCH = 1024;
const BATCH_BYTES = 4 * 1024 * 1024;

export type ReadBatch = {
  readonly batch: EntryBatch;
  /** Lines of entries.ndjson and of disclosures.ndjson before this batch. */
  readonly linesBefore: number;
  readonly disclosureLinesBefore: number;
  /** What does not hold right behind the last entry of the batch. */
  readonly problem: Problem | undefined;
};

export type EntryReader = {
  /** The next entries; undefined at the end. */
  readonly next: () => ReadBatch | undefined;
  /** Throws where a file goes on behind the last entry. */
  readonly end: () => void;
  readonly read: () => {
    readonly entries: number;
    readonly first: number | undefined;
    readonly last: number;
  };
};

/** Reads entries.ndjson, indices.txt and disclosures.ndjson side by side. `onLeaf` sees each leaf as it goes by. */
export function entryReader(
  log: ManifestLog,
  members: Members,
  onLeaf: (index: number, leaf: Uint8Array) => void,
): EntryReader {
  const cursor = (file: Parameters<typeof logFile>[1]): Cursor => members.cursor(logFile(log.id, file));
  const [entries, indices, disclosures] = [cursor('entries'), cursor('indices'), cursor('disclosures')];
  const [isErased, isHeld] = [rangeCursor(log.erased), rangeCursor(log.held)];
  const isExpired = rangeCursor(log.expired);
  const disclosed = linesUpTo(disclosures);
  let [read, last] = [0, -1];
  let first: number | undefined;
  let leaf = entries.line();

  const nextIndex = (): number => {
    const index = readIndex(indices, read);
    if (index <= last || index >= log.size)
      throw new Problem(indices.name, 'the index is out of order or not in the tree', read);
    if (isExpired(index)) throw new Problem(entries.name, 'it is called expired, but it is here', read);
    return index;
  };
  return {
    next: () => {
      if (!leaf) return undefined;
      const linesBefore = read;
      const disclosureLinesBefore = disclosed.read();
      const collected = collector();
      let problem: Problem | undefined;
      try {
        while (leaf && !collected.isFull()) {
          read++;
          const index = nextIndex();
          first ??= index;
          last = index;
          onLeaf(index, leaf);
          collected.add(leaf, index, (isErased(index) ? ERASED : 0) + (isHeld(index) ? HELD : 0));
          leaf = entries.line();
        }
      } catch (error) {
        // What was wrong earlier is told first.
        if (!(error instanceof Problem)) throw error;
        problem = error;
      }
      const batch = collected.batch(log.id, disclosed.upTo(last));
      return { batch, linesBefore, disclosureLinesBefore, problem };
    },
    end: () => {
      entries.end();
      indices.end();
      disclosed.end();
    },
    read: () => ({ entries: read, first, last }),
  };
}

function collector(): {
  add: (leaf: Uint8Array, index: number, mark: number) => void;
  isFull: () => boolean;
  batch: (logId: string, disclosures: Uint8Array<ArrayBuffer>) => EntryBatch;
} {
  let leaves = new Uint8Array(BATCH * 1024);
  let bytes = 0;
  const lengths: number[] = [];
  const indices: number[] = [];
  const marks: number[] = [];
  return {
    add: (leaf, index, mark) => {
      const end = bytes + leaf.length;
      if (end >= leaves.length) leaves = grown(leaves, end + 1);
      leaves.set(leaf, bytes);
      leaves[end] = 0x0a;
      bytes = end + 1;
      lengths.push(leaf.length);
      indices.push(index);
      marks.push(mark);
    },
    isFull: () => lengths.length === BATCH || bytes >= BATCH_BYTES,
    batch: (logId, disclosures) => ({
      ...{ logId, leaves, disclosures },
      lengths: Uint32Array.from(lengths),
      indices: Float64Array.from(indices),
      marks: Uint8Array.from(marks),
    }),
  };
}

function grown(bytes: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(needed, bytes.length * 2));
  larger.set(bytes);
  return larger;
}

/** Takes the lines that belong to entries up to an index, or to none that can be told. */
function linesUpTo(cursor: Cursor): {
  upTo: (index: number) => Uint8Array<ArrayBuffer>;
  read: () => number;
  end: () => void;
} {
  let line = cursor.line();
  let read = 0;
  return {
    upTo: (index) => {
      let bytes = new Uint8Array(64 * 1024);
      let length = 0;
      while (line && indexAtEnd(line, 0, line.length) <= index) {
        const end = length + line.length;
        if (end >= bytes.length) bytes = grown(bytes, end + 1);
        bytes.set(line, length);
        bytes[end] = 0x0a;
        length = end + 1;
        read++;
        line = cursor.line();
      }
      return bytes.slice(0, length);
    },
    read: () => read,
    end: () => {
      if (line) {
        const why = 'it opens values of an entry that is not here, or out of order';
        throw new Problem(cursor.name, why, read + 1);
      }
      cursor.end();
    },
  };
}

function readIndex(indices: Cursor, line: number): number {
  const text = Buffer.from(indices.line() ?? []).toString('latin1');
  if (!/^(0|[1-9]\d{0,15})$/.test(text))
    throw new Problem(indices.name, 'there is no index for an entry', line);
  return Number(text);
}
