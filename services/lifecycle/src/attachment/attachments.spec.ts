/**
 * @promise P28 wherever a process is killed, there is no attachment without its body, and no body stays without its attachment
 * @promise P31 an organization's attachments go whole, with what no row knows, and what is left of them opens no more
 */
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, RandomIds, withoutAsking, withSharedMigrations } from '@vouchsafe/service-host';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { type ByteRange, localKeyProvider, Vault } from '@vouchsafe/vault';
import { lifecycleStores } from '../lifecycle.stores.js';
import { LifecycleReturned } from '../return/lifecycle-returned.js';
import { lifecycleMigrations } from '../persistence/migrations.js';
import { AttachmentRow } from './attachment.entity.js';
import { Attachments, type AttachmentView } from './attachments.js';
import { type BodyId, BodyStore, StorageFullError } from './body-store.js';
import { DeleteAttachment } from './delete-attachment.js';
import { FolderBodyStore } from './folder-body-store.js';
import { ListAttachments } from './list-attachments.js';
import { ReadAttachment } from './read-attachment.js';
import { RemoveBodies } from './remove-bodies.js';
import { StoreAttachment } from './store-attachment.js';
import { UnknownBodies } from './unknown-bodies.js';

const QUOTA = 100_000;
const config = {
  VOUCHSAFE_ATTACHMENT_LIMIT: 50_000,
  VOUCHSAFE_ATTACHMENT_QUOTA: QUOTA,
  VOUCHSAFE_FILE_SECONDS: 3600,
};
const logger = { error: () => undefined, warn: () => undefined };
/** Nothing of it is read here. */
const nobodys = new LifecycleReturned(...([] as unknown as ConstructorParameters<typeof LifecycleReturned>));

class TestClock extends Clock {
  moved = 0;
  override now(): Date {
    return new Date(Date.now() + this.moved);
  }
}

/** A folder that goes wrong where a suite says so; a promise that never comes is a process that was killed there. */
class FaultyStore extends BodyStore {
  beforePut: () => Promise<void> = () => Promise.resolve();
  afterPut: () => Promise<void> = () => Promise.resolve();
  beforeRemove: () => Promise<void> = () => Promise.resolve();
  timesListed = 0;

  constructor(private readonly real: BodyStore) {
    super();
  }
  async put(id: BodyId, content: Readable): Promise<void> {
    await this.beforePut();
    await this.real.put(id, content);
    await this.afterPut();
  }
  read(id: BodyId, range: ByteRange): Promise<Readable | null> {
    return this.real.read(id, range);
  }
  async remove(id: BodyId): Promise<void> {
    await this.beforeRemove();
    await this.real.remove(id);
  }
  async removeSome(organizationId: string): Promise<boolean> {
    await this.beforeRemove();
    return this.real.removeSome(organizationId);
  }
  list(organizationId?: string): AsyncIterable<BodyId> {
    this.timesListed += 1;
    return this.real.list(organizationId);
  }
}

let folder: string;
let postgres: TestPostgres;
let database: Database;
let vault: Vault;
let clock: TestClock;
let bodies: FaultyStore;
let caller: Caller;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-attachments-'));
  postgres = await testPostgres();
  database = await postgres.database('lifecycle', withSharedMigrations(lifecycleMigrations), {
    entities: [AttachmentRow],
  });
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  vault = new Vault({ provider, environment: 'test', now: () => new Date(), cacheMilliseconds: 0 });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  clock = new TestClock();
  bodies = new FaultyStore(new FolderBodyStore(path.join(folder, 'attachments')));
  caller = {
    ...{
      organizationId: randomUUID(),
      actor: { type: 'user', id: randomUUID() },
      roles: [],
      permissions: [],
    },
    ...{ authenticationLevel: 'two-factor', sessionId: null, authenticatedAt: null, staffGrantId: null },
    ...{ requestId: randomUUID(), sourceIp: null, userAgent: null, traceparent: null },
  };
});

function slice() {
  const store = new EventStore({ database, vault });
  const attachments = new Attachments(database, vault, bodies);
  const more = [config, logger] as const;
  return {
    store: new StoreAttachment(store, vault, clock, new RandomIds(), bodies, attachments, ...more),
    delete: new DeleteAttachment(store, clock, attachments, logger),
    list: new ListAttachments(database, attachments),
    read: new ReadAttachment(database, vault, bodies, attachments),
    worker: new RemoveBodies(
      database,
      clock,
      undefined as never,
      attachments,
      new UnknownBodies(database, bodies, logger),
      logger,
    ),
  };
}

