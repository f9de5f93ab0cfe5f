/**
 * @promise P30 an archive is put together part by part, goes on after a kill, is whole or not given out, and holds what it says
 * @promise P10 that of a person has nothing but the person's rows, and goes with the person
 * @promise P28 no name of a file and no text leads out of the archive or becomes a formula
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { isRejected, type OrganizationId, userId as parseUser } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  type Caller,
  Clock,
  RandomIds,
  returnedEntity,
  type ReturnedTable,
  withoutAsking,
  withSharedMigrations,
} from '@vouchsafe/service-host';
import {
  python,
  pythonEnvironment,
  testPostgres,
  type TestPostgres,
  unzip,
  withoutPython,
} from '@vouchsafe/testing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { AttachmentRow } from '../attachment/attachment.entity.js';
import { Attachments, attachmentView, type AttachmentView } from '../attachment/attachments.js';
import type { BodyStore } from '../attachment/body-store.js';
import { FolderBodyStore } from '../attachment/folder-body-store.js';
import { ListAttachments } from '../attachment/list-attachments.js';
import { ReadAttachment } from '../attachment/read-attachment.js';
import { S3BodyStore } from '../attachment/s3-body-store.js';
import { StoreAttachment } from '../attachment/store-attachment.js';
import { UnknownBodies } from '../attachment/unknown-bodies.js';
import { Operator } from '../organization/operator.js';
import { lifecycleMigrations } from '../persistence/migrations.js';
import { ArchiveByRequest } from '../request/archive-by-request.js';
import { DataRequestRow } from '../request/data-request.entity.js';
import { DataRequests } from '../request/data-requests.js';
import { ReadRequests } from '../request/read-requests.js';
import { terminationAggregate } from '../termination/termination.aggregate.js';
import { type Moto, startMoto } from '../testing/moto.js';
import type { PlannedTable } from './archive-plan.js';
import { ReturnedData, type RowsAsked } from './ask-services.js';
import { AssembleReturns } from './assemble-returns.js';
import { DeleteReturn } from './delete-return.js';
import { RemoveArchivesOfPerson } from './remove-archives-of-person.js';
import { OpenPart } from './open-part.js';
import { ReadReturns } from './read-returns.js';
import { RequestReturn } from './request-return.js';
import { ReturnPartRow, ReturnRow } from './return.entity.js';
import type { ReturnView } from './return.view.js';
import { pathOf } from './returned-attachments.js';
import { WritePart } from './write-part.js';

const MIB = 2 ** 20;
const logger = { error: () => undefined, warn: () => undefined };
const settings = {
  ...{
    VOUCHSAFE_ATTACHMENT_LIMIT: 10 * MIB,
    VOUCHSAFE_ATTACHMENT_QUOTA: 100 * MIB,
    VOUCHSAFE_FILE_SECONDS: 3600,
  },
  ...{ VOUCHSAFE_PUBLIC_URL: 'https://vouchsafe.example', VOUCHSAFE_LOG_NAME: undefined },
};

class TestClock extends Clock {
  moved = 0;
  override now(): Date {
    return new Date(Date.now() + this.moved);
  }
}

const note = z.strictObject({
  noteId: z.int().describe('Number'),
  text: z.string().nullable().describe('Text'),
  actor: z
    .strictObject({ type: z.string().describe('Kind') })
    .nullable()
    .describe('Who'),
  tags: z.array(z.string()).describe('Tags'),
  isOpen: z.boolean().describe('Whether it is open'),
  at: z.iso.datetime().describe('When'),
});
type Note = z.infer<typeof note>;

/** Texts that want to be something else than texts. */
const hostile = [
  ...['=1+1', '+cmd|calc', '-2', '@SUM(A1)', '\tx', '\rx', "'quoted", '', '#comment', ' =x', '＝1'],
  ...[
    'a "b" c',
    'line\r\nline\nline',
    'a,b;c|d',
    'שלום \u202Eabc',
    '👩‍👩‍👧',
    '../../etc/passwd',
    'null',
    '\u2028=x',
  ],
];

