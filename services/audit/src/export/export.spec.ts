/** @promise P24 what bundles hold and claim */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '@vouchsafe/database';
import { BundleTooLargeError } from '@vouchsafe/forensic-bundle';
import { Clock, withoutAsking } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import type { Manifest } from '@vouchsafe/verify';
import { CheckpointSigner } from '../log/checkpoint-signer.js';
import { type AuditApp, auditApp, operator } from '../testing/audit-app.js';
import { ada, ours, theirs } from '../testing/audit-database.js';
import { memberOf, verificationOf } from '../testing/bundles.js';
import { bundleContent } from './bundle-content.js';
import { ExportWorker } from './export-worker.js';
import type { MakeBundle } from './lease.js';
import { RemoveBundles } from './remove-bundles.js';

const grace = '0f8fad5b-d9cb-469f-a165-708677289511';
type Job = {
  status: string;
  expiredBecause: string | null;
  progress: { done: number; total: number };
  size: number | null;
};

let app: AuditApp;
beforeAll(async () => {
  app = await auditApp();
  for (let at = 0; at < 600; at += 100) {
    await post(100, ours, { from: at });
    // However fast they come: several checkpoints, each of which a bundle must be consistent with.
    await app.service.app.get(CheckpointSigner).signGrown();
  }
  await post(10, theirs);
});
afterAll(() => app.stop());

async function post(
  count: number,
  organizationId: string,
  { from = 0, person = ada, occurred = new Date(), sourceIp = '203.0.113.9' } = {},
) {
  const entries = Array.from({ length: count }, (_, i) => ({
    id: `${person} ${from + i}`,
    occurredAt: occurred.toISOString(),
    actor: { type: 'user', id: person },
    operation: i % 4 === 0 ? 'invoice.delete' : 'invoice.read',
    entity: { type: 'invoice', id: `INV-${i}` },
    outcome: 'success',
    sourceIp,
    url: `/invoices/INV-${i}`,
    details: { 'full name': 'Ada "=Lovelace"', amount: i },
  }));
  const { status } = await app.ask('POST', '/v1/audit/entries', { body: { entries }, organizationId });
  expect(status).toBe(201);
}

const begin = (body: object, organizationId = ours) =>
  app.ask<{ exportId: string }>('POST', '/v1/audit/exports', {
    body: { reason: 'a suspicion', ...body },
    organizationId,
  });

async function ended(exportId: string): Promise<Job> {
  for (let tries = 0; ; tries += 1) {
    const { body } = await app.ask<Job>('GET', `/v1/audit/exports/${exportId}`);
    if (body.status !== 'running' || tries > 400) return body;
    await sleep(50);
  }
}

async function bundle(body: object): Promise<Buffer> {
  const { body: made, status } = await begin(body);
  expect(status).toBe(202);
  expect(await ended(made.exportId)).toMatchObject({ status: 'ready' });
  const download = await app.ask('GET', `/v1/audit/exports/${made.exportId}/bundle.zip`);
  expect([download.status, download.headers.get('content-type')]).toEqual([200, 'application/zip']);
  expect(Number(download.headers.get('content-length'))).toBe(download.bytes.length);
  return download.bytes;
}

const bundles = () => app.service.app.get(RemoveBundles, { strict: false });

async function verified(bytes: Buffer): Promise<Manifest> {
  const result = await verificationOf(app, bytes);
  if (result.status !== 'holds') throw new Error(JSON.stringify(result));
  return result.manifest;
}

