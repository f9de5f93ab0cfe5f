/** @promise P31 a certificate rests on records of backups that are whole, names the holds that delayed it, and a missed deadline is counted */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { organizationId as organizationIdOf } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { Clock, type InternalClient, Metrics, withSharedMigrations } from '@vouchsafe/service-host';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { provenOperations } from '../certificate/certificate.js';
import { IssueCertificate } from '../certificate/issue-certificate.js';
import { Operator } from '../organization/operator.js';
import { lifecycleMigrations } from '../persistence/migrations.js';
import { MeasureDeadlines } from '../termination/measure-deadlines.js';
import { terminationAggregate } from '../termination/termination.aggregate.js';
import { FollowPurges } from './follow-purges.js';
import { Purges } from './purges.js';

const operator = new Operator({ VOUCHSAFE_OPERATOR_ORGANIZATION_ID: randomUUID() });
const endedAt = new Date('2027-01-01T00:00:00.000Z');
const on = (day: number) => new Date(endedAt.getTime() + day * 86_400_000);
const actor = { type: 'service', id: 'lifecycle' } as const;

class TestClock extends Clock {
  at = endedAt;
  override now(): Date {
    return this.at;
  }
}
const clock = new TestClock();

/** Audit has logged whatever a certificate needs. */
const logged = {
  ask: ({ path: asked }: { readonly path: string }) => {
    const operation = provenOperations.find((one) => asked.endsWith(`operation=${one}`)) ?? '';
    const entry = { operation, leaf: '', proof: '' };
    return Promise.resolve({ logs: [], proofs: serviceNames.map(() => entry) });
  },
} as unknown as InternalClient;

let folder: string;
let postgres: TestPostgres;
let database: Database;
let store: EventStore;
let vault: Vault;
let records: string;
let organizationId: ReturnType<typeof organizationIdOf.parse>;
let erasureId: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-purges-'));
  postgres = await testPostgres();
  database = await postgres.database('lifecycle', withSharedMigrations(lifecycleMigrations));
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  vault = new Vault({ provider, environment: 'test', now: () => clock.now() });
  store = new EventStore({ database, vault });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  records = path.join(folder, `${randomUUID()}.jsonl`);
  organizationId = organizationIdOf.parse(randomUUID());
  erasureId = randomUUID();
});

const purges = () =>
  new Purges(database, store, clock, operator, { keptDays: 30, intervalDays: 7 }, { warn: () => undefined });

function following(): FollowPurges {
  const settings = {
    ...{ VOUCHSAFE_PUBLIC_URL: 'https://ops.example', VOUCHSAFE_LOG_NAME: undefined },
    ...{ VOUCHSAFE_AUDIT_URL: 'http://127.0.0.1:1', VOUCHSAFE_BACKUP_RECORDS: records },
  };
  const issuing = new IssueCertificate(database, vault, operator, purges(), logged, settings);
  const logger = { error: () => undefined };
  return new FollowPurges(database, clock, purges(), issuing, undefined as never, settings, logger);
}

async function begin(): Promise<void> {
  clock.at = on(121);
  await database.asWorker(async (transaction) => {
    await transaction.query(
      'insert into certificate (certificate_id, organization_id, epoch) values ($1, $2, 1)',
      [randomUUID(), organizationId],
    );
    const ended = { endedAt: endedAt.toISOString(), cause: 'closed-by-owner', noticedAt: null } as const;
    await purges().begin(transaction, { ...{ erasureId, organizationId, epoch: 1 }, ...ended });
  });
}

/** Every service has destroyed its keys on that day. */
async function finish(day: number): Promise<void> {
  clock.at = on(day);
  const at = on(day).toISOString();
  for (const service of serviceNames)
    await database.asWorker((transaction) =>
      purges().noteReceipt(
        transaction,
        { erasureId, organizationId },
        {
          ...{ service, stores: [], keysDestroyed: 1, destroyedAt: at, effectiveFrom: at },
          ...{ kept: [], retained: [] },
        },
      ),
    );
}

async function goOnUntil(day: number): Promise<void> {
  clock.at = on(day);
  const follower = following();
  while ((await follower.step()) > 0);
}

async function certified(): Promise<Record<string, unknown> | null> {
  const [row] = await database.asWorker((sql) =>
    sql.query<{ note: string | null }>('select note from certificate where erasure_id = $1', [erasureId]),
  );
  return row?.note == null ? null : (JSON.parse(row.note.split('\n')[1] ?? '') as Record<string, unknown>);
}

const recordsFrom = (day: number) =>
  writeFile(records, `${JSON.stringify({ recordsFrom: on(day).toISOString() })}\n`);