/** The services' answers, from memory: it counts what is asked for at once. */
class InMemory extends ReturnedData {
  notes: Note[] = [];
  attachments: AttachmentView[] = [];
  largest = 0;
  asked = 0;
  fails: (() => void) | undefined;
  plannedOf: string | undefined;
  askedFor: RowsAsked['person'] | undefined;
  private readonly tables = [
    returnedEntity({
      ...{ name: 'notes', meaning: 'Notes', row: note, primaryKey: ['noteId'], time: 'at' },
      page: () => Promise.reject(new Error('not asked')),
    }),
    returnedEntity({
      ...{ name: 'attachments', meaning: 'Files', primaryKey: ['attachmentId'], time: 'createdAt' },
      row: attachmentView.extend({ path: z.string().describe('Where it is') }),
      page: () => Promise.reject(new Error('not asked')),
    }),
  ].map(({ page: _, ...table }): PlannedTable => ({ ...table, service: 'test' }));

  plan(of: 'organization' | 'person') {
    this.plannedOf = of;
    return Promise.resolve({
      tables: this.tables,
      nothing: [{ service: 'test', store: 'keys', because: 'Secret' }],
    });
  }
  rows({ name }: ReturnedTable, { cursor, person }: RowsAsked) {
    this.askedFor = person;
    this.asked += 1;
    this.fails?.();
    const start = Number(cursor ?? 0);
    const all: readonly object[] =
      name === 'notes' ? this.notes : this.attachments.map((one) => ({ ...one, path: pathOf(one) }));
    const rows = all.slice(start, start + 200);
    this.largest = Math.max(this.largest, rows.length);
    const end = start + rows.length;
    return Promise.resolve({ rows, next: end < all.length ? String(end) : null });
  }
}

let folder: string;
let postgres: TestPostgres;
let database: Database;
let vault: Vault;
let clock: TestClock;
let data: InMemory;
let bodies: BodyStore;
let caller: Caller;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-returns-'));
  postgres = await testPostgres();
  database = await postgres.database('lifecycle', withSharedMigrations(lifecycleMigrations), {
    entities: [AttachmentRow, ReturnRow, ReturnPartRow, DataRequestRow],
  });
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  vault = new Vault({ provider, environment: 'test', now: () => new Date(), cacheMilliseconds: 0 });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  bodies = new FolderBodyStore(path.join(folder, 'attachments'));
  clock = new TestClock();
  data = new InMemory();
  const at = new Date().toISOString();
  caller = {
    ...{
      organizationId: randomUUID(),
      actor: { type: 'user', id: randomUUID() },
      roles: [],
      permissions: [],
    },
    ...{ authenticationLevel: 'two-factor', sessionId: null, authenticatedAt: at, staffGrantId: null },
    ...{ requestId: randomUUID(), sourceIp: null, userAgent: null, traceparent: null },
  };
});

function slice() {
  const store = new EventStore({ database, vault });
  const ids = new RandomIds();
  const operator = new Operator({ VOUCHSAFE_OPERATOR_ORGANIZATION_ID: OPERATOR });
  const policy = { keptDays: 30, intervalDays: 7 };
  const attachments = new Attachments(database, vault, bodies);
  const list = new ListAttachments(database, attachments);
  const read = new ReadAttachment(database, vault, bodies, attachments);
  const write = new WritePart(database, vault, data, list, read, operator, settings);
  const nothing = undefined as never;
  const [readReturns, open] = [new ReadReturns(database), new OpenPart(database, vault, bodies)];
  const requests = new DataRequests(store, clock);
  const deleteReturn = new DeleteReturn(store, clock, requests);
  return {
    request: new RequestReturn(database, store, vault, clock, ids, operator, policy),
    ...{ read: readReturns, open, delete: deleteReturn },
    byRequest: new ArchiveByRequest(
      ...([store, clock, ids, people, requests] as const),
      ...([new ReadRequests(database, store, clock, requests), readReturns, open, deleteReturn] as const),
    ),
    removal: new RemoveArchivesOfPerson(database, store, clock, bodies, requests),
    worker: new AssembleReturns(
      database,
      store,
      vault,
      clock,
      ids,
      nothing,
      bodies,
      data,
      write,
      requests,
      logger,
    ),
    attach: new StoreAttachment(store, vault, clock, ids, bodies, attachments, settings, logger),
    unknown: new UnknownBodies(database, bodies, logger),
  };
}
const OPERATOR = randomUUID();

const invitation = randomUUID();
/** As identity knows the one who calls. */
const people = {
  find: () =>
    Promise.resolve({
      ...{ status: 'known', email: null, subjects: [caller.actor.id, invitation] },
      ...{ isLastOwner: false, isErased: false },
    }),
} as never;

