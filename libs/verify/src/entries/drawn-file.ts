import type { Cursor } from '../container/bundle-files.js';
import { Problem } from '../problem.js';

/** A file that is drawn from the entries: computed again, record by record, and compared byte for byte. */
export type DrawnFile = {
  readonly expect: (record: string) => void;
  /** Throws unless the file held exactly what was expected. */
  readonly end: () => void;
};

/**
 * What does not hold in the entries is told before what then does not hold in the files drawn from them, since a changed
 * value shows in both. So a difference waits for the end.
 */
export function drawnFile(cursor: Cursor): DrawnFile {
  let compared = 0;
  let records: string[] = [];
  let length = 0;
  let problem: Problem | undefined;
  const compare = (): void => {
    const expected = Buffer.from(records.join(''));
    const found = cursor.bytes(expected.length);
    if (!found.equals(expected)) {
      const record = compared + firstThatDiffers(records, found) + 1;
      problem ??= new Problem(cursor.name, 'it does not say what the entries say', record);
    }
    compared += records.length;
    records = [];
    length = 0;
  };
  return {
    expect: (record) => {
      if (problem) return;
      records.push(record);
      length += record.length;
      if (records.length === AT_ONCE || length > LENGTH_AT_ONCE) compare();
    },
    end: () => {
      compare();
      if (problem) throw problem;
      cursor.end();
    },
  };
}

/** Some records are compared at once: a comparison for each costs more than the bytes. But never many long ones. */
const AT_ONCE = 32;
const LENGTH_AT_ONCE = 1024 * 1024;

function firstThatDiffers(records: readonly string[], found: Buffer): number {
  let start = 0;
  return records.findIndex((record) => {
    const expected = Buffer.from(record);
    const isSame = found.subarray(start, start + expected.length).equals(expected);
    start += expected.length;
    return !isSame;
  });
}