describe('a forensic export', () => {
  it('of everything holds before the verifier and claims that nothing was left out', async () => {
    const bytes = await bundle({ disclose: ['sourceIp', 'actor.id', 'details.full name'] });
    const manifest = await verified(bytes);
    expect(manifest).toMatchObject({ claim: 'contiguous', organizationId: ours, filter: {} });
    const [log] = manifest.logs;
    expect(log).toMatchObject({ first: 0, last: (log?.entries ?? 0) - 1, expired: [], erased: [], held: [] });
    expect(log?.entries).toBeGreaterThan(600);
    const names = manifest.files.map(({ name }) => name);
    for (const ending of [
      '/log/checkpoint',
      '/log/tile/entries/000',
      '/log/tile/0/000',
      'keys/history.json',
      '/ocsf.ndjson',
      'README.txt',
    ]) {
      expect(names.some((name) => name.endsWith(ending))).toBe(true);
    }
    expect(names.some((name) => name.includes('/earlier-checkpoints/'))).toBe(true);
    const csv = memberOf(bytes, '/entries.csv');
    expect(csv).toContain('203.0.113.9');
    expect(csv).toContain('Lovelace');
    // Not asked for.
    expect(csv).not.toContain('/invoices/INV-1');
  });

  it('holds and shows members whose names JavaScript has for itself', async () => {
    const details = '{"__proto__":{"a":[{"constructor":"deep"}]},"constructor":"of ships","prototype":["x"]}';
    const entry = JSON.stringify({
      ...{ id: 'odd names', occurredAt: '2026-11-20T10:00:00Z', actor: { type: 'user', id: ada } },
      ...{ operation: 'odd.names', outcome: 'success', details: '#' },
    }).replace('"#"', details);
    const { status } = await app.ask('POST', '/v1/audit/entries', { json: `{"entries":[${entry}]}` });
    expect(status).toBe(201);
    const bytes = await bundle({ filter: { operation: 'odd.names' }, disclose: ['details'] });
    await verified(bytes);
    // As CSV has it: quoted, its quotes doubled.
    expect(memberOf(bytes, '/entries.csv')).toContain(details.replaceAll('"', '""'));
    expect(memberOf(bytes, '/ocsf.ndjson')).toContain('"__proto__":{"a":[{"constructor":"deep"}]}');
  });

  it('opens nothing that was not asked for', async () => {
    const bytes = await bundle({});
    await verified(bytes);
    for (const value of ['203.0.113.9', 'Lovelace', '/invoices', 'INV-1'])
      expect(bytes.includes(value)).toBe(false);
  });

  it('opens the value at a path that was asked for, and none whose name goes on behind a dot', async () => {
    const details = {
      ...{ card: 'whole card', 'card.number': 'number by a dotted name', 'card.': 'empty name' },
      ...{ cards: 'other', 'card%2Enumber': 'escaped by hand', 'a b:c\nd': 'odd name' },
    };
    const actor = { type: 'user', id: randomUUID() };
    const entry = { id: 'paths', occurredAt: new Date().toISOString(), actor, operation: 'card.read' };
    const sent = { entries: [{ ...entry, outcome: 'success', details }] };
    expect((await app.ask('POST', '/v1/audit/entries', { body: sent })).status).toBe(201);
    const openedBy = async (...disclose: string[]): Promise<object> => {
      const bytes = await bundle({ filter: { operation: 'card.read' }, disclose });
      await verified(bytes);
      const event = JSON.parse(memberOf(bytes, '/ocsf.ndjson')) as { unmapped: { details: object } };
      return event.unmapped.details;
    };
    for (const [name, value] of Object.entries(details))
      expect(await openedBy(`details.${name}`)).toEqual({ [name]: value });
    expect(await openedBy('details.card', 'details.cards')).toEqual({ card: 'whole card', cards: 'other' });
    expect(await openedBy('details.nothing', 'id', 'actor.id')).toEqual({});
    expect(await openedBy('details')).toEqual(details);
  });

  it('of a filter holds what matches and claims inclusion alone', async () => {
    const bytes = await bundle({ filter: { operation: 'invoice.delete' }, disclose: ['url'] });
    const manifest = await verified(bytes);
    expect(manifest).toMatchObject({ claim: 'inclusion', filter: { operation: 'invoice.delete' } });
    expect(manifest.logs[0]?.entries).toBe(150);
    expect(memberOf(bytes, '/entries.csv')).toContain('/invoices/INV-4');
  });

  it('of what was observed holds nothing that was asserted, and the other way round (P24)', async () => {
    const sources = (bytes: Buffer) => {
      const lines = memberOf(bytes, '/entries.ndjson').trimEnd().split('\n');
      return new Set(lines.map((line) => (JSON.parse(line) as { source: string }).source));
    };
    const observed = await bundle({ filter: { provenance: 'observed' } });
    const asserted = await bundle({ filter: { provenance: 'asserted', submitterType: 'session' } });
    expect((await verified(observed)).filter).toMatchObject({ provenance: 'observed' });
    expect((await verified(asserted)).filter).toMatchObject({ submitterType: 'session' });
    expect([...sources(observed)]).toEqual(['audit']);
    expect([...sources(asserted)]).toEqual([`user:${ada}`]);
  });

  it('holds times with all the digits that were sent, of a range with as many', async () => {
    const occurredAt = '2026-03-01T10:00:00.123456789Z';
    const entry = { ...{ id: 'nine digits', occurredAt }, actor: { type: 'bot', id: 'b-1' } };
    const sent = { entries: [{ ...entry, operation: 'invoice.read', outcome: 'success' }] };
    expect((await app.ask('POST', '/v1/audit/entries', { body: sent })).status).toBe(201);
    const bytes = await bundle({
      ...{ from: occurredAt, to: '2026-03-01T10:00:00.123457789Z' },
      filter: { operation: 'invoice.read' },
    });
    expect((await verified(bytes)).asked).toMatchObject({ from: occurredAt });
    expect(memberOf(bytes, '/entries.ndjson')).toContain(`"occurredAt":"${occurredAt}"`);
    expect(memberOf(bytes, '/entries.csv')).toContain(occurredAt);
  });

  it('of a time range holds it, late reports included, without a gap', async () => {
    const [before, between] = [
      new Date(Date.now() - 86_400_000 * 30),
      new Date(Date.now() - 86_400_000 * 20),
    ];
    await post(3, ours, { from: 5000, occurred: new Date(between.getTime() - 1000) });
    await post(3, ours, { from: 6000, occurred: new Date() });
    await post(3, ours, { from: 7000, occurred: new Date(between.getTime() - 500) });
    const manifest = await verified(await bundle({ from: before.toISOString(), to: between.toISOString() }));
    expect(manifest.claim).toBe('contiguous');
    expect(manifest.logs[0]?.entries).toBe(9);
    // What was asked for stands as it was asked; the range is that of what is here, and claims no more.
    expect(manifest.asked).toEqual({ from: before.toISOString(), to: between.toISOString() });
    const times = manifest.range;
    expect(Date.parse(times.to) - Date.parse(times.from)).toBeLessThan(60_000);
  });

  it('of a time in which nothing occurred holds nothing, and says no other time', async () => {
    const asked = { from: '2031-01-01T00:00:00.000Z', to: '2031-02-01T00:00:00.000Z' };
    const manifest = await verified(await bundle(asked));
    expect(manifest).toMatchObject({
      ...{ claim: 'contiguous', asked, range: { from: manifest.createdAt, to: manifest.createdAt } },
      logs: [{ entries: 0, first: null, last: null }],
    });
  });

  it('claims nothing that was recorded behind its checkpoint', async () => {
    const [database, vault] = [app.service.app.get(Database), app.service.app.get(Vault)];
    const signer = app.service.app.get(CheckpointSigner);
    await signer.signGrown();
    await signer.stop();
    await post(3, ours, { from: 8000 });
    const { body } = await app.ask<{ entries: { recordedAt: string }[] }>(
      'GET',
      '/v1/audit/entries?limit=3&order=newest',
    );
    const request = {
      ...{ from: '1970-01-01T00:00:00.000Z', to: '9999-12-31T23:59:59.999Z', filter: {}, disclose: [] },
      reason: 'a suspicion',
    };
    const content = await bundleContent({ exportId: randomUUID(), organizationId: ours }, request, {
      ...{ database, vault, operatorOrganizationId: operator, now: () => new Date(), concerned: new Set() },
      onProgress: () => Promise.resolve(),
    });
    signer.start();
    const indices: number[] = [];
    for await (const entry of content.logs[0]?.entries ?? []) indices.push(entry.index);
    expect(content.total).toBe(indices.length);
    expect(content.range.to <= (body.entries.at(-1)?.recordedAt ?? '')).toBe(true);
  });

  it('of an empty range is a bundle of nothing, and holds', async () => {
    const manifest = await verified(await bundle({ from: '2001-01-01', to: '2001-02-01' }));
    expect(manifest.logs[0]).toMatchObject({ entries: 0, first: null, last: null });
  });

  it('names what was erased, and its proofs still hold (P10)', async () => {
    await post(5, ours, { person: grace });
    const [database, vault] = [app.service.app.get(Database), app.service.app.get(Vault)];
    await database.asRetention((sql) =>
      vault.destroySubject(sql, { organizationId: ours, subjectId: grace }, new Date()),
    );
    const bytes = await bundle({ filter: { actor: grace }, disclose: ['sourceIp', 'actor.id'] });
    const manifest = await verified(bytes);
    const [log] = manifest.logs;
    expect(log?.entries).toBe(5);
    expect(log?.erased).toEqual([[log?.first, log?.last]]);
    expect(bytes.includes(grace)).toBe(true); // in the manifest's filter alone: it was asked for
    expect(memberOf(bytes, '/entries.csv')).not.toContain(grace);
  });

  it('stands in the organization’s own log, with who and why', async () => {
    await begin({ reason: 'case 4711' });
    const { body } = await app.ask<{ entries: { details: { reason: string }; actor: { id: string } }[] }>(
      'GET',
      '/v1/audit/entries?operation=audit-export.request&limit=1',
    );
    expect(body.entries[0]).toMatchObject({ actor: { id: ada }, details: { reason: 'case 4711' } });
  });

  it('lies sealed on the disk', async () => {
    await bundle({ disclose: ['sourceIp'] });
    const folder = path.join(app.env.VOUCHSAFE_FILES_FOLDER ?? '', 'exports');
    for (const name of await readdir(folder)) {
      const bytes = await readFile(path.join(folder, name));
      for (const text of ['203.0.113.9', 'invoice', 'manifest.json'])
        expect(bytes.includes(text)).toBe(false);
    }
  });

  it('survives a restart in the middle', async () => {
    const { body } = await begin({ disclose: ['details'] });
    await app.service.stop();
    app.clock.ahead = 61_000;
    await app.boot();
    expect(await ended(body.exportId)).toMatchObject({ status: 'ready' });
    const { bytes } = await app.ask('GET', `/v1/audit/exports/${body.exportId}/bundle.zip`);
    expect((await verified(bytes)).claim).toBe('contiguous');
    app.clock.ahead = 0;
  });

  it('expires after seven days: the file is gone, and its key', async () => {
    const { body } = await begin({});
    await ended(body.exportId);
    app.clock.ahead = 7 * 86_400_000 + 1000;
    expect((await app.ask('GET', `/v1/audit/exports/${body.exportId}/bundle.zip`)).status).toBe(410);
    const folder = path.join(app.env.VOUCHSAFE_FILES_FOLDER ?? '', 'exports');
    const left = async () => (await readdir(folder)).filter((name) => name.startsWith(body.exportId));
    for (let tries = 0; tries < 100 && (await left()).length > 0; tries += 1) await sleep(50);
    expect(await left()).toEqual([]);
    app.clock.ahead = 0;
    expect((await app.ask<Job>('GET', `/v1/audit/exports/${body.exportId}`)).body.status).toBe('expired');
  });

  it('ends with the erasure of whoever asked for it, though it is being made at that moment (P10)', async () => {
    const { body } = await begin({});
    await bundles().expireBundlesOf(
      { organizations: [ours], subjects: [ada] },
      withoutAsking(app.service.app.get(Database)),
    );
    const job = () => app.ask<Job>('GET', `/v1/audit/exports/${body.exportId}`);
    expect((await job()).body).toMatchObject({ status: 'expired', expiredBecause: 'erasure' });
    // Whoever was making it finds out at its end.
    await ended((await begin({})).body.exportId);
    expect((await job()).body).toMatchObject({ status: 'expired', expiredBecause: 'erasure' });
  });

  it('ends with the erasure of whoever its question named, though it opened nothing (P10)', async () => {
    const [heidi, sourceIp] = [randomUUID(), '198.51.100.77'];
    await post(2, ours, { person: heidi, sourceIp });
    const [named, whole] = await Promise.all([begin({ filter: { sourceIp } }), begin({})]);
    const statuses = () => Promise.all([named, whole].map(({ body }) => ended(body.exportId)));
    expect(await statuses()).toMatchObject([{ status: 'ready' }, { status: 'ready' }]);
    const folder = path.join(app.env.VOUCHSAFE_FILES_FOLDER ?? '', 'exports');
    await bundles().expireBundlesOf(
      { organizations: [ours], subjects: [heidi] },
      withoutAsking(app.service.app.get(Database)),
    );
    expect(await statuses()).toMatchObject([
      { status: 'expired', expiredBecause: 'erasure' },
      { status: 'ready' },
    ]);
    const left = (await readdir(folder)).filter((name) => name.startsWith(named.body.exportId));
    expect(left).toEqual([]);
  });

  it('is not made of a question that may name somebody who was erased since it was asked (P10)', async () => {
    const database = app.service.app.get(Database);
    const erasureId = randomUUID();
    await database.asWorker((sql) =>
      sql.query(
        `insert into erasure (erasure_id, organization_id, user_id, organizations, subjects, requested_at, due_at)
         values ($1, $2, $3, array[$2::uuid], array[$3::uuid], now(), 'infinity')`,
        [erasureId, ours, randomUUID()],
      ),
    );
    for (const filter of [
      { sourceIp: '198.51.100.78' },
      { q: 'ada@example.com' },
      { actor: 'ada@example.com' },
    ]) {
      const { body } = await begin({ filter });
      expect(await ended(body.exportId)).toMatchObject({ status: 'expired', expiredBecause: 'erasure' });
    }
    for (const filter of [{}, { actor: ada }, { operation: 'invoice.read' }]) {
      const { body } = await begin({ filter });
      expect(await ended(body.exportId)).toMatchObject({ status: 'ready' });
    }
    await database.asRetention((sql) =>
      sql.query(`update erasure set destroyed_at = '2000-01-01' where erasure_id = $1`, [erasureId]),
    );
  });

  it('is nobody else’s (P19), and needs audit:export (P02)', async () => {
    const { body } = await begin({});
    for (const suffix of ['', '/bundle.zip']) {
      const path = `/v1/audit/exports/${body.exportId}${suffix}`;
      expect((await app.ask('GET', path, { organizationId: theirs })).status).toBe(404);
      expect((await app.ask('GET', path, { permissions: ['audit:read'] })).status).toBe(403);
    }
  });

  it.each([
    ['no reason', { reason: '' }],
    ['a range that ends before it begins', { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
    ['an unknown value to open', { disclose: ['password'] }],
    ['a path that goes on behind its end', { disclose: ['sourceIp.x'] }],
    ['a detail without a name', { disclose: ['details.'] }],
    ['a name that none can have', { disclose: ['details.\ud800'] }],
    ['an unknown filter', { filter: { color: 'red' } }],
  ])('is refused with %s', async (_, body) => {
    expect((await begin(body)).status).toBe(400);
  });

  it('that would be larger than a bundle can be is tried once, and says what to do', async () => {
    const application = app.service.app;
    const own = application.get(ExportWorker);
    await own.stop();
    const tried: string[] = [];
    const make: MakeBundle = ({ exportId }) => {
      tried.push(exportId);
      return Promise.reject(new BundleTooLargeError('too large'));
    };
    const noted: unknown[] = [];
    const worker = new ExportWorker(
      ...([application.get(Database), application.get(CheckpointSigner), { make }] as const),
      ...([{ path: '/nowhere' }, bundles(), application.get(Clock)] as const),
      { error: (note: unknown) => void noted.push(note) },
    );
    const { body } = await begin({});
    worker.start();
    expect(await ended(body.exportId)).toMatchObject({
      status: 'failed',
      failedBecause: 'The entries do not fit in one bundle; request a shorter time range',
    });
    await worker.stop();
    own.start();
    expect(noted).toEqual([]);
    expect(tried.filter((exportId) => exportId === body.exportId)).toHaveLength(1);
  });

  it('of the same key is begun once', async () => {
    const ask = () =>
      app.ask<{ exportId: string }>('POST', '/v1/audit/exports', {
        body: { reason: 'once' },
        headers: { 'idempotency-key': 'export-once' },
      });
    expect((await ask()).body).toEqual((await ask()).body);
  });
});