async function attach(name: string, bytes: Buffer): Promise<AttachmentView> {
  const body = { content: Readable.from([bytes]), length: bytes.length };
  const attached = { name, mediaType: 'text/plain', sha256: null };
  const stored = (await slice().attach.receive(caller, attached, body, undefined)) as AttachmentView;
  data.attachments.push(stored);
  return stored;
}

const request = async (asked: object = {}) =>
  (await slice().request.request(caller, { partSize: MIB, ...asked }, undefined)) as ReturnView;

async function workOff(): Promise<void> {
  while ((await slice().worker.step()) > 0);
}

const whole = { range: undefined, ifRange: undefined };

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function unpacked({ returnId }: ReturnView): Promise<string> {
  const target = await mkdtemp(path.join(folder, 'unpacked-'));
  const { parts, status } = await slice().read.read(caller, returnId);
  expect(status).toBe('ready');
  for (const { part, size, sha256 } of parts) {
    const { content } = await slice().open.open(caller, returnId, part, whole);
    const bytes = await buffer(content);
    expect([bytes.length, sha256Of(bytes)]).toEqual([size, sha256]);
    await unzip(bytes, target);
    const sums = await readFile(path.join(target, part === 1 ? 'SHA256SUMS' : `SHA256SUMS.${part}`), 'utf8');
    for (const line of sums.trimEnd().split('\n')) {
      const [digest, name = ''] = line.split('  ');
      expect([name, sha256Of(await readFile(path.join(target, name)))]).toEqual([name, digest]);
    }
  }
  return target;
}

const notes = (count: number): Note[] =>
  Array.from({ length: count }, (_, nth) => ({
    noteId: nth,
    text: nth % 20 === 19 ? null : (hostile[nth % 20] ?? `text ${nth}`),
    actor: nth % 3 === 0 ? null : { type: nth % 3 === 1 ? '=user' : 'key' },
    tags: ['=1', `${nth}`],
    isOpen: nth % 2 === 0,
    at: new Date(Date.UTC(2026, 0, 1) + nth * 1000).toISOString(),
  }));

(python() === undefined ? describe.skip : describe)(`an archive${withoutPython()}`, () => {
  it('is rebuilt row by row and byte by byte by a program that knows its CSVW alone', async () => {
    data.notes = notes(950);
    const files = [
      { name: 'a =1+1 "b", \'c\'.txt', bytes: randomBytes(700_000) },
      { name: 'שלום 👩‍👩‍👧.pdf', bytes: randomBytes(700_000) },
      { name: '..a.txt', bytes: Buffer.alloc(0) },
    ];
    const stored: AttachmentView[] = [];
    for (const { name, bytes } of files) stored.push(await attach(name, bytes));
    const asked = await request();
    await workOff();
    const target = await unpacked(asked);
    const environment = pythonEnvironment(
      'csvw',
      path.join(import.meta.dirname, '../testing/csvw/requirements.txt'),
    );
    const script = path.join(import.meta.dirname, '../testing/csvw/import.py');
    const read = JSON.parse(
      execFileSync(environment, [script, target], { encoding: 'utf8', maxBuffer: 100 * MIB }),
    ) as Record<string, Record<string, unknown>[]>;
    const timeOf = (value: unknown) =>
      new Date(
        String(value)
          .replace(/(\+00:00)?$/, 'Z')
          .replace('ZZ', 'Z'),
      ).toISOString();
    expect(read.notes?.map((row) => ({ ...row, at: timeOf(row.at) }))).toEqual(
      data.notes.map(({ actor, ...rest }) => ({ ...rest, 'actor.type': actor?.type ?? null })),
    );
    expect(read.attachments?.map((row) => ({ ...row, createdAt: timeOf(row.createdAt) }))).toEqual(
      stored.map((one) => ({ ...one, path: pathOf(one) })),
    );
    for (const [nth, one] of stored.entries())
      expect((await readFile(path.join(target, pathOf(one)))).equals(files[nth]?.bytes ?? Buffer.of(1))).toBe(
        true,
      );
  }, 240_000);
});

