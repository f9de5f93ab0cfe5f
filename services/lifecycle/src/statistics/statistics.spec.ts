/** @promise P32 on a real database: each month is published once, nothing below ten is, and what waits goes with the organization */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import {
  isRejected,
  type OrganizationId,
  organizationId as organizationIdOf,
} from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  askingHolds,
  Background,
  Clock,
  type OrganizationRemoval,
  withSharedMigrations,
} from '@vouchsafe/service-host';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { FolderBodyStore } from '../attachment/folder-body-store.js';
import { lifecycleStores } from '../lifecycle.stores.js';
import { Operator } from '../organization/operator.js';
import { OrganizationRow } from '../organization/organization.entity.js';
import { lifecycleMigrations } from '../persistence/migrations.js';
import { LifecycleReturned } from '../return/lifecycle-returned.js';
import { OrganizationsController } from '../reactions/organizations.controller.js';
import { dataRequestAggregate } from '../request/data-request.aggregate.js';
import { terminationAggregate } from '../termination/termination.aggregate.js';
import { PublishStatistics } from './publish-statistics.js';
import { ReadStatistics } from './read-statistics.js';
import { StatisticsRow } from './statistics.entity.js';

const operators = randomUUID();
const operator = new Operator({ VOUCHSAFE_OPERATOR_ORGANIZATION_ID: operators });

class TestClock extends Clock {
  at = new Date('2027-01-15T12:00:00.000Z');
  override now(): Date {
    return this.at;
  }
}

let folder: string;
let postgres: TestPostgres;
let database: Database;
let store: EventStore;
const clock = new TestClock();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-statistics-'));
  postgres = await testPostgres();
  database = await postgres.database('lifecycle', withSharedMigrations(lifecycleMigrations), {
    entities: [OrganizationRow, StatisticsRow],
  });
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  store = new EventStore({
    database,
    vault: new Vault({ provider, environment: 'test', now: () => clock.at }),
  });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

const ids = (count: number) => Array.from({ length: count }, () => organizationIdOf.parse(randomUUID()));

/** As identity says it. */
async function join(...organizations: readonly string[]): Promise<void> {
  const reactions = new OrganizationsController(operator);
  for (const organizationId of organizations)
    await database.asWorker((transaction) =>
      reactions.noteActivated(
        { data: { organizationId }, time: clock.at } as never,
        { transaction } as never,
      ),
    );
}

/** As its owner does it: by the login that serves requests. */
async function change(organizationId: OrganizationId, type: 'close' | 'reopen'): Promise<void> {
  const envelope = { actor: { type: 'service', id: 'test' }, occurredAt: clock.at, requestId: null } as const;
  await store.transact(organizationId, envelope, async (unit) => {
    const command = type === 'close' ? { type, organizationId, at: clock.at } : { type };
    const changed = await unit.execute(terminationAggregate, organizationId, command);
    if (isRejected(changed)) throw new Error(changed.rejected);
  });
}

async function ask(organizationId: OrganizationId): Promise<void> {
  const envelope = { actor: { type: 'service', id: 'test' }, occurredAt: clock.at, requestId: null } as const;
  const dataRequestId = randomUUID();
  await store.transact(organizationId, envelope, async (unit) => {
    const asked = await unit.execute(dataRequestAggregate, dataRequestId, {
      type: 'receive',
      received: {
        ...{ dataRequestId, contactId: randomUUID(), receiptId: randomUUID(), kind: 'access' },
        ...{ receivedAt: clock.at.toISOString(), contact: null, text: null, userId: null, channel: 'inside' },
      },
      at: clock.at,
    });
    if (isRejected(asked)) throw new Error(asked.rejected);
  });
}

/** What several instances do at once. */
async function publishUntil(time: string): Promise<number> {
  clock.at = new Date(time);
  const instance = () =>
    new PublishStatistics(database, clock, new Background(), { error: () => undefined }).step();
  let published = 0;
  for (;;) {
    const done = (await Promise.all([instance(), instance(), instance()])).reduce((sum, one) => sum + one);
    published += done;
    if (done === 0) return published;
  }
}

const read = async () => {
  const { items } = await new ReadStatistics(database).read();
  return Object.fromEntries(items.map(({ month, organizations }) => [month, organizations]));
};

const nothing = { joined: null, ended: null, deleted: null, returned: null, asked: null };

it('is published after the end of each month, and never changed', async () => {
  expect(await publishUntil('2027-01-15T12:00:00.000Z')).toBe(0);
  const some = ids(25);
  await join(...some, operators, ...some.slice(0, 3));
  const [first = missing(), second = missing(), ...others] = some;
  for (const organization of some.slice(0, 9)) await change(organization, 'close');
  // Twice in a month is once.
  await change(first, 'reopen');
  await change(first, 'close');
  for (let nth = 0; nth < 12; nth += 1) await ask(second);

  expect(await publishUntil('2027-01-31T23:59:59.999Z')).toBe(0);
  expect(await read()).toEqual({});
  expect(await publishUntil('2027-02-01T00:00:00.000Z')).toBe(1);
  expect(await read()).toEqual({ '2027-01': { ...nothing, joined: 20 } });

  // The tenth that ends, and the five that were left over with five more.
  clock.at = new Date('2027-03-10T00:00:00.000Z');
  await change(others[20] ?? missing(), 'close');
  await join(...ids(5));
  for (const organization of others.slice(0, 9)) await ask(organization);
  expect(await publishUntil('2027-04-01T00:00:00.000Z')).toBe(2);
  expect(await read()).toEqual({
    '2027-01': { ...nothing, joined: 20 },
    '2027-02': nothing,
    '2027-03': { ...nothing, joined: 10, ended: 10, asked: 10 },
  });
  const waiting = await database.asWorker((sql) => sql.query('select from uncounted_organization'));
  expect(waiting).toEqual([]);
});

it('counts nobody who was deleted before a group became full', async () => {
  clock.at = new Date('2027-04-10T00:00:00.000Z');
  const some = ids(10);
  await join(...some);
  const [gone = missing()] = some;
  // Nothing of them is read here.
  const nobodys = new LifecycleReturned(
    ...([] as unknown as ConstructorParameters<typeof LifecycleReturned>),
  );
  const archives = undefined as never;
  const organizations = lifecycleStores(database, new FolderBodyStore('/nowhere'), nobodys, archives).find(
    ({ name }) => name === 'organizations',
  )?.organization as OrganizationRemoval;
  await organizations.remove(gone, askingHolds(database, { organizations: [gone] }));
  await publishUntil('2027-05-01T00:00:00.000Z');
  await join(...ids(1));
  await publishUntil('2027-06-01T00:00:00.000Z');
  expect(await read()).toMatchObject({ '2027-04': { joined: null }, '2027-05': { joined: 10 } });
});

function missing(): never {
  throw new Error('It is not there');
}
