/** @promise P31 what either store keeps of a body can be listed and removed, unfinished and earlier versions, too */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { python, smallDisk, whyNoSmallDisk, withoutPython } from '@vouchsafe/testing';
import { type Moto, startMoto } from '../testing/moto.js';
import { type BodyId, type BodyStore, StorageFullError } from './body-store.js';
import { FolderBodyStore } from './folder-body-store.js';
import { S3BodyStore } from './s3-body-store.js';

const organizationId = randomUUID();
const newBody = (): BodyId => ({ organizationId, attachmentId: randomUUID() });
const bytesOf = (content: Buffer) => Readable.from(chunksOf(content), { objectMode: false });

function* chunksOf(content: Buffer): Iterable<Buffer> {
  for (let at = 0; at < content.length; at += 100_000) yield content.subarray(at, at + 100_000);
}

async function readAll(store: BodyStore, id: BodyId, start: number, end: number): Promise<Buffer | null> {
  const found = await store.read(id, { start, end });
  return found && buffer(found);
}

async function listed(store: BodyStore, organization?: string): Promise<string[]> {
  const ids = new Set<string>();
  for await (const { attachmentId } of store.list(organization)) ids.add(attachmentId);
  return [...ids].sort();
}

/** What both must do. */
function keepsBodies(opened: () => BodyStore): void {
  it('gives back what it was given, whole and in parts', async () => {
    for (const size of [1, 200_000, 12_000_000]) {
      const [id, content] = [newBody(), randomBytes(size)];
      await opened().put(id, bytesOf(content));
      expect((await readAll(opened(), id, 0, size - 1))?.equals(content)).toBe(true);
      const [start, end] = [Math.floor(size / 3), Math.floor(size / 2)];
      expect((await readAll(opened(), id, start, end))?.equals(content.subarray(start, end + 1))).toBe(true);
    }
  });

  it('has no body where none was put, or where it was removed', async () => {
    const id = newBody();
    expect(await readAll(opened(), id, 0, 1)).toBeNull();
    await opened().put(id, bytesOf(Buffer.from('text')));
    await opened().remove(id);
    await opened().remove(id);
    expect(await readAll(opened(), id, 0, 1)).toBeNull();
    expect(await listed(opened())).not.toContain(id.attachmentId);
  });

  it('lists those of one organization, or all', async () => {
    const [mine, theirs] = [newBody(), { ...newBody(), organizationId: randomUUID() }];
    for (const id of [mine, theirs]) await opened().put(id, bytesOf(Buffer.from('text')));
    expect(await listed(opened(), theirs.organizationId)).toEqual([theirs.attachmentId]);
    expect(await listed(opened())).toEqual(expect.arrayContaining([mine.attachmentId, theirs.attachmentId]));
    expect(await listed(opened(), randomUUID())).toEqual([]);
  });

  it('removes what it keeps of one organization, and of no other', async () => {
    const theirs = { ...newBody(), organizationId: randomUUID() };
    const organization = randomUUID();
    for (let nth = 0; nth < 3; nth += 1)
      await opened().put({ ...newBody(), organizationId: organization }, bytesOf(Buffer.from('text')));
    await opened().put(theirs, bytesOf(Buffer.from('text')));
    while (await opened().removeSome(organization));
    expect(await listed(opened(), organization)).toEqual([]);
    expect(await listed(opened(), theirs.organizationId)).toEqual([theirs.attachmentId]);
    expect(await opened().removeSome(randomUUID())).toBe(false);
  });

  it('keeps nothing of a body that fails on its way, and says why it failed', async () => {
    const id = newBody();
    async function* failing(): AsyncIterable<Buffer> {
      for (let part = 0; part < 80; part += 1) {
        yield Buffer.alloc(100_000);
        await Promise.resolve();
      }
      throw new Error('the sender went away');
    }
    await expect(opened().put(id, Readable.from(failing(), { objectMode: false }))).rejects.toThrow(
      'the sender went away',
    );
    expect(await readAll(opened(), id, 0, 1)).toBeNull();
    expect(await listed(opened(), id.organizationId)).not.toContain(id.attachmentId);
  });
}