describe('a return', () => {
  it('has parts of the chosen size, and no more than a page of rows is asked for at once', async () => {
    data.notes = notes(40_000);
    const asked = await request();
    await workOff();
    const { parts } = await slice().read.read(caller, asked.returnId);
    expect(parts.length).toBeGreaterThan(2);
    for (const { size } of parts) expect(size).toBeLessThanOrEqual(MIB);
    expect(data.largest).toBeLessThanOrEqual(200);
    const target = await unpacked(asked);
    const tables = (await readdir(target)).filter((name) => /^notes(?:\.\d+)?\.csv$/.test(name));
    expect(tables.length).toBeGreaterThan(2);
    let rows = 0;
    for (const name of tables)
      rows += (await readFile(path.join(target, name), 'utf8')).split(/\r\n(?=\d)/).length - 1;
    expect(rows).toBe(40_000);
  }, 240_000);

  it('gives out nothing while it is put together, and goes on after a failure at the part that failed', async () => {
    data.notes = notes(40_000);
    const { returnId } = await request();
    await slice().worker.step();
    await expect(slice().open.open(caller, returnId, 1, whole)).rejects.toThrow('not-found');
    const first = data.asked;
    data.fails = () => {
      throw new Error('Nobody answers');
    };
    await slice().worker.step();
    expect(await slice().read.read(caller, returnId)).toMatchObject({ status: 'failed', parts: [] });
    data.fails = undefined;
    clock.moved += 120_000;
    await workOff();
    expect(await slice().read.read(caller, returnId)).toMatchObject({ status: 'ready' });
    expect(data.asked).toBeLessThan(40_000 / 200 + first);
    // It is one of those that the statistics count (P32).
    const noted = await database.asWorker((sql) =>
      sql.query('select measure from uncounted_organization where organization_id = $1', [
        caller.organizationId,
      ]),
    );
    expect(noted).toEqual([{ measure: 'returned' }]);
  }, 240_000);

  it('is begun anew at its part where a process was killed, and the half of it goes', async () => {
    data.notes = notes(3_000);
    const asked = await request();
    let bury: (error: Error) => void = () => undefined;
    const forever = new Promise<never>((_, reject) => (bury = reject));
    const dead = slice().worker;
    const real = data.rows.bind(data);
    let calls = 0;
    data.rows = (...of) => (++calls > 3 ? forever : real(...of));
    const died = dead.step();
    while (calls <= 3) await new Promise((resolve) => setTimeout(resolve, 20));
    data.rows = real;
    clock.moved += 61_000;
    await workOff();
    await unpacked(asked);
    bury(new Error('Killed'));
    await died;
    await unpacked(asked);
    const left = await database.asWorker((sql) =>
      sql.query('select status from return_part where return_id = $1', [asked.returnId]),
    );
    expect(left.every((row) => (row as { status: string }).status === 'kept')).toBe(true);
  }, 240_000);

  it('is requested once at a time and kept thrice, is cancelled, deleted and expires, and its bodies go', async () => {
    data.notes = notes(10);
    const first = await request();
    expect(await request()).toEqual({ rejected: 'already-under-way' });
    expect(await slice().delete.delete(caller, first.returnId)).toBeNull();
    await workOff();
    expect(await slice().read.read(caller, first.returnId)).toMatchObject({ status: 'cancelled' });
    const kept: ReturnView[] = [];
    for (let nth = 0; nth < 3; nth += 1) {
      kept.push(await request());
      await workOff();
    }
    expect(await request()).toEqual({ rejected: 'too-many-kept' });
    // A part is a body that a row knows, however long it is there.
    for (const days of [0, 31])
      await slice().unknown.searchIfDue(new Date(clock.now().getTime() + days * 86_400_000));
    for (const one of kept) await unpacked(one);
    expect(await slice().delete.delete(caller, kept[0]?.returnId ?? '')).toBeNull();
    clock.moved += 31 * 86_400_000;
    await workOff();
    const { items } = await slice().read.list(caller, { limit: 50 });
    expect(items.map(({ status }) => status).sort()).toEqual(['cancelled', 'deleted', 'expired', 'expired']);
    await expect(slice().open.open(caller, kept[1]?.returnId ?? '', 1, whole)).rejects.toThrow('gone');
    await mkdir(path.join(folder, 'attachments', caller.organizationId ?? ''), { recursive: true });
    expect(await readdir(path.join(folder, 'attachments', caller.organizationId ?? ''))).toEqual([]);
  }, 240_000);

  it('is another organization’s to see for nobody, and asks for a recent proof', async () => {
    const { returnId } = await request();
    await workOff();
    const other = { ...caller, organizationId: randomUUID() };
    await expect(slice().read.read(other, returnId)).rejects.toThrow('not-found');
    await expect(slice().open.open(other, returnId, 1, whole)).rejects.toThrow('not-found');
    expect(await slice().delete.delete(other, returnId)).toEqual({ rejected: 'not-there' });
    const stale = { ...other, authenticatedAt: new Date(Date.now() - 3_600_000).toISOString() };
    await expect(slice().request.request(stale, { partSize: MIB }, undefined)).rejects.toThrow('step-up');
    const named = { partSize: MIB, organizationId: caller.organizationId ?? '' };
    expect(await slice().request.request(other, named, undefined)).toEqual({ rejected: 'others' });
  });

  it('is the operator’s to request once the organization has ended 30 days ago, and its owners’ to download', async () => {
    const { organizationId } = caller;
    const at = new Date();
    const closed = await new EventStore({ database, vault }).transact(
      organizationId as OrganizationId,
      { actor: { type: 'user', id: randomUUID() }, occurredAt: at, requestId: null },
      (unit) =>
        unit.execute(terminationAggregate, organizationId ?? '', {
          ...{ type: 'close', organizationId: organizationId as OrganizationId, at },
        }),
    );
    expect(isRejected(closed)).toBe(false);
    await database.asWorker((sql) =>
      sql.query('insert into organization (organization_id, name) values ($1, $2)', [
        organizationId,
        'Engines',
      ]),
    );
    const operator = { ...caller, organizationId: OPERATOR };
    const named = { partSize: MIB, organizationId: organizationId ?? '' };
    const unknown = { partSize: MIB, organizationId: randomUUID() };
    expect(await slice().request.request(operator, unknown, undefined)).toEqual({
      rejected: 'unknown-organization',
    });
    clock.moved = 31 * 86_400_000;
    const proven = new Date(clock.now()).toISOString();
    expect(
      await slice().request.request({ ...caller, authenticatedAt: proven }, { partSize: MIB }, undefined),
    ).toEqual({
      rejected: 'period-over',
    });
    const asked = await slice().request.request({ ...operator, authenticatedAt: proven }, named, undefined);
    await workOff();
    await unpacked(asked as ReturnView);
    await expect(slice().open.open(operator, (asked as ReturnView).returnId, 1, whole)).rejects.toThrow(
      'not-found',
    );
    const [event] = await database.asWorker((sql) =>
      sql.query<{ payload: object }>(
        `select payload from event where type = 'return-requested' and organization_id = $1`,
        [organizationId],
      ),
    );
    expect(event?.payload).toMatchObject({ isByOperator: true });
  });
});

