import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { withSharedMigrations } from '@vouchsafe/service-host';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { append, emptyTree, leafHashes, makeLeaf } from '@vouchsafe/transparency-log';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EntryFilter, searchEntries } from '../entry/entry-search.js';
import { viewEntries } from '../entry/entry-view.js';
import { Recorder } from '../log/record.js';
import { searchKeys } from '../log/search-keys.js';
import { entry, naming, originName, ours } from '../testing/audit-database.js';
import { auditMigrations } from './migrations.js';

/** As far as the release before this one knew the schema. */
const before = auditMigrations.slice(
  0,
  auditMigrations.findIndex(({ name }) => name === 'audit-006-provenance'),
);
const recordedAt = '2026-10-22T12:00:00.000Z';
const logId = randomUUID();

let postgres: TestPostgres;
let folder: string;
let database: Database;
let vault: Vault;
let tree = emptyTree;
beforeAll(async () => {
  postgres = await testPostgres();
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-audit-before-'));
  database = await postgres.database('audit', withSharedMigrations(before));
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  vault = new Vault({ provider, environment: 'test', now: () => new Date(recordedAt) });
  await database.asWorker(async (sql) => {
    await sql.query(
      `insert into log (log_id, organization_id, origin, recorded_at, opened_at) values ($1, $2, $3, $4, $4)`,
      [logId, ours, `${originName}/${logId}`, recordedAt],
    );
    await sql.query('select ensure_entry_month($1)', [recordedAt]);
  });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

/** An entry as the release before this one wrote it: a leaf of version 1, and the columns of that time. */
async function writtenBefore(
  source: string,
  id: string | null = null,
  operation = 'invoice.read',
): Promise<number> {
  const index = tree.size;
  const occurredAt = '2026-10-22T11:59:59.123Z';
  const actor = { type: 'user', id: 'u-1' };
  const made = makeLeaf(
    {
      ...{ version: 1, source, occurredAt, recordedAt, operation, outcome: 'success' },
      actor,
      ...(id === null ? {} : { id }),
    },
    [],
  );
  if (made.status !== 'made') throw new Error(made.status);
  ({ tree } = append(tree, leafHashes([made.leaf])));
  const words = [source, 'invoice', 'read', 'success', 'user'];
  await database.forOrganization(ours, async (sql) => {
    await sql.query(
      `insert into entry (organization_id, log_id, index, recorded_at, occurred_at, operation, outcome, words, disclosable, leaf)
       values ($1, $2, $3, $4, $5, $8, 'success', $7, 0, $6)`,
      [ours, logId, index, recordedAt, occurredAt, Buffer.from(made.leaf), words, operation],
    );
    await sql.query(`insert into entry_bundle values ($1, $2, 0, $3, $3, $4, $4) on conflict do nothing`, [
      ours,
      logId,
      recordedAt,
      occurredAt,
    ]);
    await sql.query('update log set size = $2, right_edge = $3 where log_id = $1', [
      ...[logId, tree.size, Buffer.from(tree.edge)],
    ]);
    if (id === null) return;
    const keys = await searchKeys(vault, sql, ours);
    const none = { sourceIp: null, url: null, userAgent: null, requestId: null };
    const said = { id, source, actor, operation, on: null, outcome: 'success', ...none };
    await sql.query(
      'insert into submission (organization_id, id_key, content_key, log_id, index) values ($1, $2, $3, $4, $5)',
      [ours, keys('id', id), keys('content', { ...said, details: {}, occurredAt }), logId, index],
    );
  });
  return index;
}

const search = (filter: EntryFilter) =>
  database.forOrganization(ours, async (sql) => {
    const keys = await searchKeys(vault, sql, ours);
    return searchEntries(sql, {
      organizationId: ours,
      ...{ filter, keys, order: 'oldest', limit: 100, after: null },
    });
  });
const indices = async (filter: EntryFilter) => (await search(filter)).map((row) => Number(row.index));

describe('what was recorded before leaves said who recorded them', () => {
  it('is found by its provenance and source, says that nobody knows the submitter, and its ids stay known', async () => {
    const asserted = await writtenBefore('api', 'order-1');
    const observed = [await writtenBefore('gateway'), await writtenBefore('identity')];
    await database.migrate(withSharedMigrations(auditMigrations));
    // The release before this one goes on writing while both run.
    const late = [await writtenBefore('api', 'order-2'), await writtenBefore('audit')];

    expect(await indices({ provenance: 'asserted' })).toEqual([asserted, late[0]]);
    expect(await indices({ provenance: 'observed' })).toEqual([...observed, late[1]]);
    expect(await indices({ source: 'gateway' })).toEqual([observed[0]]);
    expect(await indices({ submitterId: 'gateway' })).toEqual([]);
    const rows = await search({});
    const views = await database.forOrganization(ours, (sql) => viewEntries(sql, vault, ours, rows));
    expect(views.map(({ provenance, submitter, source }) => [provenance, submitter, source])).toEqual([
      ['asserted', null, 'api'],
      ['observed', null, 'gateway'],
      ['observed', null, 'identity'],
      ['asserted', null, 'api'],
      ['observed', null, 'audit'],
    ]);
  });

  it('is recorded once all the same when it is sent again: its time was cut to the millisecond then', async () => {
    const recorder = new Recorder(vault, { now: () => new Date(recordedAt) }, naming);
    const again = (id: string, occurredAt: string, source = 'api', operation = 'invoice.read') =>
      database.forOrganization(ours, (sql) =>
        recorder.record(sql, [
          entry({
            ...{ id, source, occurredAt, operation },
            actor: { type: 'user', id: 'u-1' },
            ...{ entity: null, sourceIp: null, url: null, userAgent: null, requestId: null, details: {} },
            clear: new Set(['id', 'actor.id']),
          }),
        ]),
      );
    for (const id of ['order-1', 'order-2'])
      for (const occurredAt of ['2026-10-22T11:59:59.123Z', '2026-10-22T11:59:59.123456Z']) {
        const answer = await again(id, occurredAt);
        expect(answer).toMatchObject({ status: 'recorded', known: new Set([0]) });
      }
    expect(await again('order-1', '2026-10-22T11:59:59.124Z')).toMatchObject({ because: 'id-reused' });
    // So is what had a name that has been reserved since; under a new id it is refused.
    await writtenBefore('api', 'order-3', 'identity.logged-in');
    const reserved = (id: string) => again(id, '2026-10-22T11:59:59.123Z', 'api', 'identity.logged-in');
    expect(await reserved('order-3')).toMatchObject({ known: new Set([0]) });
    expect(await reserved('order-4')).toMatchObject({ because: 'reserved-operation' });
    // Of an erased person no hash of the content is left; what the leaf of version 1 says is compared.
    await database.asRetention((sql) => sql.query('update submission set content_key = null'));
    expect(await again('order-1', '2026-10-22T11:59:59.123456Z')).toMatchObject({
      ...{ known: new Set([0]), partlyCompared: new Set([0]) },
    });
    expect(await again('order-1', '2026-10-22T11:59:59.124Z')).toMatchObject({ because: 'id-reused' });
    expect(await reserved('order-1')).toMatchObject({ because: 'id-reused' });
    // Another source has ids of its own.
    expect(await again('order-1', '2026-10-22T11:59:59.124Z', 'shop')).toMatchObject({ known: new Set() });
  });
});
