/** @promise P28 files are kept under random ids, sealed, and are never opened by anything but their download */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ByteRange } from '@vouchsafe/vault';
import { type BodyId, BodyStore, isBodyId, StorageFullError } from './body-store.js';

/** Bodies in a folder that all instances share: `<organization>/<attachment>`, and with a random ending while one is written. */
export class FolderBodyStore extends BodyStore {
  constructor(private readonly folder: string) {
    super();
  }

  async put(id: BodyId, content: Readable): Promise<void> {
    const file = this.fileOf(id);
    const part = `${file}.${randomUUID()}`;
    try {
      await makeFolder(path.dirname(file));
      // `flush` makes the bytes durable before the file has its name.
      await pipeline(content, createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true }));
      await rename(part, file);
      await sync(path.dirname(file));
    } catch (error) {
      content.destroy();
      await rm(part, { force: true });
      throw isFull(error) ? new StorageFullError('There is no room on the disk', { cause: error }) : error;
    }
  }

  async read(id: BodyId, { start, end }: ByteRange): Promise<Readable | null> {
    const opened = await open(this.fileOf(id), 'r').catch(nullWhereMissing);
    return opened && createReadStream('', { fd: opened, start, end });
  }

  async remove(id: BodyId): Promise<void> {
    const folder = path.dirname(this.fileOf(id));
    for (const name of await namesIn(folder))
      if (attachmentOf(name) === id.attachmentId) await rm(path.join(folder, name), { force: true });
  }

  async removeSome(organizationId: string): Promise<boolean> {
    await rm(path.join(this.folder, organizationId), { recursive: true, force: true });
    return false;
  }

  async *list(organizationId?: string): AsyncIterable<BodyId> {
    const organizations = organizationId === undefined ? await namesIn(this.folder) : [organizationId];
    for (const organization of organizations)
      for (const name of await namesIn(path.join(this.folder, organization))) {
        const id = { organizationId: organization, attachmentId: attachmentOf(name) };
        if (isBodyId(id)) yield id;
      }
  }

  private fileOf({ organizationId, attachmentId }: BodyId): string {
    return path.join(this.folder, organizationId, attachmentId);
  }
}

function attachmentOf(name: string): string {
  return name.split('.', 1)[0] ?? name;
}

async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined) await sync(path.dirname(made));
}

/** A new or renamed file is found again after a crash only once its folder is durable, too. */
async function sync(folder: string): Promise<void> {
  const opened = await open(folder, 'r');
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(nullWhereMissing)) ?? [];
}

function nullWhereMissing(error: unknown): null {
  if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null;
  throw error;
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