describe('a folder of bodies', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-bodies-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const opened = () => new FolderBodyStore(folder);

  keepsBodies(opened);

  it('finds and removes what a process left that was killed while it wrote', async () => {
    const id = newBody();
    const left = path.join(folder, organizationId, `${id.attachmentId}.${randomUUID()}`);
    await writeFile(left, 'half of it');
    expect(await readAll(opened(), id, 0, 1)).toBeNull();
    expect(await listed(opened())).toContain(id.attachmentId);
    await opened().remove(id);
    expect(await readdir(path.join(folder, organizationId))).not.toContain(path.basename(left));
  });

  const why = whyNoSmallDisk();
  (why === null ? it : it.skip)(
    `says that the disk is full, and leaves nothing${why === null ? '' : ` (skipped: ${why})`}`,
    async () => {
      const disk = smallDisk(4);
      try {
        const [store, id] = [new FolderBodyStore(disk.folder), newBody()];
        await expect(store.put(id, bytesOf(randomBytes(8_000_000)))).rejects.toThrow(StorageFullError);
        expect(await readdir(path.join(disk.folder, organizationId))).toEqual([]);
        await store.put(id, bytesOf(randomBytes(1_000_000)));
      } finally {
        disk.remove();
      }
    },
  );

  it('leaves alone what is no body', async () => {
    await writeFile(path.join(folder, 'notes.txt'), 'a file of somebody');
    expect(await listed(opened())).not.toContain('notes');
  });
});

describe('a bucket that does not answer', () => {
  it.each(['remove', 'removeSome', 'list'] as const)('ends the question (%s) after a time', async (what) => {
    Object.assign(process.env, {
      ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'testing', AWS_SECRET_ACCESS_KEY: 'testing' },
    });
    const open = new Set<Socket>();
    const silent = createServer((socket) => void open.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const store = new S3BodyStore({ name: 'silent', endpoint: `http://127.0.0.1:${port}`, silence: 200 });
    const id = newBody();
    const asked = {
      remove: () => store.remove(id),
      removeSome: () => store.removeSome(id.organizationId),
      list: () => listed(store),
    }[what]();
    await expect(asked).rejects.toThrow('timed out');
    for (const socket of open) socket.destroy();
    silent.close();
  });
});

const describeWithPython = python() === undefined ? describe.skip : describe;
describeWithPython(`a bucket of bodies${withoutPython()}`, () => {
  let moto: Moto;
  let bucket: string;
  beforeAll(async () => {
    moto = await startMoto();
    bucket = await moto.bucket();
  }, 240_000);
  afterAll(() => moto.stop());
  const opened = () => new S3BodyStore({ name: bucket, endpoint: moto.endpoint });

  keepsBodies(opened);

  it.each<[string, (...ids: BodyId[]) => Promise<void>]>([
    [
      'one by one',
      async (...ids) => {
        for (const id of ids) await opened().remove(id);
      },
    ],
    [
      'of an organization',
      async () => {
        while (await opened().removeSome(organizationId));
      },
    ],
  ])('removes every version, delete marker and unfinished upload (%s)', async (_, remove) => {
    const id = newBody();
    const Key = `${id.organizationId}/${id.attachmentId}`;
    await opened().put(id, bytesOf(Buffer.from('one')));
    await opened().put(id, bytesOf(Buffer.from('another')));
    await moto.client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    const unfinished = newBody();
    const other = `${unfinished.organizationId}/${unfinished.attachmentId}`;
    await moto.client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: other }));
    expect(await listed(opened())).toEqual(
      expect.arrayContaining([id.attachmentId, unfinished.attachmentId]),
    );
    await remove(id, unfinished);
    const asked = { Bucket: bucket, Prefix: `${organizationId}/` };
    const versions = await moto.client.send(new ListObjectVersionsCommand(asked));
    const uploads = await moto.client.send(new ListMultipartUploadsCommand(asked));
    const left = [
      ...(versions.Versions ?? []),
      ...(versions.DeleteMarkers ?? []),
      ...(uploads.Uploads ?? []),
    ];
    const keys = left.map((one) => one.Key);
    expect(keys.filter((key) => key === Key || key === other)).toEqual([]);
  });
});
