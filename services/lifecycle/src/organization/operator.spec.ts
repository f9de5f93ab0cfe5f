/** @promise P31 the operator's own organization never ends: nobody could run the system any more */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { organizationId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { SystemClock, withSharedMigrations } from '@vouchsafe/service-host';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { lifecycleMigrations } from '../persistence/migrations.js';
import { TerminationsController } from '../reactions/terminations.controller.js';
import { ChangeTermination } from '../termination/change-termination.js';
import { Operator } from './operator.js';

const operators = organizationId.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c99');
const customers = organizationId.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01');
const operator = new Operator({ VOUCHSAFE_OPERATOR_ORGANIZATION_ID: operators });
const at = new Date('2027-01-31T12:00:00.000Z');

let folder: string;
let postgres: TestPostgres;
let database: Database;
let store: EventStore;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-operator-'));
  postgres = await testPostgres();
  database = await postgres.database('lifecycle', withSharedMigrations(lifecycleMigrations));
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  store = new EventStore({ database, vault: new Vault({ provider, environment: 'test', now: () => at }) });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

it('does not end with its subscriptions, as a customer’s does', async () => {
  const reactions = new TerminationsController(store, operator, {} as never, {} as never);
  for (const ended of [operators, customers]) {
    const actor = { type: 'service', id: 'billing' } as const;
    const said = { organizationId: ended, actor, requestId: null, source: 'webhook' } as const;
    const data = { ...said, occurredAt: at.toISOString(), endedAt: at.toISOString() };
    await database.asWorker((transaction) =>
      reactions.noteEnded({ source: 'billing', data, time: at } as never, { transaction } as never),
    );
  }
  const rows = await database.asWorker((sql) => sql.query('select organization_id from termination'));
  expect(rows).toEqual([{ organization_id: customers }]);
});

it('cannot be closed', async () => {
  const closing = new ChangeTermination(store, new SystemClock(), operator, {
    keptDays: 30,
    intervalDays: 7,
  });
  const caller = { organizationId: operators, authenticatedAt: new Date().toISOString() };
  expect(await closing.close(caller as never, { organizationName: 'Operator' })).toEqual({
    rejected: 'operator',
  });
});
