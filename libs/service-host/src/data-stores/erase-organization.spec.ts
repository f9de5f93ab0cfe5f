/** @promise P31 an organization is erased from a service, whatever is killed when, and nobody else is */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contract, identityFacts, publication } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { eventCatalog, isErased, personal } from '@vouchsafe/event-sourcing';
import { EventStore, isThere, laneOf, publishing, readLane, startRelay } from '@vouchsafe/event-store';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, tombstoneFile, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { withSharedMigrations } from '../persistence/persistence.module.js';
import { type OrganizationErasure, takeOn } from './erasure.js';
import { applyTombstones, startErasing } from './erasing.js';
import type { ErasingOptions } from './procedure.js';
import { libraryStores } from './library-stores.js';
import { receiptPublishing } from './receipt.js';

const operator = randomUUID();
const noon = new Date('2026-11-26T12:00:00.000Z');
const mark = { purpose: 'account', subject: 'userId' } as const;
const said = z.strictObject({ userId: z.string(), words: personal(z.string(), mark) });
const catalog = eventCatalog({ said: { version: 1, visibility: 'published', schema: said } });
const fact = contract({ type: 'vouchsafe.identity.said.v1', summary: 'For this suite.', schema: said });
const published = publishing(catalog, ({ data }) => [publication(fact, data as z.output<typeof said>)]);

const everything = [published, ...receiptPublishing(identityFacts)];

let folder: string;
let postgres: TestPostgres;
let database: Database;
let vault: Vault;
let store: EventStore;
let clock = noon;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-erasing-'));
  postgres = await testPostgres();
  database = await postgres.database('identity', withSharedMigrations([]));
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  vault = new Vault({ provider, environment: 'test', now: () => clock });
  store = new EventStore({ database, vault });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

const options = (more: Partial<ErasingOptions> = {}): ErasingOptions => ({
  ...{ database, vault, store, catalogs: [catalog], stores: libraryStores(database) },
  tombstones: tombstoneFile(path.join(folder, `${randomUUID()}.jsonl`)),
  ...{ now: () => clock, onError: () => undefined },
  ...more,
});

const say = (organizationId: string, words: string) =>
  store.append({
    ...{ organizationId, stream: `said-${randomUUID()}`, expectedVersion: 0, catalog },
    events: [{ type: 'said', data: { userId: randomUUID(), words } }],
    envelope: { actor: { type: 'service', id: 'test' }, occurredAt: clock, requestId: null },
  });

function erasureOf(erasedOrganizationId: string): OrganizationErasure {
  return {
    ...{ of: 'organization', erasureId: randomUUID(), organizationId: operator },
    ...{ erasedOrganizationId, requestedAt: clock },
  };
}

const eventsOf = async (organizationId: string): Promise<number> => {
  const rows = await database.asWorker((sql) =>
    sql.query('select from event where organization_id = $1', [organizationId]),
  );
  return rows.length;
};

async function receipts({ erasureId }: OrganizationErasure): Promise<{ payload: Record<string, unknown> }[]> {
  return database.asWorker((sql) =>
    sql.query('select payload from event where stream = $1', [`organization-erasure-receipt-${erasureId}`]),
  );
}

