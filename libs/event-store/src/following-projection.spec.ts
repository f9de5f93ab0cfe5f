import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database } from '@vouchsafe/database';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { type Vault, vaultMigrations } from '@vouchsafe/vault';
import {
  accountAggregate,
  accountBalanceMigration,
  type AccountEvent,
  accountEvents,
  envelope,
  organizations,
  testVault,
} from './account.fixture.js';
import {
  EventStore,
  eventStoreMigrations,
  type FollowingProjection,
  projectionMigration,
  type ProjectionRunner,
  rebuildProjection,
  startProjection,
} from './index.js';

const [ours] = organizations;

/** Counts deposits; can be told to choke on one amount. */
let chokesOn: number | undefined;
const deposits: FollowingProjection<AccountEvent> = {
  name: 'deposits',
  catalogs: [accountEvents],
  tables: ({ worker }) => `
    create table deposit_count (stream text primary key, deposits int not null);
    grant select, insert, update on deposit_count to ${worker};`,
  on: {
    deposited: async (transaction, { stream, data }) => {
      if (data.cents === chokesOn) throw new Error(`cannot apply ${data.cents}`);
      await transaction.query(
        `insert into deposit_count values ($1, 1)
         on conflict (stream) do update set deposits = deposit_count.deposits + 1`,
        [stream],
      );
    },
  },
};

describe('a following projection', () => {
  let postgres: TestPostgres;
  let database: Database;
  let vault: Vault;
  let store: EventStore;
  let runner: ProjectionRunner;
  beforeAll(async () => {
    postgres = await testPostgres();
    database = await postgres.database('bank', [
      ...vaultMigrations,
      ...eventStoreMigrations,
      accountBalanceMigration,
      projectionMigration(deposits),
    ]);
    vault = await testVault();
    store = new EventStore({ database, vault });
    runner = startProjection({ database, vault }, deposits, { idle: 20, retry: 20 });
    await store.transact(ours, envelope, (unit) =>
      unit.execute(accountAggregate, 'p1', { type: 'open', accountId: 'p1', holderId: ours, holder: 'Ada' }),
    );
  });
  afterAll(async () => {
    await runner.stop();
    await postgres.stop();
  });

  const deposit = (cents: number) =>
    store.transact(ours, envelope, (unit) =>
      unit.execute(accountAggregate, 'p1', { type: 'deposit', cents }),
    );
  const counted = async (): Promise<number> => {
    const [row] = await database.asWorker((sql) =>
      sql.query<{ deposits: number }>('select deposits from projection_deposits.deposit_count'),
    );
    return row?.deposits ?? 0;
  };

  it('follows, and says how far it is', async () => {
    await deposit(1);
    await until(async () => (await counted()) === 1);
    expect(await runner.progress()).toMatchObject({ lagSeconds: 0 });
  });

  it('stops at an event that it cannot apply, says why and how far behind it is, and goes on when it can', async () => {
    chokesOn = 13;
    await deposit(13);
    await deposit(2);
    await until(() => Promise.resolve(runner.stoppedBecause() !== undefined));
    expect(String(runner.stoppedBecause())).toContain('cannot apply 13');
    expect((await runner.progress()).lagSeconds).toBeGreaterThan(0);
    expect(await counted()).toBe(1);
    chokesOn = undefined;
    await until(async () => (await counted()) === 3);
    expect(runner.stoppedBecause()).toBeUndefined();
  });

  it('is not doubled by a rebuild before its first run', async () => {
    const fresh = await postgres.database('fresh', [
      ...vaultMigrations,
      ...eventStoreMigrations,
      accountBalanceMigration,
      projectionMigration(deposits),
    ]);
    const freshStore = new EventStore({ database: fresh, vault });
    await freshStore.transact(ours, envelope, async (unit) => {
      await unit.execute(accountAggregate, 'p2', {
        type: 'open',
        accountId: 'p2',
        holderId: ours,
        holder: 'Ada',
      });
      await unit.execute(accountAggregate, 'p2', { type: 'deposit', cents: 1 });
    });
    await rebuildProjection({ database: fresh, vault }, deposits);
    const late = startProjection({ database: fresh, vault }, deposits, { idle: 20, retry: 20 });
    await until(async () => (await late.progress()).lagSeconds === 0);
    await late.stop();
    const rows = await fresh.asWorker((sql) =>
      sql.query('select deposits from projection_deposits.deposit_count'),
    );
    expect(rows).toEqual([{ deposits: 1 }]);
  });

  it('is rebuilt beside the live one and swapped, while events go on coming', async () => {
    await database.asWorker((sql) =>
      sql.query('update projection_deposits.deposit_count set deposits = 999'),
    );
    const more = (async () => {
      for (let n = 0; n < 10; n += 1) await deposit(1);
    })();
    await rebuildProjection({ database, vault }, deposits);
    await more;
    await until(async () => (await counted()) === 13);
    expect(runner.stoppedBecause()).toBeUndefined();
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('It did not come about in 20 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
