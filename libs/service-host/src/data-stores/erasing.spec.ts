/** @promise P10 a process killed at any step goes on, and no receipt comes too early */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Database, Transaction } from '@vouchsafe/database';
import { eventCatalog, formerVersion, isErased, markedLater, personal } from '@vouchsafe/event-sourcing';
import { EventStore, sealMarkedLater } from '@vouchsafe/event-store';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, type OutsideTombstones, tombstoneFile, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { withSharedMigrations } from '../persistence/persistence.module.js';
import { type PersonErasure, takeOn } from './erasure.js';
import { type DataStore, NotRemovedYetError, type PersonRemoval } from './data-store.js';
import { tombstoneOf } from './tombstones.js';
import { applyTombstones, startErasing } from './erasing.js';
import type { ErasingOptions } from './procedure.js';

const context = ['account', 'name'];
const noon = new Date('2026-11-26T12:00:00.000Z');

let folder: string;
let postgres: TestPostgres;
let database: Database;
let vault: Vault;
let store: EventStore;
let clock: Date;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-erasing-'));
  postgres = await testPostgres();
  database = await postgres.database('identity', withSharedMigrations([]));
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  vault = new Vault({ provider, environment: 'test', now: () => clock, cacheMilliseconds: 1000 });
  store = new EventStore({ database, vault });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

/** A person with a value, and with a second one under the id of an invitation. */
async function person(): Promise<{ erasure: PersonErasure; sealed: string }> {
  clock = noon;
  const [organizationId, userId, invitationId] = [randomUUID(), randomUUID(), randomUUID()];
  const seal = (subjectId: string) =>
    database.asWorker((sql) => vault.seal(sql, { organizationId, subjectId }, context, 'Ada'));
  const sealed = await seal(userId);
  await seal(invitationId);
  if (isErased(sealed)) throw new Error('Nobody is erased yet');
  const erasure: PersonErasure = {
    of: 'person',
    erasureId: randomUUID(),
    organizationId,
    userId,
    organizations: [organizationId],
    subjects: [userId, invitationId],
    requestedAt: noon,
  };
  return { erasure, sealed };
}

function removing(person: PersonRemoval): DataStore {
  return {
    name: 'people',
    places: [],
    person,
    returned: { nothing: 'technical' },
    access: { nothing: 'technical' },
    organization: { kept: 'deletion-records' },
  };
}

/** A service with a file of tombstones of its own, and something to remove besides keys. */
function service(more: Partial<ErasingOptions> = {}): ErasingOptions & { readonly removed: string[] } {
  const removed: string[] = [];
  return {
    ...{ database, vault, store, removed, catalogs: [] },
    tombstones: tombstoneFile(path.join(folder, `${randomUUID()}.jsonl`)),
    stores: [removing({ remove: ({ userId }) => Promise.resolve(void removed.push(userId)) })],
    now: () => clock,
    onError: () => undefined,
    ...more,
  };
}

async function receipts({ erasureId }: PersonErasure): Promise<object[]> {
  return database.asWorker((sql) =>
    sql.query('select payload from event where stream = $1', [`erasure-receipt-${erasureId}`]),
  );
}

