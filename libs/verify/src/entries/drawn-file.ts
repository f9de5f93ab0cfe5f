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
  let records = 0;
  let problem: Problem | undefined;
  return {
    expect: (record) => {
      if (problem) return;
      records++;
      const expected = Buffer.from(record);
      if (!cursor.bytes(expected.length).equals(expected)) {
        problem = new Problem(cursor.name, 'it does not say what the entries say', records);
      }
    },
    end: () => {
      if (problem) throw problem;
      cursor.end();
    },
  };
}
