/** @promise P31 of an erased organization audit keeps hashes, the last checkpoint and the key that verifies it */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { OrganizationErasureReceipt } from '@vouchsafe/contracts';
import { Database } from '@vouchsafe/database';
import { type DataStore, DATA_STORES } from '@vouchsafe/service-host';
import { leafHash, openCheckpoint, parseVerifierKey, rootFromTiles } from '@vouchsafe/transparency-log';
import { CheckpointSigner } from '../log/checkpoint-signer.js';
import { type LogView, tilesOf } from '../log/log-reader.js';
import { Recorder } from '../log/record.js';
import { type AuditApp, auditApp, operator } from '../testing/audit-app.js';
import { ada, entry, ours, theirs } from '../testing/audit-database.js';
import { fetchBundle } from '../testing/bundles.js';

const SIZE = 300;

let app: AuditApp;
let log: LogView;
let leaf: Buffer;
beforeAll(async () => {
  app = await auditApp();
  for (const organizationId of [ours, theirs]) {
    for (let from = 0; from < SIZE; from += 100) {
      await app.ask('POST', '/v1/audit/entries', { body: { entries: some(from, 100) }, organizationId });
      await app.service.app.get(CheckpointSigner).signGrown();
    }
  }
  await fetchBundle(app, { disclose: ['sourceIp'] });
  await app.ask('POST', '/v1/audit/readers', { body: { name: 'An auditor' } });
  const { body } = await app.ask<{ logs: LogView[] }>('GET', '/v1/audit/logs');
  const [first] = body.logs;
  if (!first) throw new Error('There is no log');
  log = first;
  const { body: proven } = await app.ask<{ leaf: string }>('GET', `/v1/audit/entries/${log.logId}/7`);
  leaf = Buffer.from(proven.leaf, 'base64');
  await erase(ours);
}, 120_000);
afterAll(() => app.stop());

const some = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: `${from + i}`,
    occurredAt: '2026-11-22T10:00:00Z',
    actor: { type: 'user', id: ada },
    operation: 'invoice.read',
    outcome: 'success',
    sourceIp: '203.0.113.9',
  }));

const database = () => app.service.app.get(Database);
const query = <Row extends object>(text: string, values: readonly unknown[] = []) =>
  database().asRetention((sql) => sql.query<Row>(text, values));

/** As the fact of lifecycle has it taken on, until the receipt is there. */
async function erase(organizationId: string): Promise<void> {
  const erasureId = randomUUID();
  await database().asWorker((sql) =>
    sql.query(
      `insert into erasure (erasure_id, organization_id, requested_at, due_at, erased_organization_id, organizations, subjects)
       values ($1, $2, now(), now(), $3, array[$3::uuid], '{}')`,
      [erasureId, operator, organizationId],
    ),
  );
  for (let tries = 0; tries < 600; tries += 1) {
    const [row] = await query<{ destroyed_at: string | null; receipt_at: string | null }>(
      'select destroyed_at, receipt_at from erasure where erasure_id = $1',
      [erasureId],
    );
    if (row?.receipt_at != null) return;
    // When the keys are gone, what is left is to wait until no process holds one.
    if (row?.destroyed_at != null) app.clock.ahead = 120_000;
    await sleep(50);
  }
  throw new Error('There is no receipt');
}

async function receipt(): Promise<OrganizationErasureReceipt> {
  const [row] = await database().asWorker((sql) =>
    sql.query<{ payload: OrganizationErasureReceipt }>(
      `select payload from event where type = 'organization-erased'`,
    ),
  );
  if (!row) throw new Error('There is no receipt');
  return row.payload;
}

it('every store was filled, and is found empty', async () => {
  const { stores, kept } = await receipt();
  const found = new Map(stores.map(({ store, found: records }) => [store, records]));
  const own = app.service.app.get<readonly DataStore[]>(DATA_STORES, { strict: false });
  for (const { name, organization } of own)
    if ('remove' in organization) expect([name, (found.get(name) ?? 0) > 0]).toEqual([name, true]);
  expect(kept).toContainEqual({ store: 'hash-tiles', because: 'hash-tiles' });
});

