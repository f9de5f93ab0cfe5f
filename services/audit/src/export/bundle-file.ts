/** @promise P09 encrypts bundles that wait to be fetched */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import type { BundleStage, StagedFile } from '@vouchsafe/forensic-bundle';
import { z } from 'zod';
import { storedNames } from '../stored-names.js';

/**
 * Where a bundle's files wait until they are fetched: one file of frames, each sealed by AES-256-GCM under a key of this bundle's
 * own, so that opened values do not lie on a disk in clear and destroying the key removes them (P10). A frame is
 * `nonce (12) | ciphertext | tag (16)`, bound to the export, the member and its position in it. The last one is the directory.
 */
export interface WritableBundle {
  readonly stage: BundleStage;
  /** Seals the directory, and answers when all of it is on the disk. */
  finish(files: readonly StagedFile[]): Promise<DirectoryLocation>;
  close(): Promise<void>;
}

export interface DirectoryLocation {
  readonly at: number;
  readonly length: number;
}

export interface ReadableBundle {
  readonly stage: BundleStage;
  readonly files: readonly StagedFile[];
  close(): Promise<void>;
}

const NONCE = 12;
const TAG = 16;
const KEY = 32;
const DIRECTORY = '';

/** Each attempt writes a file of its own: one that has lost its lease cannot disturb another. */
export function bundlePath(folder: string, exportId: string, attempt: number): string {
  return path.join(folder, `${exportId}.${attempt}.bundle`);
}

export function newBundleKey(): Buffer {
  return randomBytes(KEY);
}

export async function writeBundle(at: string, exportId: string, key: Buffer): Promise<WritableBundle> {
  const file = await open(at, 'w', 0o600);
  const frames: Frames = {};
  let end = 0;
  const write = async (name: string, nth: number, bytes: Uint8Array): Promise<Frame> => {
    const parts = seal(key, frameAssociatedData(exportId, name, nth), bytes);
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    await file.writev(parts, end);
    const frame: Frame = [end, length];
    end += length;
    return frame;
  };
  return {
    stage: {
      append: async (name, bytes) => {
        const own = (frames[name] ??= []);
        own.push(await write(name, own.length, bytes));
      },
      read: (name) => readFrames(file, exportId, key, name, frames[name] ?? []),
    },
    finish: async (files) => {
      const [at, length] = await write(DIRECTORY, 0, Buffer.from(JSON.stringify({ files, frames })));
      await file.sync();
      return { at, length };
    },
    close: () => file.close(),
  };
}

/** @throws where the file is missing, or not the one that the key sealed */
export async function readBundle(
  at: string,
  exportId: string,
  key: Buffer,
  location: DirectoryLocation,
): Promise<ReadableBundle> {
  const file = await open(at, 'r');
  try {
    const bytes = await readFrame(file, exportId, key, DIRECTORY, 0, [location.at, location.length]);
    const { files, frames } = directory.parse(JSON.parse(bytes.toString()));
    return {
      files,
      stage: {
        append: () => Promise.reject(new Error('Nothing can be appended to a finished bundle')),
        read: (name) => readFrames(file, exportId, key, name, frames[name] ?? []),
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

type Frame = [at: number, length: number];
type Frames = Record<string, Frame[]>;

const directory = z.strictObject({
  files: z.array(z.strictObject({ name: z.string(), size: z.int(), crc32: z.int(), sha256: z.string() })),
  frames: z.record(z.string(), z.array(z.tuple([z.int(), z.int()]))),
});

async function* readFrames(
  file: FileHandle,
  exportId: string,
  key: Buffer,
  name: string,
  frames: readonly Frame[],
) {
  // One for all frames of a member: a bundle of gigabytes must not leave gigabytes to be collected.
  const scratch = Buffer.alloc(Math.max(0, ...frames.map(([, length]) => length)));
  for (const [nth, frame] of frames.entries()) {
    yield await readFrame(file, exportId, key, name, nth, frame, scratch);
  }
}

async function readFrame(
  file: FileHandle,
  exportId: string,
  key: Buffer,
  name: string,
  nth: number,
  [at, length]: Frame,
  scratch = Buffer.alloc(length),
): Promise<Buffer> {
  const { bytesRead } = await file.read(scratch, 0, length, at);
  if (bytesRead !== length) throw new Error(`The bundle of export ${exportId} ends early`);
  return openSealed(key, frameAssociatedData(exportId, name, nth), scratch.subarray(0, length));
}

function frameAssociatedData(exportId: string, name: string, nth: number): Buffer {
  return Buffer.from(JSON.stringify([storedNames.bundle, exportId, name, nth]));
}

function seal(key: Buffer, associated: Buffer, bytes: Uint8Array): Buffer[] {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG });
  cipher.setAAD(associated);
  // GCM is a stream: `update` gives all of it, `final` only ends it.
  const sealed = cipher.update(bytes);
  cipher.final();
  return [nonce, sealed, cipher.getAuthTag()];
}

/** @throws where a byte of the frame, or its position, has changed */
function openSealed(key: Buffer, associated: Buffer, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  const bytes = decipher.update(sealed.subarray(NONCE, sealed.length - TAG));
  decipher.final();
  return bytes;
}
