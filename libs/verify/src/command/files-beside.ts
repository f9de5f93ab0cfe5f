import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Unreadable } from '../problem.js';
import type { Beside } from '../return/verify-return.js';

const CHUNK_BYTES = 1024 * 1024;

/** The files in the folder of a manifest. Its own name is a path of this system; those that it names have `/`. */
export function filesBeside(manifest: string): Beside {
  return (path) => {
    const file = join(manifest, '..', ...path.split('/'));
    const stats = readable(() => statSync(file, { throwIfNoEntry: false }));
    // Nothing else is opened: a named pipe would never end.
    return stats?.isFile() ? { size: stats.size, sha256: () => sha256Of(file) } : undefined;
  };
}

function sha256Of(file: string): string {
  const descriptor = readable(() => openSync(file, 'r'));
  try {
    const [hash, room] = [createHash('sha256'), Buffer.allocUnsafe(CHUNK_BYTES)];
    for (;;) {
      const length = readSync(descriptor, room);
      if (length === 0) return hash.digest('hex');
      hash.update(room.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

function readable<Found>(look: () => Found): Found {
  try {
    return look();
  } catch (error) {
    throw new Unreadable(`a file beside it cannot be read: ${(error as Error).message}`);
  }
}
