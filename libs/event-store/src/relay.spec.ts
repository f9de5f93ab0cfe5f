import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { type Vault, vaultMigrations } from '@vouchsafe/vault';
import {
  accountAggregate,
  accountBalanceMigration,
  accountPublishing,
  envelope,
  organizations,
  testVault,
} from './account.fixture.js';
import {
  type DepartingMessage,
  EventStore,
  eventStoreMigrations,
  type Follower,
  laneOf,
  type LanePosition,
  readLane,
  startRelay,
} from './index.js';

const [ours, theirs] = organizations;

describe('the relay', () => {
  let postgres: TestPostgres;
  let database: Database;
  let vault: Vault;
  let store: EventStore;
  const relays: Follower[] = [];
  const sent: DepartingMessage[] = [];
  const positions: LanePosition[] = [];
  let busIsAway = false;

  beforeAll(async () => {
    postgres = await testPostgres();
    database = await postgres.database('bank', [
      ...vaultMigrations,
      ...eventStoreMigrations,
      accountBalanceMigration,
    ]);
    vault = await testVault();
    store = new EventStore({ database, vault });
  });
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.stop()));
    sent.length = 0;
    busIsAway = false;
  });
  afterAll(() => postgres.stop());

  const take = (messages: readonly DepartingMessage[]): Promise<void> => {
    if (busIsAway) return Promise.reject(new Error('the bus is away'));
    sent.push(...messages);
    return Promise.resolve();
  };
  const start = (send = take): Follower => {
    const relay = startRelay({
      database,
      vault,
      publishing: [accountPublishing],
      send,
      sendPositions: (_, lanes) => {
        positions.push(...lanes);
        return Promise.resolve();
      },
      pace: { idle: 20, retry: 20 },
    });
    store.onAppended(() => relay.wake());
    relays.push(relay);
    return relay;
  };
  const openAccount = (organizationId: string, id: string) =>
    store.transact(organizationId, envelope, (unit) =>
      unit.execute(accountAggregate, id, { type: 'open', accountId: id, holderId: ours, holder: 'Ada' }),
    );

  it('numbers each lane from 1 without gaps, carries trace and key, and leaves private events at home', async () => {
    start();
    await openAccount(ours, 'r1');
    await openAccount(theirs, 'r2');
    await store.transact(ours, envelope, (unit) =>
      unit.execute(accountAggregate, 'r1', { type: 'deposit', cents: 1 }),
    );
    await openAccount(ours, 'r3');
    await until(() => sent.length === 3);
    const mine = sent.filter(({ key }) => key === ours);
    expect(mine.map(({ lane, number, publication }) => [lane, number, publication.data])).toEqual([
      [laneOf(ours), 1n, { accountId: 'r1' }],
      [laneOf(ours), 2n, { accountId: 'r3' }],
    ]);
    expect(mine[0]).toMatchObject({ id: `bank/${laneOf(ours)}/1`, traceparent: envelope.traceparent });
    await until(() => positions.some(({ lane, number }) => lane === laneOf(ours) && number === 2n));
  });

  it('keeps what the bus did not take, and sends it when the bus is back', async () => {
    busIsAway = true;
    const relay = start();
    await openAccount(ours, 'r4');
    await until(() => relay.stoppedBecause() !== undefined);
    expect(String(relay.stoppedBecause())).toContain('the bus is away');
    await openAccount(ours, 'r4-later');
    busIsAway = false;
    await openAccount(ours, 'r4-latest');
    await until(() => sent.length === 3);
    await pause(100);
    expect(sent.map(({ publication }) => publication.data)).toEqual([
      { accountId: 'r4' },
      { accountId: 'r4-later' },
      { accountId: 'r4-latest' },
    ]);
  });

  it('sends first what an earlier relay has numbered and did not get to send', async () => {
    busIsAway = true;
    const earlier = start();
    await openAccount(ours, 'r8');
    await until(() => earlier.stoppedBecause() !== undefined);
    await earlier.stop();
    busIsAway = false;
    await openAccount(ours, 'r9');
    start();
    await until(() => sent.length === 2);
    expect(sent.map(({ publication }) => publication.data)).toEqual([
      { accountId: 'r8' },
      { accountId: 'r9' },
    ]);
    expect(sent[1]?.number).toBe((sent[0]?.number ?? 0n) + 1n);
  });

  it('sends again what a crash of the database forgot to have been sent, though nothing new comes', async () => {
    start();
    await openAccount(ours, 'r10');
    await until(() => sent.length === 1);
    await pause(100);
    await database.asWorker((sql) =>
      sql.query('update lane set acknowledged = acknowledged - 1 where lane = $1', [laneOf(ours)]),
    );
    await until(() => sent.length === 2);
    expect(sent[1]).toEqual(sent[0]);
    await pause(100);
    expect(sent).toHaveLength(2);
  });

  it('drains a backlog of several pages in order, though the bus refuses one of them at first', async () => {
    const backlog = 2_500;
    for (let stream = 0; stream < 5; stream += 1) {
      const events = Array.from({ length: backlog / 5 }, (_, n) => ({
        type: 'account-opened' as const,
        data: { accountId: `b${stream}-${n}`, holderId: ours, holder: 'Ada' },
      }));
      const organizationId = organizations[stream % 2] ?? ours;
      const to = { organizationId, stream: `backlog-${stream}`, expectedVersion: 0 };
      await store.append({ ...to, catalog: accountPublishing.catalog, events, envelope });
    }
    let pages = 0;
    start((messages) => {
      pages += 1;
      if (pages === 2) return Promise.reject(new Error('not this one'));
      sent.push(...messages);
      return Promise.resolve();
    });
    await until(() => sent.length === backlog);
    expect(pages).toBeGreaterThan(3);
    for (const [, own] of Map.groupBy(sent, ({ lane }) => lane)) {
      const first = own[0]?.number ?? 0n;
      expect(own.map(({ number }) => number)).toEqual(own.map((_, n) => first + BigInt(n)));
    }
  });

  it('works once for a service, and the second takes over when the first is gone', async () => {
    const first = start();
    start();
    await openAccount(ours, 'r5');
    await until(() => sent.length >= 1);
    await pause(100);
    expect(sent).toHaveLength(1);
    await first.stop();
    await openAccount(ours, 'r6');
    await until(() => sent.length === 2);
  });

  it("answers a consumer's gap from the source's own store", async () => {
    start();
    await openAccount(ours, 'r7');
    await until(() => sent.length === 1);
    const first = sent[0]?.number ?? 0n;
    const missing = await readLane(
      { database, vault, publishing: [accountPublishing] },
      laneOf(ours),
      first,
      10,
    );
    expect(sent).toEqual(missing.map((fact): unknown => expect.objectContaining(fact)));
    // In clear: it does not cross the bus.
    expect(missing[0]).not.toHaveProperty('transitKey');
  });

  it('stops at an event that nobody listed, rather than skipping it', async () => {
    await database.asWorker((sql) =>
      sql.query(
        `insert into event (organization_id, stream, version, type, schema_version, payload, metadata)
         values ($1, 'stray-1', 1, 'stray', 1, '{}', '{"occurredAt":"2026-01-01T00:00:00Z"}')`,
        [ours],
      ),
    );
    const relay = start();
    await until(() => String(relay.stoppedBecause()).includes('does not know event type stray'));
    expect(sent).toEqual([]);
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('It did not come about in 20 s');
    await pause(10);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
