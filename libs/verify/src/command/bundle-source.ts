import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ByteSource } from '../container/zip.js';
import { Unreadable } from '../problem.js';

/** An open bundle; `close` removes what was kept of it. */
export type OpenSource = { readonly source: ByteSource; readonly close: () => Promise<void> };

const STANDARD_INPUT = 0;

/**
 * Opens the bundle: a file, or `-` for standard input. A bundle is read from its end, and a pipe has none: what comes
 * through one is kept in a temporary file meanwhile. Throws `Unreadable` where there is nothing that can be read.
 */
export async function openSource(name: string): Promise<OpenSource> {
  const descriptor = name === '-' ? STANDARD_INPUT : readable(() => openSync(name, 'r'));
  const closeInput = (): void => {
    if (descriptor !== STANDARD_INPUT) closeSync(descriptor);
  };
  try {
    const stats = readable(() => fstatSync(descriptor));
    if (stats.isDirectory()) throw new Unreadable('it is a folder; give the ZIP file itself');
    if (stats.isFile()) {
      return {
        source: fileSource(descriptor),
        close: () => {
          closeInput();
          return Promise.resolve();
        },
      };
    }
    const spooled = await spool(descriptor);
    closeInput();
    return spooled;
  } catch (error) {
    closeInput();
    throw error;
  }
}

/**
 * Copies a pipe to a file that only this user can read. Its name is gone at once, so that nothing is left of it however
 * this program ends; where a system does not let an open file go (Windows), it goes at the end.
 */
async function spool(descriptor: number): Promise<OpenSource> {
  const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-verify-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true }).catch(() => undefined);
  const copy = openSync(join(folder, 'bundle.zip'), 'wx+', 0o600);
  await remove();
  const close = (): Promise<void> => {
    closeSync(copy);
    return remove();
  };
  try {
    await copyAll(descriptor, copy);
    return { source: fileSource(copy), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Plain calls, no streams: these close the descriptors that they are given, and hide whose error it was. */
async function copyAll(from: number, to: number): Promise<void> {
  const room = Buffer.allocUnsafe(COPY_BYTES);
  for (;;) {
    const length = readable(() => readSome(from, room));
    if (length === 0) return;
    if (length === undefined) await sleep(WAIT_MS);
    else writeFileSync(to, room.subarray(0, length));
  }
}

const COPY_BYTES = 1024 * 1024;
const WAIT_MS = 5;

/** How many bytes came; 0 at the end; undefined where none are there yet, on a pipe that does not wait for them. */
function readSome(descriptor: number, room: Uint8Array): number | undefined {
  try {
    return readSync(descriptor, room);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'EAGAIN') return undefined;
    // The end of a pipe on Windows.
    if (error.code === 'EOF') return 0;
    throw error;
  }
}

function fileSource(descriptor: number): ByteSource {
  const { size } = fstatSync(descriptor);
  if (size === 0) throw new Unreadable('it is empty');
  return {
    size,
    read: (offset, length) => {
      const bytes = Buffer.allocUnsafe(length);
      for (let done = 0; done < length;) {
        const got = readable(() => readSync(descriptor, bytes, done, length - done, offset + done));
        if (got === 0) throw new Unreadable('it became shorter while it was read');
        done += got;
      }
      return bytes;
    },
  };
}

/** What the system says of the bundle is a verdict, "cannot be read"; any other error is a fault of ours. */
function readable<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw isSystemError(error) ? new Unreadable(plainly(error)) : error;
  }
}

const PLAINLY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder; give the ZIP file itself',
  ENXIO: 'it is not a file',
  EIO: 'the disk could not read it',
};

function plainly({ code = '', message }: NodeJS.ErrnoException): string {
  return PLAINLY[code] ?? message;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}