function send(text: string, name = 'a.txt', length: number | null = text.length) {
  const attached = { name, mediaType: 'text/plain', sha256: null };
  return slice().store.receive(
    caller,
    attached,
    { content: Readable.from([Buffer.from(text)]), length },
    undefined,
  );
}

const stored = async (text: string) => (await send(text)) as AttachmentView;

async function listed(): Promise<string[]> {
  const { items } = await slice().list.list(caller, { limit: 50 });
  return items.map(({ attachmentId }) => attachmentId);
}

async function left(): Promise<{ rows: number; bodies: string[] }> {
  const { organizationId } = caller;
  const rows = await database.asWorker((sql) =>
    sql.query('select 1 from attachment where organization_id = $1', [organizationId]),
  );
  return { rows: rows.length, bodies: await readdir(bodiesOf()).catch(() => []) };
}

function bodiesOf(): string {
  return path.join(folder, 'attachments', caller.organizationId ?? '');
}

async function work(): Promise<void> {
  const { worker } = slice();
  while ((await worker.step()) > 0);
}

/** Whatever is waited for, once it waits; the process is as good as killed. */
function killedAt(
  point: 'beforePut' | 'afterPut' | 'beforeRemove',
  begin: () => Promise<unknown>,
): Promise<void> {
  return new Promise((resolve) => {
    bodies[point] = () => {
      resolve();
      return new Promise(() => undefined);
    };
    void begin();
  });
}

it.each(['beforePut', 'afterPut'] as const)(
  'is no attachment when the process is killed %s of its body',
  async (point) => {
    await killedAt(point, () => send('text'));
    expect(await listed()).toEqual([]);
    expect((await left()).rows).toBe(1);
    bodies[point] = () => Promise.resolve();
    await work();
    // It may be on its way still.
    expect((await left()).rows).toBe(1);
    clock.moved = 3 * 3_600_000;
    await work();
    expect(await left()).toEqual({ rows: 0, bodies: [] });
  },
);

it('is gone when the process is killed while it is deleted, and its body soon is', async () => {
  const { attachmentId } = await stored('text');
  await killedAt('beforeRemove', () => slice().delete.delete(caller, attachmentId));
  expect(await listed()).toEqual([]);
  expect(await left()).toEqual({ rows: 1, bodies: [attachmentId] });
  bodies.beforeRemove = () => Promise.resolve();
  await work();
  expect(await left()).toEqual({ rows: 0, bodies: [] });
});

describe('a body that no attachment has', () => {
  const days = (count: number) => count * 86_400_000;
  // Of this test: the others of the suite leave the search due at some other time.
  let begun: number;
  const after = async (count: number) => {
    clock.moved = begun + days(count);
    await work();
  };
  beforeEach(async () => {
    begun = days(Math.ceil(Math.random() * 1000)) * 100;
    await database.asWorker((sql) => sql.query("update body_search set due_at = '-infinity'"));
  });

  async function orphanOf(attachmentId: string): Promise<string> {
    const orphan = randomUUID();
    await cp(path.join(bodiesOf(), attachmentId), path.join(bodiesOf(), orphan));
    return orphan;
  }

  it('is removed 30 days after it was first seen, and no other', async () => {
    const { attachmentId } = await stored('text');
    await orphanOf(attachmentId);
    await after(0);
    await after(29);
    expect((await left()).bodies).toHaveLength(2);
    await after(30.1);
    expect(await left()).toEqual({ rows: 1, bodies: [attachmentId] });
  });

  it('stays where the right database is restored within that time: its attachment is there again', async () => {
    const { attachmentId } = await stored('text');
    const move = (from: string, to: string) =>
      database.asMigrator(async (sql) => {
        await sql.query('alter table attachment no force row level security');
        await sql.query(`create table if not exists ${to} (like attachment)`);
        await sql.query(`insert into ${to} select * from ${from} where attachment_id = $1`, [attachmentId]);
        await sql.query(`delete from ${from} where attachment_id = $1`, [attachmentId]);
        await sql.query('alter table attachment force row level security');
      });
    await move('attachment', 'elsewhere');
    await after(0);
    await move('elsewhere', 'attachment');
    await after(31);
    expect(await left()).toEqual({ rows: 1, bodies: [attachmentId] });
  });

  it('stays while there is a legal hold on its organization, whatever is held', async () => {
    const { attachmentId } = await stored('text');
    await orphanOf(attachmentId);
    await after(0);
    const scope = JSON.stringify({ of: 'entity', entityType: 'attachment', entityId: randomUUID() });
    await database.asWorker((sql) =>
      sql.query(
        `insert into hold (hold_id, organization_id, held_organization_id, scope, placed_at) values ($1, $1, $2, $3, now())`,
        [randomUUID(), caller.organizationId, scope],
      ),
    );
    await after(60);
    expect((await left()).bodies).toHaveLength(2);
    await database.asWorker((sql) =>
      sql.query('update hold set released_at = now() where held_organization_id = $1', [
        caller.organizationId,
      ]),
    );
    await after(61.1);
    expect((await left()).bodies).toEqual([attachmentId]);
  });

  it('is looked for once a day, however many instances there are and however often they start', async () => {
    await after(0);
    expect(bodies.timesListed).toBe(1);
    await after(0.9);
    expect(bodies.timesListed).toBe(1);
    await after(1.1);
    expect(bodies.timesListed).toBe(2);
  });
});