describe('an archive of a person', () => {
  /** A request of the caller for access, accepted. */
  async function requested(): Promise<string> {
    const [at, store] = [new Date(), new EventStore({ database, vault })];
    const requests = new DataRequests(store, clock);
    const [organizationId, userId] = [
      caller.organizationId as OrganizationId,
      parseUser.parse(caller.actor.id),
    ];
    const dataRequestId = randomUUID();
    const received = {
      ...({
        dataRequestId,
        contactId: randomUUID(),
        receiptId: randomUUID(),
        kind: 'access',
        userId,
      } as const),
      ...({ contact: null, text: null, channel: 'inside', receivedAt: at.toISOString() } as const),
    };
    const actor = { type: 'user', id: userId } as const;
    await store.transact(organizationId, { actor, occurredAt: at, requestId: null }, async (unit) => {
      await requests.execute(unit, dataRequestId, { type: 'receive', received, at });
      return requests.execute(unit, dataRequestId, { type: 'accept', userId: null });
    });
    return dataRequestId;
  }
  const statusOf = async (id: string) =>
    (
      await database.asWorker((sql) =>
        sql.query<{ status: string }>('select status from data_request where data_request_id = $1', [id]),
      )
    )[0]?.status;
  const remove = (subjects: readonly string[]) =>
    slice().removal.remove({ subjects } as never, withoutAsking(database));

  it('has nothing but their rows, is given to them and to those who decide, and asks for a recent proof', async () => {
    data.notes = notes(10);
    await attach('of-the-organization.txt', Buffer.from('text'));
    const id = await requested();
    expect(await slice().byRequest.make(caller, id)).toMatchObject({ status: 'executing' });
    expect(await slice().byRequest.make(caller, id)).toEqual({ rejected: 'wrong-state' });
    await workOff();
    expect(await statusOf(id)).toBe('fulfilled');
    expect([data.plannedOf, data.askedFor]).toEqual([
      'person',
      { userId: caller.actor.id, subjects: [caller.actor.id, invitation] },
    ]);
    const { returnId } = await slice().byRequest.read(caller, id);
    const part = await buffer((await slice().byRequest.open(caller, id, 1, whole)).content);
    const names = await unzip(part, await mkdtemp(path.join(folder, 'unpacked-')));
    expect(names.filter((name) => name.startsWith('attachments/'))).toEqual([]);
    const stale = { ...caller, authenticatedAt: new Date(Date.now() - 3_600_000).toISOString() };
    await expect(slice().byRequest.open(stale, id, 1, whole)).rejects.toThrow('step-up');
    await expect(slice().byRequest.make(stale, id)).rejects.toThrow('step-up');
    const colleague = { ...caller, actor: { type: 'user' as const, id: randomUUID() } };
    await expect(slice().byRequest.read(colleague, id)).rejects.toThrow('not-found');
    await expect(slice().byRequest.open(colleague, id, 1, whole)).rejects.toThrow('not-found');
    // The owners' own archives are others, and as many as ever.
    await expect(slice().read.read(caller, returnId)).rejects.toThrow('not-found');
    expect(await slice().delete.delete(caller, returnId)).toEqual({ rejected: 'not-there' });
    expect((await slice().read.list(caller, { limit: 50 })).items).toEqual([]);
    // Its time ends as theirs does.
    clock.moved += 31 * 86_400_000;
    await workOff();
    expect(await slice().byRequest.read(caller, id)).toMatchObject({ status: 'expired' });
    await remove([id]);
    await expect(slice().byRequest.read(caller, id)).rejects.toThrow('not-found');
  });

  it('opens no more once the key of the person is destroyed, and is removed; what waits for one is open again', async () => {
    data.notes = notes(10);
    const [ready, waiting] = [await requested(), await requested()];
    await slice().byRequest.make(caller, ready);
    await workOff();
    await slice().byRequest.make(caller, waiting);
    const [organizationId, subjectId] = [caller.organizationId ?? '', caller.actor.id];
    await database.asRetention((sql) => vault.destroySubject(sql, { organizationId, subjectId }, new Date()));
    await expect(slice().byRequest.open(caller, ready, 1, whole)).rejects.toThrow('gone');
    // Nothing more of the person is put together.
    await slice().worker.step();
    expect(await statusOf(waiting)).toBe('executing');
    await remove([subjectId]);
    expect([await statusOf(ready), await statusOf(waiting)]).toEqual(['fulfilled', 'accepted']);
    expect(await slice().byRequest.read(caller, ready)).toMatchObject({ status: 'deleted', parts: [] });
    const left: string[] = [];
    for await (const { attachmentId } of bodies.list(organizationId)) left.push(attachmentId);
    expect(left).toEqual([]);
    const again = await requested();
    await slice().byRequest.make(caller, again);
    expect(await slice().byRequest.delete(caller, again)).toBeNull();
    expect(await statusOf(again)).toBe('accepted');
  });
});

