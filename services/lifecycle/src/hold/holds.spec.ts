/** @promise P31 who may place, see, review and release a legal hold, and what becomes of one after a restore */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Metrics, RandomIds, withSharedMigrations } from '@vouchsafe/service-host';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { Operator } from '../organization/operator.js';
import { OrganizationRow } from '../organization/organization.entity.js';
import { lifecycleMigrations } from '../persistence/migrations.js';
import { ChangeHold } from './change-hold.js';
import { HoldRow } from './hold.entity.js';
import type { HoldView } from './hold.view.js';
import { Holds } from './holds.js';
import { KeepHolds } from './keep-holds.js';
import { PlaceHold } from './place-hold.js';
import { ReadHolds } from './read-holds.js';

const [operators, ours, theirs] = [randomUUID(), randomUUID(), randomUUID()];
const at = new Date('2027-01-31T12:00:00.000Z');
const clock = { now: () => at };
const operator = new Operator({ VOUCHSAFE_OPERATOR_ORGANIZATION_ID: operators });
const whole = { scope: { of: 'organization' as const }, reason: 'Litigation' };

let folder: string;
let postgres: TestPostgres;
let database: Database;
let holds: Holds;
let placing: PlaceHold;
let changing: ChangeHold;
let reading: ReadHolds;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-holds-'));
  postgres = await testPostgres();
  database = await postgres.database('lifecycle', withSharedMigrations(lifecycleMigrations), {
    entities: [OrganizationRow, HoldRow],
  });
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  const vault = new Vault({ provider, environment: 'test', now: () => at });
  const store = new EventStore({ database, vault });
  holds = new Holds(store, clock, operator);
  placing = new PlaceHold(database, store, vault, clock, new RandomIds(), operator);
  changing = new ChangeHold(store, clock, operator);
  reading = new ReadHolds(database, store, clock, operator);
  await database.asWorker((sql) =>
    sql.query(`insert into organization (organization_id, name) select unnest($1::uuid[]), 'x'`, [
      [ours, theirs],
    ]),
  );
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

const of = (organizationId: string) =>
  ({
    organizationId,
    actor: { type: 'user', id: randomUUID() },
    authenticatedAt: at.toISOString(),
    requestId: 'r',
    traceparent: null,
  }) as unknown as Caller;

function shown<View extends object>(view: View | { readonly rejected: string }): View {
  if (isRejected(view as never)) throw new Error(`Rejected: ${JSON.stringify(view)}`);
  return view as View;
}

async function listed(organizationId: string): Promise<string[]> {
  const { items } = await reading.list(of(organizationId), { limit: 50 });
  return items.map(({ holdId }) => holdId);
}

describe('a hold', () => {
  it('is placed by the operator on any organization, which sees it and cannot end it', async () => {
    const placed = shown<HoldView>(
      await placing.place(of(operators), { ...whole, organizationId: ours }, undefined),
    );
    const { holdId } = placed;
    expect(placed).toMatchObject({ organizationId: ours, status: 'pending', reason: 'Litigation' });
    expect(await listed(ours)).toContain(holdId);
    expect(await listed(operators)).toContain(holdId);
    expect(await listed(theirs)).not.toContain(holdId);
    expect(await changing.release(of(ours), holdId, { reason: 'Mine' })).toEqual({
      rejected: 'placed-by-operator',
    });
    expect(await changing.release(of(operators), holdId, { reason: 'Settled' })).toMatchObject({
      status: 'releasing',
      releaseReason: 'Settled',
    });
  });

  it('is placed by owners on their own organization alone', async () => {
    const { holdId } = shown<HoldView>(await placing.place(of(ours), whole, undefined));
    await expect(changing.release(of(theirs), holdId, { reason: 'x' })).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(reading.read(of(theirs), holdId)).rejects.toMatchObject({ code: 'not-found' });
    expect(await placing.place(of(theirs), { ...whole, organizationId: ours }, undefined)).toEqual({
      rejected: 'others',
    });
  });

  it('is not placed on an organization that was never there, nor until a time that has passed', async () => {
    const nobody = { ...whole, organizationId: randomUUID() };
    expect(await placing.place(of(operators), nobody, undefined)).toEqual({
      rejected: 'unknown-organization',
    });
    const past = { ...whole, until: '2027-01-01T00:00:00.000Z' };
    expect(await placing.place(of(ours), past, undefined)).toEqual({ rejected: 'until-past' });
  });

  it('is placed on an organization that is being purged at this moment', async () => {
    const purged = randomUUID();
    await database.asRetention((sql) =>
      sql.query('insert into vault_erased_organization (organization_id, erased_at) values ($1, now())', [
        purged,
      ]),
    );
    expect(await placing.place(of(operators), { ...whole, organizationId: purged }, undefined)).toMatchObject(
      {
        status: 'pending',
      },
    );
  });

  it('is placed once for an Idempotency-Key', async () => {
    const caller = of(ours);
    const key = randomUUID();
    const [one, two] = [await placing.place(caller, whole, key), await placing.place(caller, whole, key)];
    expect(shown<HoldView>(two).holdId).toBe(shown<HoldView>(one).holdId);
  });

  it('has a reason that is stored sealed', async () => {
    await placing.place(of(ours), { ...whole, reason: 'Sabotage by Babbage' }, undefined);
    const rows = await database.asWorker((sql) =>
      sql.query(`select from event where payload::text like '%Sabotage%'`),
    );
    expect(rows).toEqual([]);
  });
});

describe('a hold that a restored database lost', () => {
  it('is placed again from the file beside it, and can be released', async () => {
    const holdId = randomUUID();
    await database.asWorker((sql) =>
      sql.query(
        `insert into hold (hold_id, organization_id, held_organization_id, scope, placed_at, confirmed_at)
         values ($1, $2, $3, '{"of":"organization"}', now(), now())`,
        [holdId, operators, ours],
      ),
    );
    const keeping = new KeepHolds(database, holds, clock, operator, new Metrics(), { warn: () => undefined });
    await keeping.onApplicationBootstrap();
    await keeping.recall();
    expect(await reading.read(of(ours), holdId)).toMatchObject({ status: 'pending', reason: null });
    for (const service of serviceNames)
      await database.asWorker((sql) =>
        holds.noteConfirmation(sql, holdId, { step: 'placed', service, confirmedAt: at.toISOString() }),
      );
    expect(await reading.read(of(ours), holdId)).toMatchObject({ status: 'in-force', waitingFor: [] });
    expect(await changing.release(of(operators), holdId, { reason: 'Settled' })).toMatchObject({
      status: 'releasing',
    });
  });
});