it.each([
  ['the disk is full', new StorageFullError('full'), 'storage-full'],
  ['the disk fails', new Error('EIO'), 'EIO'],
])('leaves nothing when %s', async (_, failure, message) => {
  bodies.beforePut = () => Promise.reject(failure);
  await expect(send('text')).rejects.toThrow(message);
  expect(await left()).toEqual({ rows: 0, bodies: [] });
});

it('leaves nothing when the sender goes away, or sends too much', async () => {
  const content = new Readable({ read: () => undefined });
  content.push('half of');
  setTimeout(() => content.destroy(), 50);
  const attached = { name: 'a.txt', mediaType: 'text/plain', sha256: null };
  await expect(slice().store.receive(caller, attached, { content, length: 20 }, undefined)).rejects.toThrow(
    'The body ended early',
  );
  await expect(send('x'.repeat(50_001), 'a.txt', null)).rejects.toThrow('content-too-large');
  expect(await left()).toEqual({ rows: 0, bodies: [] });
});

it('takes no more than the quota, however many are sent at once', async () => {
  const sent = await Promise.all(Array.from({ length: 8 }, () => send('x'.repeat(30_000))));
  expect(sent.filter((one) => 'attachmentId' in one)).toHaveLength(3);
  expect(sent.filter((one) => 'rejected' in one && one.rejected === 'quota-exceeded')).toHaveLength(5);
  const [first] = await listed();
  await slice().delete.delete(caller, first ?? '');
  expect(await send('x'.repeat(30_000))).toHaveProperty('attachmentId');
});

it('is of one organization alone', async () => {
  const { attachmentId } = await stored('text');
  caller = { ...caller, organizationId: randomUUID() };
  const asked = { range: undefined, ifRange: undefined };
  await expect(slice().read.open(caller, attachmentId, asked)).rejects.toThrow('not-found');
  expect(await slice().delete.delete(caller, attachmentId)).toEqual({ rejected: 'not-stored' });
  expect(await listed()).toEqual([]);
});

it('goes with its organization, with what no row knows, and opens no more', async () => {
  const [mine, asked] = [caller, { range: undefined, ifRange: undefined }];
  const { attachmentId } = await stored('a text that is kept');
  const opened = await slice().read.open(mine, attachmentId, asked);
  expect((await buffer(opened.content)).toString()).toBe('a text that is kept');
  await cp(path.join(bodiesOf(), attachmentId), path.join(bodiesOf(), randomUUID()));
  await cp(path.join(bodiesOf(), attachmentId), path.join(bodiesOf(), `${randomUUID()}.${randomUUID()}`));
  const theirs = { ...caller, organizationId: randomUUID() };
  caller = theirs;
  await stored('another');
  caller = mine;
  const organizationId = mine.organizationId ?? '';
  const store = lifecycleStores(database, bodies, nobodys, undefined as never).find(
    ({ name }) => name === 'attachments',
  )?.organization;
  if (!store || !('remove' in store)) throw new Error('Attachments are removed');
  expect(await store.count(organizationId)).toBe(3);
  await database.asRetention((sql) => vault.refuseOrganization(sql, organizationId, new Date()));
  await database.asRetention((sql) => vault.destroyOrganization(sql, organizationId));
  await expect(send('after its end')).rejects.toThrow('forbidden');
  await expect(slice().read.open(mine, attachmentId, asked)).rejects.toThrow('gone');
  await store.remove(organizationId, withoutAsking(database));
  expect(await store.count(organizationId)).toBe(0);
  expect(await left()).toEqual({ rows: 0, bodies: [] });
  caller = theirs;
  expect((await left()).rows).toBe(1);
});