describe('the record of backups', () => {
  it('must be there, or the service does not start', async () => {
    await expect(following().onModuleInit()).rejects.toThrow('is missing');
    await recordsFrom(0);
    await following().onModuleInit();
  });

  it('must reach back to the end of the organization, or nothing is certified', async () => {
    await begin();
    await finish(125);
    await recordsFrom(0.1);
    await goOnUntil(133);
    await goOnUntil(145);
    await goOnUntil(310);
    expect(await certified()).toBeNull();
    // The right file is put back.
    await recordsFrom(-1);
    await goOnUntil(311);
    expect(await certified()).toMatchObject({
      backups: { recordsFrom: on(-1).toISOString(), last: null },
      exceptions: ['backups-late'],
    });
  });

  it('that is lost meanwhile stops what would be certified', async () => {
    await begin();
    await finish(125);
    await goOnUntil(133);
    await goOnUntil(145);
    expect(await certified()).toBeNull();
  });
});

describe('the certificate', () => {
  const hold = (placed: number, released: number | null) => {
    const holdId = randomUUID();
    const times = [on(placed), released === null ? null : on(released)];
    return database
      .asWorker((sql) =>
        sql.query(
          `insert into hold (hold_id, organization_id, held_organization_id, scope, placed_at, confirmed_at, released_at)
           values ($1, $2, $3, '{"of":"organization"}', $4, $4, $5)`,
          [holdId, operator.organizationId, organizationId, ...times],
        ),
      )
      .then(() => ({
        holdId,
        ...{ placedAt: on(placed).toISOString(), releasedAt: on(released ?? 0).toISOString() },
      }));
  };

  it('names the legal holds that delayed the deletion, with their dates, and no others', async () => {
    await recordsFrom(-1);
    await begin();
    await hold(10, 100);
    const delaying = [await hold(20, 200), await hold(130, 214)];
    await hold(216, null);
    // The last keys were gone before any service kept anything for it.
    await hold(214.9, 230);
    await finish(215);
    await goOnUntil(223);
    await goOnUntil(231);
    expect(await certified()).toMatchObject({ holds: delaying, exceptions: ['production-late'] });
    // The statistics count it by an id that leads to nobody (P32).
    const noted = await database.asWorker((sql) =>
      sql.query('select organization_id from uncounted_organization where counted_as = $1', [erasureId]),
    );
    expect(noted).toEqual([{ organization_id: operator.organizationId }]);
  });
});

describe('the gauges of deadlines', () => {
  const metrics = new Metrics();
  let before: Record<string, number>;
  const measured = async (): Promise<Record<string, number>> => {
    const values: Record<string, number> = {};
    for (const name of ['terminations_without_notice', 'purges_late', 'certificates_late']) {
      const metric = await metrics.registry.getSingleMetric(name)?.get();
      values[name] = (metric?.values[0]?.value ?? Number.NaN) - (before[name] ?? 0);
    }
    return values;
  };
  const none = { terminations_without_notice: 0, purges_late: 0, certificates_late: 0 };

  beforeAll(() => {
    new MeasureDeadlines(database, clock, metrics).onApplicationBootstrap();
  });
  beforeEach(async () => {
    // Purges of other tests of this suite may be late.
    before = {};
    clock.at = on(400);
    before = await measured();
  });

  it('count a purge whose data is in production after day 210, and a certificate that is not issued on day 300', async () => {
    await recordsFrom(-1);
    await begin();
    clock.at = on(400);
    expect(await measured()).toEqual({ ...none, purges_late: 1, certificates_late: 1 });
    await finish(401);
    await goOnUntil(410);
    expect(await measured()).toEqual({ ...none, certificates_late: 1 });
    await goOnUntil(420);
    expect(await measured()).toEqual(none);
  });

  it('count an organization whose owners no email has told within a day, until one does', async () => {
    clock.at = on(400);
    const execute = (command: object) =>
      database.asWorker((transaction) =>
        store
          .unit(transaction, organizationId, { actor, occurredAt: clock.at, requestId: null })
          .execute(terminationAggregate, organizationId, command as never),
      );
    await execute({ type: 'close', organizationId, at: clock.at });
    clock.at = on(400.9);
    expect(await measured()).toEqual(none);
    clock.at = on(401.1);
    expect(await measured()).toEqual({ ...none, terminations_without_notice: 1 });
    await execute({
      ...{ type: 'note-notice-sent', epoch: 1, notice: 'ended', sentAt: clock.at.toISOString() },
    });
    expect(await measured()).toEqual(none);
  });
});
