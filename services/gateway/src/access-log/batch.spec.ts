import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { gatewayFacts } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { ERASED, eventCatalog, formerVersion, personal } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { serviceLogger, withSharedMigrations } from '@vouchsafe/service-host';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { gatewayMigrations } from '../persistence/migrations.js';
import { organizationId } from '../testing/gateway-suite.js';
import { accessLogEvents, type Entry } from './access-log.events.js';
import { AccessLog, Instance, MOST_WAITING, NotRecordedError } from './access-log.js';
import { insertReceived, type Located, takeOver } from './batch.js';

const former = accessLogEvents.definitions['request-handled'].schema;
const { userAgent, ...others } = former.omit({ url: true }).shape;
/** A release to come: the browser is renamed, and stands with the address below `from`. */
const next = eventCatalog({
  'request-handled': {
    version: 2,
    visibility: 'published',
    schema: z.strictObject({
      ...others,
      userId: z.string().nullable(),
      asked: z.strictObject({ url: personal(z.string(), { purpose: 'audit-trail', subject: 'userId' }) }),
      browser: userAgent,
    }),
    former: {
      1: formerVersion(former, ({ url: asked, userAgent: browser, ...rest }) => ({
        ...rest,
        asked: { url: asked },
        browser,
      })),
    },
  },
});

const now = new Date('2026-11-28T10:00:00.000Z');
let folder: string;
let postgres: TestPostgres;
let database: Database;
let vault: Vault;
let userId: string;
let dead: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-open-entries-'));
  postgres = await testPostgres();
  database = await postgres.database('gateway', withSharedMigrations(gatewayMigrations));
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  vault = new Vault({ provider, environment: 'test', now: () => now });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  [userId, dead] = [randomUUID(), randomUUID()];
  await database.asWorker(async (sql) => {
    await sql.query(
      `insert into gateway_instance (id, lease_until, started_at) values ($1, clock_timestamp() + interval '1 hour', now())`,
      [dead],
    );
    await insertReceived(sql, vault, dead, [located()]);
    await sql.query(`update gateway_instance set lease_until = 'epoch' where id = $1`, [dead]);
  });
});

function located(): Located {
  const entry: Entry = {
    ...{ requestId: randomUUID(), instanceId: dead, actor: { type: 'user', id: userId }, userId },
    ...{ sessionId: null, staffGrantId: null, method: 'POST', url: '/v1/x', route: null, operation: 'x.y' },
    ...{ entity: null, outcome: 'unknown', status: null, part: 'whole', bytes: null, traceId: 'a' },
    ...{ sourceIp: '198.51.100.7', userAgent: 'Firefox/140' },
    ...{ receivedAt: now.toISOString(), occurredAt: now.toISOString() },
  };
  const envelope = { actor: entry.actor, occurredAt: now, requestId: entry.requestId };
  return { organizationId, entry, envelope };
}

const taken = async () => {
  const entries = await database.asWorker((sql) => takeOver(sql, vault, randomUUID(), now, next));
  return entries.map(({ entry }) => entry);
};

describe('an entry that an earlier release has left open', () => {
  it('is opened by the fields of its own version and closed in today’s', async () => {
    const closed = { asked: { url: '/v1/x' }, browser: 'Firefox/140', sourceIp: '198.51.100.7' };
    expect(await taken()).toMatchObject([{ ...closed, outcome: 'unknown' }]);
  });

  it('says nothing of a person who was erased meanwhile (P10)', async () => {
    await database.asRetention((sql) =>
      vault.destroySubject(sql, { organizationId, subjectId: userId }, now),
    );
    expect(await taken()).toMatchObject([{ asked: { url: ERASED }, browser: ERASED, sourceIp: ERASED }]);
  });

  it('is of version 1 where the former release wrote it, which knows no versions of open entries', async () => {
    await database.asWorker(async (sql) => {
      const [row] = await sql.query<{ entry: object }>(
        'delete from open_entry where instance_id = $1 returning entry, request_id',
        [dead],
      );
      // As it inserts: without the column.
      await sql.query(
        `insert into open_entry (request_id, instance_id, organization_id, received_at, entry, envelope)
         values ($1, $2, $3, $4, $5, '{}')`,
        [(row?.entry as Entry).requestId, dead, organizationId, now, JSON.stringify(row?.entry)],
      );
    });
    expect(await taken()).toMatchObject([{ browser: 'Firefox/140' }]);
  });

  it('has a contract whose fields it is sealed by', () => {
    expect(gatewayFacts.requestHandled.personal.map(({ path: steps }) => steps.join('.'))).toEqual(
      accessLogEvents.personal['request-handled']?.map(({ path: steps }) => steps.join('.')),
    );
  });
});

describe('entries that wait for the database', () => {
  it('are bounded: beyond them a request is refused at once, and whatever was executed is still written', async () => {
    const instance = new Instance();
    await database.asWorker((sql) =>
      sql.query(
        `insert into gateway_instance (id, lease_until, started_at) values ($1, clock_timestamp() + interval '1 hour', now())`,
        [instance.id],
      ),
    );
    const log = new AccessLog(
      ...([database, vault, { now: () => now }, instance, new EventStore({ database, vault })] as const),
      { VOUCHSAFE_ACCESS_LOG_PATIENCE_MS: 60_000 },
      serviceLogger('gateway', 'silent'),
    );
    const [executed, ...others] = Array.from({ length: MOST_WAITING + 1 }, located);
    if (!executed) throw new Error('There is one');
    await log.received(executed);
    const waiting = await database.asWorker(async (sql) => {
      await sql.query('select from gateway_instance where id = $1 for update', [instance.id]);
      const all = others.map((entry) => log.received(entry));
      await expect(log.received(located())).rejects.toThrow(NotRecordedError);
      await expect(log.outcome(located(), 'none')).rejects.toThrow(NotRecordedError);
      return [...all, log.outcome(executed, 'ends')];
    });
    expect(await Promise.all(waiting)).toHaveLength(MOST_WAITING + 1);
    expect(await log.outcome(located(), 'none')).toBe('written');
  });
});