(python() === undefined ? describe.skip : describe)(`an archive in a bucket of S3${withoutPython()}`, () => {
  let moto: Moto;
  beforeAll(async () => {
    moto = await startMoto();
  }, 240_000);
  afterAll(() => moto.stop());

  it('is as it is in a folder: written in pieces, read from any byte, and gone without a trace', async () => {
    const name = await moto.bucket();
    bodies = new S3BodyStore({ name, endpoint: moto.endpoint });
    data.notes = notes(400);
    // S3 takes an upload in pieces of 5 MiB at least.
    const large = await attach('large.bin', randomBytes(9 * MIB));
    const asked = await request();
    await workOff();
    const target = await unpacked(asked);
    expect(sha256Of(await readFile(path.join(target, pathOf(large))))).toBe(large.sha256);
    const { parts } = await slice().read.read(caller, asked.returnId);
    const { part = 0, size = 0 } = parts.find((one) => one.size > 9 * MIB) ?? {};
    const all = await buffer((await slice().open.open(caller, asked.returnId, part, whole)).content);
    const start = 6 * MIB + 1;
    const rest = await slice().open.open(caller, asked.returnId, part, {
      range: `bytes=${start}-`,
      ifRange: undefined,
    });
    expect(rest.range).toEqual({ start, end: size - 1 });
    expect((await buffer(rest.content)).equals(all.subarray(start))).toBe(true);
    expect(await slice().delete.delete(caller, asked.returnId)).toBeNull();
    await workOff();
    const left: string[] = [];
    for await (const { attachmentId } of bodies.list()) left.push(attachmentId);
    expect(left).toEqual([large.attachmentId]);
  }, 240_000);
});
