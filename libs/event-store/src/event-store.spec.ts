import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database, one, postgresFault, type Sql } from '@vouchsafe/database';
import { isRejected } from '@vouchsafe/event-sourcing';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { type Vault, vaultMigrations } from '@vouchsafe/vault';
import {
  accountAggregate,
  accountBalanceMigration,
  envelope,
  organizations,
  testVault,
} from './account.fixture.js';
import { ConcurrencyConflictError, EventStore, eventStoreMigrations } from './index.js';

const [ours, theirs] = organizations;
const holderId = 'c0ffee00-0000-4000-8000-00000000000a';
const open = (accountId: string) => ({ type: 'open' as const, accountId, holderId, holder: 'Grace Hopper' });

describe('the event store', () => {
  let postgres: TestPostgres;
  let database: Database;
  let vault: Vault;
  let store: EventStore;
  beforeAll(async () => {
    postgres = await testPostgres();
    database = await postgres.database(
      'bank',
      [...vaultMigrations, ...eventStoreMigrations, accountBalanceMigration],
      {
        poolSize: 16,
      },
    );
    vault = await testVault();
    store = new EventStore({ database, vault });
  });
  afterAll(() => postgres.stop());

  const openAccount = (id: string, organizationId: string = ours) =>
    store.transact(organizationId, envelope, (unit) => unit.execute(accountAggregate, id, open(id)));

  it('loads, decides and appends, and knows who did it and when', async () => {
    const opened = await openAccount('a1');
    if (isRejected(opened)) throw new Error('rejected');
    expect(opened.version).toBe(1);
    expect(opened.events[0]).toMatchObject({
      stream: 'account-a1',
      version: 1,
      type: 'account-opened',
      envelope,
    });
    const { state } = await store.transact(ours, envelope, (unit) => unit.load(accountAggregate, 'a1'));
    expect(state).toEqual({ open: true, cents: 0, holder: 'Grace Hopper' });
  });

  it('answers a rejection as a value and appends nothing, not even what the unit did before', async () => {
    const result = await store.transact(ours, envelope, async (unit) => {
      await unit.execute(accountAggregate, 'a2', open('a2'));
      return unit.execute(accountAggregate, 'a2', open('a2'));
    });
    expect(result).toEqual({ rejected: 'already-open' });
    const { state } = await store.transact(ours, envelope, (unit) => unit.load(accountAggregate, 'a2'));
    expect(state.open).toBe(false);
  });

  it('keeps personal values sealed in the table (P10)', async () => {
    await openAccount('a3');
    const { payload } = await database.asWorker((sql) =>
      one<{ payload: string }>(sql, `select payload::text from event where stream = 'account-a3'`),
    );
    expect(payload).not.toContain('Hopper');
    expect(payload).toContain('"sealed"');
  });

  it('loses no update among 16 writers of one stream, by bounded retries', async () => {
    await openAccount('a4');
    const deposits = await Promise.allSettled(
      Array.from({ length: 16 }, () =>
        store.transact(ours, envelope, (unit) =>
          unit.execute(accountAggregate, 'a4', { type: 'deposit', cents: 5 }),
        ),
      ),
    );
    const done = deposits.filter(({ status }) => status === 'fulfilled').length;
    for (const deposit of deposits) {
      if (deposit.status === 'rejected') expect(deposit.reason).toBeInstanceOf(ConcurrencyConflictError);
    }
    const { state, version } = await store.transact(ours, envelope, (unit) =>
      unit.load(accountAggregate, 'a4'),
    );
    expect(done).toBeGreaterThan(0);
    expect({ cents: state.cents, version }).toEqual({ cents: 5 * done, version: done + 1 });
    const balance = await database.asWorker((sql) =>
      one<{ cents: string }>(sql, `select cents from account_balance where stream = 'account-a4'`),
    );
    expect(Number(balance.cents)).toBe(5 * done);
  });

  it.each([
    ['update', `update event set type = 'other'`],
    ['delete', 'delete from event'],
    ['truncate', 'truncate event'],
    ['delete, past the table, from a partition of', 'delete from event_default'],
  ])('refuses to %s events, to every login and to the owner', async (_, statement) => {
    const logins = [
      (work: (sql: Sql) => Promise<unknown>) => database.forOrganization(ours, work),
      (work: (sql: Sql) => Promise<unknown>) => database.asWorker(work),
      (work: (sql: Sql) => Promise<unknown>) => database.asRetention(work),
      (work: (sql: Sql) => Promise<unknown>) => database.asMigrator(work),
    ];
    for (const login of logins) {
      const failure: unknown = await login((sql) => sql.query(statement)).catch((error: unknown) => error);
      expect(postgresFault(failure)?.fault).toBe('insufficient_privilege');
    }
  });

  it('shows an organization its own streams alone (P19)', async () => {
    await openAccount('a5', theirs);
    const seen = await store.transact(ours, envelope, (unit) => unit.load(accountAggregate, 'a5'));
    expect(seen.version).toBe(0);
  });

  it('stops at a stored type that the code does not know', async () => {
    await database.asWorker((sql) =>
      sql.query(
        `insert into event (organization_id, stream, version, type, schema_version, payload, metadata)
         values ($1, 'account-a6', 1, 'account-blessed', 1, '{}', $2)`,
        [ours, JSON.stringify({ ...envelope, occurredAt: envelope.occurredAt.toISOString() })],
      ),
    );
    await expect(store.transact(ours, envelope, (unit) => unit.load(accountAggregate, 'a6'))).rejects.toThrow(
      'Unknown event type account-blessed',
    );
  });

  it('wakes listeners after the commit, and not after a rollback', async () => {
    let woken = 0;
    const unsubscribe = store.onAppended(() => (woken += 1));
    await openAccount('a7');
    await store
      .transact(ours, envelope, async (unit) => {
        await unit.execute(accountAggregate, 'a8', open('a8'));
        throw new Error('no');
      })
      .catch(() => undefined);
    unsubscribe();
    expect(woken).toBe(1);
  });
});
