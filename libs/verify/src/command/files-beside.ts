import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { Unreadable } from '../problem.js';
import type { Beside } from '../return/verify-return.js';

const CHUNK_BYTES = 1024 * 1024;

/** The files in the folder of a manifest. Its own name is a path of this system; those that it names have `/`. */
export function filesBeside(manifest: string): Beside {
  return (path) => {
    const descriptor = opened(join(manifest, '..', ...path.split('/')));
    if (descriptor === undefined) return undefined;
    try {
      const stats = fstatSync(descriptor);
      if (!stats.isFile()) return undefined;
      const [hash, room] = [createHash('sha256'), Buffer.allocUnsafe(CHUNK_BYTES)];
      for (;;) {
        const length = readSync(descriptor, room);
        if (length === 0) break;
        hash.update(room.subarray(0, length));
      }
      return { size: stats.size, sha256: hash.digest('hex') };
    } finally {
      closeSync(descriptor);
    }
  };
}

function opened(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Unreadable(`a file beside it cannot be read: ${message}`);
  }
}