/** Time goes by until the receipt is there. */
async function workOff(own: ErasingOptions, erasure: OrganizationErasure, patience = 10_000): Promise<void> {
  const worker = startErasing(own);
  try {
    for (let waited = 0; waited < patience; waited += 20) {
      if ((await receipts(erasure)).length > 0) return;
      clock = new Date(clock.getTime() + 5_000);
      worker.wake();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    await worker.stop();
  }
}

/** Sends what there is, and remembers the lanes' numbers. */
async function relayed(): Promise<string[]> {
  const sent: string[] = [];
  const relay = startRelay({
    ...{ database, vault, publishing: everything },
    send: (messages) => Promise.resolve(void sent.push(...messages.map(({ key }) => key))),
    sendPositions: () => Promise.resolve(),
    pace: { idle: 10 },
  });
  const isBehind = async () => {
    const rows = await database.asWorker((sql) =>
      sql.query(
        `select from lane where acknowledged < last_number
         union all select from cursor where name = 'relay' and position < (select max(position) from event)`,
      ),
    );
    return rows.length > 0;
  };
  for (let waited = 0; waited < 5_000 && (waited < 300 || (await isBehind())); waited += 20)
    await new Promise((resolve) => setTimeout(resolve, 20));
  await relay.stop();
  return sent;
}

describe('an organization that is erased from a service', () => {
  it('has no events and no keys any more, and nobody else is touched', async () => {
    const [ours, theirs] = [randomUUID(), randomUUID()];
    for (const words of ['one', 'two']) await say(ours, words);
    await say(theirs, 'three');
    const erasure = erasureOf(ours);
    await database.asWorker((sql) => takeOn(sql, erasure));
    await workOff(options(), erasure);
    const [receipt] = await receipts(erasure);
    expect(receipt?.payload).toMatchObject({
      ...{ organizationId: operator, erasedOrganizationId: ours },
      // Two people's keys and the organization's own.
      keysDestroyed: 3,
      stores: expect.arrayContaining([
        { store: 'events', found: 2, left: 0, method: 'deleted' },
        { store: 'keys', found: 3, left: 0, method: 'key-destroyed' },
      ]),
      kept: expect.arrayContaining([{ store: 'tombstones', because: 'tombstones' }]),
    });
    expect([await eventsOf(ours), await eventsOf(theirs)]).toEqual([0, 1]);
  });

  it('gets no key any more, and nothing can be sealed for it', async () => {
    const ours = randomUUID();
    await say(ours, 'one');
    const erasure = erasureOf(ours);
    await database.asWorker((sql) => takeOn(sql, erasure));
    await workOff(options(), erasure);
    const sealed = await database.asWorker((sql) =>
      vault.seal(sql, { organizationId: ours, subjectId: randomUUID() }, ['x'], 'late'),
    );
    expect(isErased(sealed)).toBe(true);
    const keys = await database.asWorker((sql) =>
      sql.query('select from vault_organization_key where organization_id = $1', [ours]),
    );
    expect(keys).toEqual([]);
  });

  it('leaves numbers in the lanes that it shared, for which the source says that the fact was removed', async () => {
    const ours = randomUUID();
    const theirs = inLaneOf(ours);
    for (const [whose, words] of [
      [ours, 'one'],
      [theirs, 'two'],
      [ours, 'three'],
      [theirs, 'four'],
    ] as const)
      await say(whose, words);
    await relayed();
    // Numbered, and not yet acknowledged: as after a crash of the relay.
    await database.asWorker((sql) =>
      sql.query('update lane set acknowledged = 0 where lane = $1', [laneOf(ours)]),
    );
    const erasure = erasureOf(ours);
    await database.asWorker((sql) => takeOn(sql, erasure));
    await workOff(options(), erasure);
    expect(await relayed()).not.toContain(ours);
    const [lane] = await database.asWorker((sql) =>
      sql.query<{ behind: boolean }>(
        'select acknowledged < last_number as behind from lane where lane = $1',
        [laneOf(ours)],
      ),
    );
    expect(lane?.behind).toBe(false);
    const facts = await readLane({ database, vault, publishing: everything }, laneOf(ours), 1n, 100);
    // The operator's receipts may be in the same lane.
    const keys = facts.map((one) => (isThere(one) ? one.key : null)).filter((key) => key !== operator);
    expect(keys.slice(-4)).toEqual([null, theirs, null, theirs]);
    expect(facts.map(({ number }) => number)).toEqual(facts.map((_, index) => BigInt(index + 1)));
  });

  it('is erased by one receipt wherever the process was killed', async () => {
    for (let steps = 1; ; steps += 1) {
      const ours = randomUUID();
      await say(ours, 'one');
      const erasure = erasureOf(ours);
      await database.asWorker((sql) => takeOn(sql, erasure));
      const own = options();
      const survived = await dyingAfter(steps, own, erasure);
      await workOff(own, erasure);
      expect(await receipts(erasure)).toMatchObject([
        {
          payload: {
            stores: expect.arrayContaining([expect.objectContaining({ store: 'events', found: 1 })]),
          },
        },
      ]);
      expect(await eventsOf(ours)).toBe(0);
      expect(await own.tombstones.read()).toMatchObject({ tombstones: [expect.anything()], intended: [] });
      if (survived) break;
      expect(steps).toBeLessThan(80);
    }
  }, 240_000);

  it('is erased again from a restored database, before the service answers requests', async () => {
    const ours = randomUUID();
    await say(ours, 'one');
    const erasure = erasureOf(ours);
    const own = options();
    // The file remembers what the restored database knows nothing of; the others' erasures are in it, too.
    await own.tombstones.append([...(await earlier()), tombstone(erasure.erasureId, ours)]);
    await applyTombstones(own);
    expect(await eventsOf(ours)).toBe(0);
    await workOff(own, erasure);
    expect(await receipts(erasure)).toHaveLength(1);
  });

  it('leaves nothing at the next start of those who were erased before it', async () => {
    const [ours, userId] = [randomUUID(), randomUUID()];
    const person = { organizationId: ours, userId, organizations: [ours, operator], subjects: [userId] };
    const own = options();
    await own.tombstones.append([
      ...(await earlier()),
      { ...person, erasureId: randomUUID(), requestedAt: noon.toISOString() },
    ]);
    const erasure = erasureOf(ours);
    await database.asWorker((sql) => takeOn(sql, erasure));
    await workOff(own, erasure);
    await applyTombstones(own);
    const left = await database.asWorker((sql) =>
      sql.query('select from erasure where organization_id = $1', [ours]),
    );
    expect([left, await eventsOf(ours)]).toEqual([[], 0]);
  });
});

describe('events', () => {
  it('of an organization that is not being erased cannot be deleted by anybody', async () => {
    const ours = randomUUID();
    await say(ours, 'one');
    await expect(
      database.asRetention((sql) => sql.query('select lookup.delete_events($1, 0, 1000000)', [ours])),
    ).rejects.toThrow('not being deleted');
    await expect(
      database.asRetention((sql) => sql.query('delete from event where organization_id = $1', [ours])),
    ).rejects.toThrow();
    await expect(
      database.asMigrator((sql) => sql.query('delete from event where organization_id = $1', [ours])),
    ).rejects.toThrow('immutable');
    expect(await eventsOf(ours)).toBe(1);
  });
});

/** What this suite has carried out so far. */
async function earlier() {
  const rows = await database.asWorker((sql) =>
    sql.query<{ erasure_id: string; erased_organization_id: string }>(
      'select erasure_id, erased_organization_id from erasure where destroyed_at is not null',
    ),
  );
  return rows.map((one) => tombstone(one.erasure_id, one.erased_organization_id));
}

function tombstone(erasureId: string, erasedOrganizationId: string) {
  return { erasureId, organizationId: operator, erasedOrganizationId, requestedAt: noon.toISOString() };
}

/** Another organization whose facts share the lane. */
function inLaneOf(organizationId: string): string {
  for (;;) {
    const other = randomUUID();
    if (laneOf(other) === laneOf(organizationId)) return other;
  }
}

/** @returns whether the process lived to the receipt */
async function dyingAfter(
  steps: number,
  own: ErasingOptions,
  erasure: OrganizationErasure,
): Promise<boolean> {
  let left = steps;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    left -= 1;
    if (left < 0) throw new Error('Killed');
    return work();
  };
  const dying = Object.create(database, {
    asWorker: { value: (work: never) => step(() => database.asWorker(work)) },
    asRetention: { value: (work: never) => step(() => database.asRetention(work)) },
  }) as Database;
  const tombstones = {
    read: () => own.tombstones.read(),
    append: (some: Parameters<typeof own.tombstones.append>[0]) => step(() => own.tombstones.append(some)),
  };
  const worker = startErasing({ ...own, database: dying, tombstones, stores: libraryStores(dying) });
  while (left >= 0 && (await receipts(erasure)).length === 0) {
    clock = new Date(clock.getTime() + 5_000);
    worker.wake();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await worker.stop();
  return left >= 0;
}
