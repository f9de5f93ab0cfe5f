import type { Lines } from './describe-batch.js';
import type { Cursor } from './members.js';
import { Problem } from './problem.js';

/** Holds lines against a file. */
export function lineChecker(cursor: Cursor): { compare: (lines: Lines) => void; end: () => void } {
  let compared = 0;
  return {
    compare: ({ bytes, lengths }) => {
      const at = cursor.differsAt(bytes);
      if (at !== undefined) {
        throw new Problem(
          cursor.name,
          'it does not say what the entries say',
          compared + lineAt(lengths, at),
        );
      }
      compared += lengths.length;
    },
    end: cursor.end,
  };
}

/** Which of the lines, counted from 1, has the byte at this offset. */
function lineAt(lengths: Uint32Array, offset: number): number {
  let end = 0;
  const line = lengths.findIndex((length) => (end += length) > offset);
  return line < 0 ? lengths.length : line + 1;
}
