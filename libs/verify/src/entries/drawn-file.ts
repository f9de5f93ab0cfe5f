import type { Cursor } from '../container/bundle-files.js';
import { Problem } from '../problem.js';
import type { DrawnRecords } from './check-run.js';

/** A file that is drawn from the entries: computed again, and compared byte for byte. */
export type DrawnFile = {
  readonly expect: (records: DrawnRecords) => void;
  /** Throws unless the file held exactly what was expected. */
  readonly end: () => void;
};

/**
 * What does not hold in the entries is told before what then does not hold in the files drawn from them, since a changed
 * value shows in both. So a difference waits for the end.
 */
export function drawnFile(cursor: Cursor): DrawnFile {
  let compared = 0;
  let problem: Problem | undefined;
  return {
    expect: ({ bytes, ends }) => {
      if (problem) return;
      const found = cursor.bytes(bytes.length);
      if (!found.equals(bytes)) {
        const record = compared + recordAt(firstThatDiffers(bytes, found), ends) + 1;
        problem = new Problem(cursor.name, 'it does not say what the entries say', record);
      }
      compared += ends.length;
    },
    end: () => {
      if (problem) throw problem;
      cursor.end();
    },
  };
}

function firstThatDiffers(expected: Uint8Array, found: Uint8Array): number {
  return expected.findIndex((byte, at) => byte !== found[at]);
}

function recordAt(at: number, ends: readonly number[]): number {
  return ends.findIndex((end) => at < end);
}