it('no row is left of it but its log, tiles, last checkpoint, public key and tombstone', async () => {
  const tables = await query<{ name: string }>(
    `select relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and attname = 'organization_id'
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`,
  );
  const left: string[] = [];
  for (const { name } of tables) {
    const rows = `select count(*) as rows from ${name} where organization_id = $1`;
    // One of the two roles that see every organization may read it.
    const [row] = await query<{ rows: string }>(rows, [ours]).catch(() =>
      database().asWorker((sql) => sql.query<{ rows: string }>(rows, [ours])),
    );
    if (Number(row?.rows) > 0) left.push(`${name}: ${row?.rows}`);
  }
  expect(left).toEqual([
    'checkpoint: 1',
    'log: 1',
    'signing_key: 1',
    'tile: 3',
    'vault_erased_organization: 1',
  ]);
  expect(await query('select sealed_seed from signing_key where organization_id = $1', [ours])).toEqual([
    { sealed_seed: null },
  ]);
});

it('its bundles are gone from the disk', async () => {
  expect(await readdir(path.join(app.env.VOUCHSAFE_FILES_FOLDER ?? '', 'exports'))).toEqual([]);
});

it('whoever kept a leaf can still show that it was logged: tiles, checkpoint and key fit', async () => {
  const [kept] = await query<{ note: Buffer; vkey: string }>(
    `select note, vkey from checkpoint join signing_key using (log_id) where log_id = $1`,
    [log.logId],
  );
  const parsed = parseVerifierKey(kept?.vkey ?? '');
  if (!('key' in parsed)) throw new Error(parsed.error);
  const opened = openCheckpoint(kept?.note ?? Buffer.alloc(0), log.origin, [parsed.key]);
  if (opened.status !== 'opened') throw new Error(opened.status);
  // With the entries of the export and of its request: everything that was ever recorded.
  const { size, root } = opened.checkpoint;
  const [head] = await query<{ size: string }>('select size from log where log_id = $1', [log.logId]);
  expect([size, size > SIZE]).toEqual([Number(head?.size), true]);
  await database().asWorker(async (sql) => {
    const tiles = tilesOf(sql, log.logId);
    expect(Buffer.from(await rootFromTiles(tiles, size)).equals(root)).toBe(true);
    expect(Buffer.from((await tiles(0, 0, 256)).subarray(7 * 32, 8 * 32))).toEqual(
      Buffer.from(leafHash(leaf)),
    );
  });
});

it('nothing is recorded for it any more, by request or by fact, and its log is never signed again', async () => {
  const late = await app.ask('POST', '/v1/audit/entries', { body: { entries: some(900, 1) } });
  expect(late).toMatchObject({ status: 409, body: { code: 'conflict', reason: 'organization-erased' } });
  const recorder = app.service.app.get(Recorder);
  const answer = await database().asWorker((sql) =>
    recorder.record(sql, [entry({ organizationId: theirs }), entry({ organizationId: ours })]),
  );
  expect(answer).toEqual({ status: 'rejected', entry: 1, because: 'organization-erased' });
  await app.service.app.get(CheckpointSigner).signGrown();
  const counts = await query<{ logs: string; checkpoints: string }>(
    `select (select count(*) from log where organization_id = $1) as logs,
       (select count(*) from checkpoint where organization_id = $1) as checkpoints`,
    [ours],
  );
  expect(counts).toEqual([{ logs: '1', checkpoints: '1' }]);
});

it('others have lost nothing', async () => {
  const { body } = await app.ask<{ entries: unknown[] }>('GET', '/v1/audit/entries?limit=1000', {
    organizationId: theirs,
  });
  expect(body.entries).toHaveLength(SIZE);
  const { body: logs } = await app.ask<{ logs: LogView[] }>('GET', '/v1/audit/logs', {
    organizationId: theirs,
  });
  expect(logs.logs).toHaveLength(1);
});

it('a living organization’s log cannot be closed, nor its key be destroyed, by the same role', async () => {
  for (const statement of [
    'update log set closed_at = now() where organization_id = $1 returning 1',
    'update signing_key set sealed_seed = null where organization_id = $1 returning 1',
    'delete from checkpoint where organization_id = $1 returning 1',
    'delete from export where organization_id = $1 returning 1',
    'delete from entry_bundle where organization_id = $1 returning 1',
  ])
    expect([statement, await query(statement, [theirs]).catch(() => [])]).toEqual([statement, []]);
});