/** Works until the receipt is there, or the work stands still. */
async function workOff(options: ErasingOptions, erasure: PersonErasure, patience = 5000): Promise<void> {
  const worker = startErasing(options);
  try {
    for (let waited = 0; waited < patience; waited += 20) {
      if ((await receipts(erasure)).length > 0) return;
      worker.wake();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    await worker.stop();
  }
}

function open({ organizationId, userId: subjectId }: PersonErasure, sealed: string) {
  return database.asWorker((sql) => vault.open(sql, { organizationId, subjectId }, context, sealed));
}

describe("a service's part of an erasure (P10)", () => {
  it('gives its receipt only when no process can hold an opened key any more', async () => {
    const { erasure, sealed } = await person();
    const own = service();
    await database.asWorker((sql) => takeOn(sql, erasure));
    await workOff(own, erasure, 600);
    expect(isErased(await open(erasure, sealed))).toBe(true);
    expect(await receipts(erasure)).toEqual([]);
    clock = new Date(noon.getTime() + 6_001);
    await workOff(own, erasure);
    expect(await receipts(erasure)).toEqual([
      {
        payload: {
          organizationId: erasure.organizationId,
          userId: erasure.userId,
          erasureId: erasure.erasureId,
          keysDestroyed: 2,
          destroyedAt: noon.toISOString(),
          effectiveFrom: new Date(noon.getTime() + 6_000).toISOString(),
        },
      },
    ]);
    // Once when the keys went, and once more when nothing could be sealed under them any more.
    expect(own.removed.length).toBeGreaterThanOrEqual(2);
  });

  it('is carried out by one instance, however long a step takes', async () => {
    const { erasure } = await person();
    let entered = 0;
    const end = Promise.withResolvers<true>();
    const remove = async () => {
      entered += 1;
      await end.promise;
    };
    const own = service({ stores: [removing({ remove })], renewEvery: 10 });
    await database.asWorker((sql) => takeOn(sql, erasure));
    const workers = [startErasing(own), startErasing(own)];
    const until = async (is: () => boolean | Promise<boolean>) => {
      while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    const isLeased = async () => {
      const rows = await database.asWorker((sql) =>
        sql.query(
          "select from erasure where erasure_id = $1 and due_at >= $2::timestamptz + interval '10 seconds'",
          [erasure.erasureId, clock],
        ),
      );
      return rows.length > 0;
    };
    await until(() => entered > 0);
    for (let nth = 0; nth < 4; nth += 1) {
      clock = new Date(clock.getTime() + 10_000);
      await until(isLeased);
      for (const worker of workers) worker.wake();
    }
    expect(entered).toBe(1);
    end.resolve(true);
    for (const worker of workers) await worker.stop();
  });

  it('says in its receipt what stays of the person, and why', async () => {
    const { erasure } = await person();
    const retained = [
      { what: 'invoices-at-stripe', ground: 'statutory-accounting', until: '2036-12-31' },
    ] as const;
    const removal = { remove: () => Promise.resolve(), retained: () => Promise.resolve(retained) };
    const own = service({ stores: [removing(removal)] });
    await database.asWorker((sql) => takeOn(sql, erasure));
    await workOff(own, erasure, 600);
    clock = new Date(clock.getTime() + 6_001);
    await workOff(own, erasure);
    expect(await receipts(erasure)).toMatchObject([{ payload: { retained } }]);
  });

  it('is withheld while a message that nobody could read may be about the person', async () => {
    const { erasure } = await person();
    const setAside = (sql: Transaction) =>
      sql.query(
        `insert into dead_letter (consumer, organization_id, source, lane, number, message_id, type, time, data, dead_lettered_at)
         values ('x', $1, 'y', 1, 1, 'z', 'unknown', now(), '{"whole":"v1"}', now())`,
        [erasure.organizationId],
      );
    await database.asWorker(setAside);
    await database.asWorker((sql) => takeOn(sql, erasure));
    clock = new Date(noon.getTime() + 60_000);
    const advance = setInterval(() => (clock = new Date(clock.getTime() + 60_000)), 20);
    try {
      await workOff(service(), erasure, 600);
      expect(await receipts(erasure)).toEqual([]);
      await database.asWorker((sql) =>
        sql.query('delete from dead_letter where organization_id = $1', [erasure.organizationId]),
      );
      await workOff(service(), erasure);
      expect(await receipts(erasure)).toHaveLength(1);
    } finally {
      clearInterval(advance);
    }
  });

  it('is withheld, with the reason, while a value stands in clear from before its field was marked', async () => {
    const { erasure } = await person();
    const { organizationId, userId } = erasure;
    const data = { userId, nick: 'Ada L.' };
    const before = eventCatalog({
      nicknamed: {
        version: 1,
        visibility: 'private',
        schema: z.strictObject({ userId: z.string(), nick: z.string() }),
      },
    });
    const mark = { purpose: 'account', subject: 'userId' } as const;
    const today = eventCatalog({
      nicknamed: {
        version: 2,
        visibility: 'private',
        schema: z.strictObject({ userId: z.string(), nick: personal(z.string(), mark) }),
        former: {
          1: formerVersion(
            z.strictObject({ userId: z.string(), nick: markedLater(z.string(), mark) }),
            (old) => old,
          ),
        },
      },
    });
    await store.append({
      ...{ organizationId, stream: `nick-${userId}`, expectedVersion: 0, catalog: before },
      events: [{ type: 'nicknamed', data }],
      envelope: { actor: { type: 'service', id: 'test' }, occurredAt: noon, requestId: null },
    });
    const held = async () => {
      const [row] = await database.asWorker((sql) =>
        sql.query<{ held_because: string | null }>('select held_because from erasure where erasure_id = $1', [
          erasure.erasureId,
        ]),
      );
      return row?.held_because;
    };
    await database.asWorker((sql) => takeOn(sql, erasure));
    const own = service({ catalogs: [today] });
    const advance = setInterval(() => (clock = new Date(clock.getTime() + 60_000)), 20);
    try {
      await workOff(own, erasure, 600);
      expect([await receipts(erasure), await held()]).toEqual([[], 'values-in-clear']);
      await sealMarkedLater({ database, vault }, [today], randomUUID());
      await workOff(own, erasure);
      expect(await receipts(erasure)).toHaveLength(1);
      expect(await held()).toBeNull();
    } finally {
      clearInterval(advance);
    }
  });

  it('goes on wherever its process was killed, and gives one receipt', async () => {
    for (let steps = 1; ; steps += 1) {
      const { erasure, sealed } = await person();
      await database.asWorker((sql) => takeOn(sql, erasure));
      const own = service();
      const advance = setInterval(() => (clock = new Date(clock.getTime() + 60_000)), 10);
      try {
        const survived = await dyingAfter(steps, own, erasure);
        await workOff(own, erasure);
        expect(await receipts(erasure)).toHaveLength(1);
        expect(isErased(await open(erasure, sealed))).toBe(true);
        expect(await own.tombstones.read()).toMatchObject({ tombstones: [expect.anything()], intended: [] });
        expect(own.removed).toContain(erasure.userId);
        if (survived) break;
        expect(steps).toBeLessThan(40);
      } finally {
        clearInterval(advance);
      }
    }
  }, 120_000);
});

describe('a database restored from before an erasure (P10)', () => {
  beforeAll(async () => {
    database = await postgres.database('restored', withSharedMigrations([]));
    store = new EventStore({ database, vault });
  });

  it('erases the person before the service answers requests, and gives its receipt anew', async () => {
    const { erasure, sealed } = await person();
    const recalled: string[] = [];
    const removal: PersonRemoval = {
      recall: ({ userId }) => Promise.resolve(void recalled.push(userId)),
      remove: () => Promise.resolve(),
    };
    const own = service({ stores: [removing(removal)] });
    // What the restored database knows nothing of.
    await own.tombstones.append([tombstoneOf(erasure)]);
    await applyTombstones(own);
    expect(isErased(await open(erasure, sealed))).toBe(true);
    expect(recalled).toEqual([erasure.userId]);
    await applyTombstones(own);
    expect(recalled).toHaveLength(1);
    clock = new Date(noon.getTime() + 60_000);
    await workOff(own, erasure);
    expect(await receipts(erasure)).toHaveLength(1);
  });

  it('is not served with a file that does not remember what it carried out: it is not the right one', async () => {
    await expect(applyTombstones(service())).rejects.toThrow('lacks 1 erasures');
  });
});

describe('the start on such a database', () => {
  beforeAll(async () => {
    database = await postgres.database('started', withSharedMigrations([]));
    store = new EventStore({ database, vault });
  });

  it('is not stopped by somebody else who does not answer: all else goes, and the worker asks again', async () => {
    const { erasure, sealed } = await person();
    let answers = false;
    const atStripe = {
      remove: () =>
        answers ? Promise.resolve() : Promise.reject(new NotRemovedYetError('Stripe does not answer')),
    };
    const others: string[] = [];
    const here = { remove: ({ userId }: PersonErasure) => Promise.resolve(void others.push(userId)) };
    const own = service({ stores: [removing(atStripe), removing(here)] });
    await own.tombstones.append([tombstoneOf(erasure)]);
    await applyTombstones(own);
    expect(others).toEqual([erasure.userId]);
    expect(isErased(await open(erasure, sealed))).toBe(true);
    clock = new Date(clock.getTime() + 60_000);
    await workOff(own, erasure, 600);
    expect(await receipts(erasure)).toEqual([]);
    answers = true;
    clock = new Date(clock.getTime() + 3_600_000);
    await workOff(own, erasure);
    expect(await receipts(erasure)).toHaveLength(1);
  });
});

/**
 * Works on with a process that dies at its so many-th word to the database, the disk or the service: whatever it says from then on
 * fails. @returns whether it lived to the receipt
 */
async function dyingAfter(steps: number, own: ErasingOptions, erasure: PersonErasure): Promise<boolean> {
  let left = steps;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    left -= 1;
    if (left < 0) throw new Error('Killed');
    return work();
  };
  const dying = Object.create(database, {
    asWorker: {
      value: (work: (sql: Transaction) => Promise<unknown>) => step(() => database.asWorker(work)),
    },
    asRetention: {
      value: (work: (sql: Transaction) => Promise<unknown>) => step(() => database.asRetention(work)),
    },
  }) as Database;
  const tombstones: OutsideTombstones = {
    read: () => own.tombstones.read(),
    append: (some) => step(() => own.tombstones.append(some)),
  };
  const stores = own.stores.map(({ person, ...store }): DataStore => {
    if (typeof person === 'string') return { ...store, person };
    return { ...store, person: { remove: (one, destroy) => step(() => person.remove(one, destroy)) } };
  });
  const worker = startErasing({ ...own, database: dying, tombstones, stores });
  while (left >= 0 && (await receipts(erasure)).length === 0) {
    worker.wake();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await worker.stop();
  return left >= 0;
}
