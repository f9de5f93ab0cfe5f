import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Database, postgresFault, type Sql } from '@vouchsafe/database';
import { type DomainEvent, ERASED, type EventCatalog } from '@vouchsafe/event-sourcing';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { type Vault, vaultMigrations } from '@vouchsafe/vault';
import { envelope, organizations, testVault } from './account.fixture.js';
import { details, firstRelease, secondRelease, today } from './evolution.fixture.js';
import {
  EventStore,
  eventStoreMigrations,
  type FollowingProjection,
  hasValuesInClear,
  projectionMigration,
  rebuildProjection,
  sealMarkedLater,
} from './index.js';

const [ours] = organizations;

/** Keeps what it has read, as it has read it. */
const read: FollowingProjection<DomainEvent> = {
  name: 'read',
  catalogs: [today],
  tables: ({ worker }) => `
    create table seen (stream text, version int, data jsonb);
    grant select, insert on seen to ${worker};`,
  on: Object.fromEntries(
    Object.keys(today.definitions).map((type) => [
      type,
      async (sql: Sql, { stream, version, data }: { stream: string; version: number; data: object }) => {
        await sql.query('insert into seen values ($1, $2, $3)', [stream, version, JSON.stringify(data)]);
      },
    ]),
  ),
};

let postgres: TestPostgres;
let database: Database;
let vault: Vault;
let store: EventStore;
let ada: string;
let grace: string;

beforeAll(async () => {
  postgres = await testPostgres();
  database = await postgres.database('people', [
    ...vaultMigrations,
    ...eventStoreMigrations,
    projectionMigration(read),
  ]);
  vault = await testVault();
  store = new EventStore({ database, vault });
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  [ada, grace] = [randomUUID(), randomUUID()];
  await write(ada, 'Ada');
  await write(grace, 'Grace');
});

/** A stream of one person, as earlier releases have left it. */
async function write(personId: string, name: string): Promise<void> {
  const append = (catalog: EventCatalog, expectedVersion: number, events: readonly DomainEvent[]) =>
    store.append({
      ...{ organizationId: ours, stream: `details-${personId}`, expectedVersion, catalog, events, envelope },
    });
  await append(firstRelease, 0, [
    { type: 'renamed', data: { personId, name } },
    { type: 'moved', data: { personId, email: `${name}@example.com` } },
    { type: 'marked', data: { personId, phone: `${name} 555` } },
    { type: 'unmarked', data: { personId, city: `${name}ville` } },
    { type: 'wandered', data: { personId, nicks: [{ nick: `${name} the first` }, { nick: name }] } },
  ]);
  await append(secondRelease, 5, [{ type: 'wandered', data: { personId, nicks: [{ nick: `${name} II` }] } }]);
}

const ofPerson = (personId: string, name: string) => [
  { type: 'renamed', data: { personId, fullName: name } },
  { type: 'moved', data: { contact: { personId, email: `${name}@example.com` } } },
  { type: 'marked', data: { personId, phone: `${name} 555` } },
  { type: 'unmarked', data: { personId, city: `${name}ville` } },
  { type: 'wandered', data: { person: { personId, aliases: [`${name} the first`, name] } } },
  { type: 'wandered', data: { person: { personId, aliases: [`${name} II`] } } },
];
const ofErased = (personId: string) => [
  { type: 'renamed', data: { personId, fullName: ERASED } },
  { type: 'moved', data: { contact: { personId, email: ERASED } } },
  { type: 'marked', data: { personId, phone: ERASED } },
  { type: 'unmarked', data: { personId, city: null } },
  { type: 'wandered', data: { person: { personId, aliases: [ERASED, ERASED] } } },
  { type: 'wandered', data: { person: { personId, aliases: [ERASED] } } },
];

const load = async (personId: string): Promise<readonly object[]> =>
  (await store.transact(ours, envelope, (unit) => unit.load(details, personId))).state;
const erase = (subjectId: string) =>
  database.asRetention((sql) =>
    vault.destroySubject(sql, { organizationId: ours, subjectId }, new Date('2026-11-28T10:00:00Z')),
  );
const stored = async (personId: string): Promise<string> => {
  const rows = await database.asWorker((sql) =>
    sql.query<{ payload: string }>('select payload::text from event where stream = $1', [
      `details-${personId}`,
    ]),
  );
  return rows.map(({ payload }) => payload).join('\n');
};
const rebuilt = async (personId: string): Promise<object[]> => {
  await rebuildProjection({ database, vault }, read);
  const rows = await database.asWorker((sql) =>
    sql.query<{ data: object }>('select data from projection_read.seen where stream = $1 order by version', [
      `details-${personId}`,
    ]),
  );
  return rows.map(({ data }) => data);
};
const dataOf = (events: readonly { readonly data: object }[]) => events.map(({ data }) => data);

describe('an event of an earlier version', () => {
  it('is opened by the fields of its version, whatever was renamed, moved, marked or unmarked since', async () => {
    expect(await stored(ada)).not.toContain('example.com');
    expect(await load(ada)).toEqual(ofPerson(ada, 'Ada'));
    expect(await rebuilt(ada)).toEqual(dataOf(ofPerson(ada, 'Ada')));
  });

  it('of an erased subject reads as erased, clear values among it, and nobody else’s (P10)', async () => {
    await erase(ada);
    expect(await load(ada)).toEqual(ofErased(ada));
    expect(await load(grace)).toEqual(ofPerson(grace, 'Grace'));
    expect(await rebuilt(ada)).toEqual(dataOf(ofErased(ada)));
    expect(await rebuilt(grace)).toEqual(dataOf(ofPerson(grace, 'Grace')));
  });

  it('opens after every key above it was rotated', async () => {
    await database.asWorker((sql) => vault.rotateSubjectKey(sql, { organizationId: ours, subjectId: grace }));
    await database.asWorker((sql) => vault.rotateOrganizationKey(sql, ours));
    while ((await database.asWorker((sql) => vault.rewrapDataKeys(sql, ours))).remaining > 0);
    await erase(ada);
    expect(await load(grace)).toEqual(ofPerson(grace, 'Grace'));
    expect(await load(ada)).toEqual(ofErased(ada));
  });

  it('stops a reader that lacks its version', async () => {
    const id = randomUUID();
    await store.append({
      ...{ organizationId: ours, stream: `details-${id}`, expectedVersion: 0, envelope },
      catalog: today,
      events: [{ type: 'renamed', data: { personId: ada, fullName: 'Ada' } }],
    });
    const former = { ...details, catalog: firstRelease };
    const loading = store.transact(ours, envelope, (unit) => unit.load(former, id));
    await expect(loading).rejects.toThrow('has version 2, but this code knows versions 1 to 1');
  });
});

describe('values that were stored before their field was marked', () => {
  const clearOf = (subject: string) =>
    database.asWorker((sql) => hasValuesInClear(sql, [today], [ours], [subject]));

  it('keep an erasure from being called done, until the retention run has sealed them in place', async () => {
    await erase(ada);
    expect(await stored(ada)).toContain('Ada 555');
    expect(await clearOf(ada)).toBe(true);
    expect(await clearOf(randomUUID())).toBe(false);
    const runId = randomUUID();
    const sealed = await sealMarkedLater({ database, vault }, [today], runId);
    expect(sealed).toBeGreaterThanOrEqual(4);
    expect(await clearOf(ada)).toBe(false);
    for (const person of [ada, grace]) expect(await stored(person)).not.toMatch(/555|the first/);
    expect(await load(ada)).toEqual(ofErased(ada));
    expect(await load(grace)).toEqual(ofPerson(grace, 'Grace'));
    await erase(grace);
    expect(await load(grace)).toEqual(ofErased(grace));
    // Recorded, and done once.
    const run = await database.asWorker((sql) =>
      sql.query('select events::int from sealing_run where run_id = $1', [runId]),
    );
    expect(run).toEqual([{ events: sealed }]);
    expect(await sealMarkedLater({ database, vault }, [today], randomUUID())).toBe(0);
  });

  it('are sealed to the last, though a run is killed between its pages', async () => {
    const many = Array.from({ length: 1_100 }, (_, n) => ({
      type: 'marked',
      data: { personId: ada, phone: `555 ${n}` },
    }));
    const stream = `details-${randomUUID()}`;
    await store.append({
      ...{ organizationId: ours, stream, expectedVersion: 0, catalog: firstRelease, events: many, envelope },
    });
    const left = async (): Promise<number> => {
      const rows = await database.asWorker((sql) =>
        sql.query(`select from event where stream = $1 and payload ->> 'phone' like '555%'`, [stream]),
      );
      return rows.length;
    };
    let pages = 0;
    const dying = Object.assign(Object.create(database) as Database, {
      asRetention: (work: Parameters<Database['asRetention']>[0]) => {
        pages += 1;
        return pages > 1 ? Promise.reject(new Error('killed')) : database.asRetention(work);
      },
    });
    const runId = randomUUID();
    await expect(sealMarkedLater({ database: dying, vault }, [today], runId)).rejects.toThrow('killed');
    expect(await left()).toBeGreaterThan(0);
    await sealMarkedLater({ database, vault }, [today], runId);
    expect(await left()).toBe(0);
    const [run] = await database.asWorker((sql) =>
      sql.query<{ events: number }>('select events::int from sealing_run where run_id = $1', [runId]),
    );
    expect(run?.events).toBeGreaterThanOrEqual(1_100);
  });
});

describe('the function that seals in place', () => {
  const call =
    (payload: object, nth = 3) =>
    (sql: Sql) =>
      sql.query('select lookup.seal_marked($1, $2::text[], $3::int[], $4::jsonb[])', [
        randomUUID(),
        [`details-${ada}`],
        [nth],
        [JSON.stringify(payload)],
      ]);
  const sealed = { sealed: 'v1.1.AAAA' };

  it.each([
    ['another value', () => ({ personId: ada, phone: 'another' })],
    ['another value beside a sealed one', () => ({ personId: 'x', phone: sealed })],
    ['a field less', () => ({ phone: sealed })],
    ['a field more', () => ({ personId: ada, phone: sealed, more: sealed })],
    ['what only looks sealed', () => ({ personId: ada, phone: { ...sealed, and: 'more' } })],
  ])('writes no %s', async (_, payload) => {
    const before = await stored(ada);
    await expect(database.asRetention(call(payload()))).rejects.toThrow('more than its seals');
    expect(await stored(ada)).toBe(before);
  });

  it('replaces nothing that is sealed already', async () => {
    await expect(database.asRetention(call({ personId: ada, name: sealed }, 1))).rejects.toThrow(
      'more than its seals',
    );
  });

  it('is retention’s alone, and no login can change an event without it', async () => {
    const payload = { personId: ada, phone: sealed };
    const refused = async (work: Promise<unknown>) =>
      postgresFault(await work.catch((error: unknown) => error))?.fault;
    expect(await refused(database.asWorker(call(payload)))).toBe('insufficient_privilege');
    expect(await refused(database.forOrganization(ours, call(payload)))).toBe('insufficient_privilege');
    const update = (sql: Sql) => sql.query(`update event set payload = '{}'`);
    expect(await refused(database.asRetention(update))).toBe('insufficient_privilege');
    expect(await refused(database.asWorker(update))).toBe('insufficient_privilege');
    expect(await refused(database.asMigrator(update))).toBe('insufficient_privilege');
  });
});
