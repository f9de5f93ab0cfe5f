import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '@vouchsafe/database';
import {
  decodeEntryBundle,
  leafHash,
  openCheckpoint,
  parseVerifierKey,
  rootFromTiles,
  tilePath,
} from '@vouchsafe/transparency-log';
import { type AuditApp, auditApp } from '../testing/audit-app.js';
import { ours, theirs } from '../testing/audit-database.js';
import type { LogView } from './log-reader.js';

const SIZE = 300;
type Made = { readerId: string; path: string | null; vkey: string; origin: string; name: string };

let app: AuditApp;
let log: LogView;
beforeAll(async () => {
  app = await auditApp();
  for (const organizationId of [ours, theirs]) {
    const entries = Array.from({ length: SIZE }, (_, i) => ({
      id: `${i}`,
      occurredAt: '2026-11-22T10:00:00Z',
      actor: { type: 'user', id: `user-${i}` },
      operation: 'invoice.read',
      outcome: 'success',
    }));
    await app.ask('POST', '/v1/audit/entries', { body: { entries }, organizationId });
  }
  const { body } = await app.ask<{ logs: LogView[] }>('GET', '/v1/audit/logs');
  const [first] = body.logs;
  if (!first) throw new Error('a log');
  log = first;
  // Asking for a proof has the newest tree signed.
  await app.ask('GET', `/v1/audit/entries/${log.logId}/${SIZE - 1}`);
});
afterAll(() => app.stop());

const read = (path: string, options: Parameters<AuditApp['ask']>[2] = {}) => app.ask('GET', path, options);
const nobody = { organizationId: null };
const makeReader = (body: object = { name: 'An auditor' }, headers = {}) =>
  app.ask<Made>('POST', '/v1/audit/readers', { body, headers });

/** What any tlog-tiles client does: the checkpoint, then tiles, checked against it. */
async function follow(root: string, options: Parameters<AuditApp['ask']>[2]): Promise<number> {
  const parsed = parseVerifierKey(log.vkey);
  if (!('key' in parsed)) throw new Error(parsed.error);
  const note = await read(`${root}/checkpoint`, options);
  const opened = openCheckpoint(note.bytes, log.origin, [parsed.key]);
  if (opened.status !== 'opened') throw new Error(opened.status);
  const { size, root: signed } = opened.checkpoint;
  const tiles = async (level: number, index: number, width: number) => {
    const tile = await read(`${root}/${tilePath({ level, index, width })}`, options);
    expect([tile.status, tile.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
    return tile.bytes;
  };
  expect(Buffer.from(await rootFromTiles(tiles, size)).equals(signed)).toBe(true);
  return size;
}

describe('a log as tlog-tiles', () => {
  it('is followed by a member with audit:read', async () => {
    expect(await follow(`/v1/audit/logs/${log.logId}`, {})).toBe(SIZE);
  });

  it('gives entries whose hashes are the tiles’', async () => {
    const root = `/v1/audit/logs/${log.logId}`;
    for (const [name, width] of [
      ['000', 256],
      ['001.p/44', 44],
    ] as const) {
      const leaves = decodeEntryBundle((await read(`${root}/tile/entries/${name}`)).bytes);
      const hashes = (await read(`${root}/tile/0/${name}`)).bytes;
      expect(leaves).toHaveLength(width);
      expect(Buffer.concat((leaves ?? []).map(leafHash)).equals(hashes)).toBe(true);
    }
  });

  it.each([
    'tile/0/001',
    'tile/0/001.p/45',
    'tile/1/001.p/1',
    'tile/0/1',
    'tile/0/x000/001',
    'tile/entries/002.p/1',
    'tile/64/000',
    'tile/0/000.p/256',
    'tile/',
  ])('has no %s', async (path) => {
    expect((await read(`/v1/audit/logs/${log.logId}/${path}`)).status).toBe(404);
  });

  it('is not another organization’s to read (P19), nor anybody’s without audit:read (P02)', async () => {
    const paths = ['checkpoint', 'tile/0/000', 'tile/entries/000'].map(
      (path) => `/v1/audit/logs/${log.logId}/${path}`,
    );
    for (const path of paths) {
      const [theirsToo, less, none] = await Promise.all([
        read(path, { organizationId: theirs }),
        read(path, { permissions: ['audit:write'] }),
        read(path, nobody),
      ]);
      expect([theirsToo.status, less.status, none.status]).toEqual([404, 403, 401]);
    }
  });
});

describe('a reader’s path', () => {
  it('is followed by whoever knows it, but shows no entries', async () => {
    const made = await makeReader();
    expect(made.status).toBe(201);
    expect([made.body.vkey, made.body.origin]).toEqual([log.vkey, log.origin]);
    expect(await follow(made.body.path ?? '', nobody)).toBe(SIZE);
    expect((await read(`${made.body.path}/tile/entries/000`, nobody)).status).toBe(403);
  });

  it('is dead once revoked, at once, and stays in the list', async () => {
    const made = await makeReader({ name: 'Gone tomorrow' });
    const revoked = await app.ask('DELETE', `/v1/audit/readers/${made.body.readerId}`);
    expect(revoked.status).toBe(204);
    expect((await read(`${made.body.path}/checkpoint`, nobody)).status).toBe(404);
    const { body } = await app.ask<{ readers: { name: string; revokedAt: string | null }[] }>(
      'GET',
      '/v1/audit/readers',
    );
    expect(body.readers.find(({ name }) => name === 'Gone tomorrow')?.revokedAt).not.toBeNull();
    expect(JSON.stringify(body)).not.toContain(made.body.path?.split('/').at(-1));
  });

  it('ends by itself when it expires', async () => {
    const made = await makeReader({
      name: 'For a day',
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    });
    expect((await read(`${made.body.path}/checkpoint`, nobody)).status).toBe(200);
    app.clock.ahead = 86_400_001;
    const late = await read(`${made.body.path}/checkpoint`, nobody);
    app.clock.ahead = 0;
    expect(late.status).toBe(404);
  });

  it('is shown once: a repeated request is answered without it', async () => {
    const [first, again] = [
      await makeReader({ name: 'Once' }, { 'idempotency-key': 'k1' }),
      await makeReader({ name: 'Once' }, { 'idempotency-key': 'k1' }),
    ];
    expect(again.body).toEqual({ ...first.body, path: null });
    expect((await makeReader({ name: 'Other' }, { 'idempotency-key': 'k1' })).status).toBe(409);
  });

  it('is made with the key of a request that was refused: the refusal was rolled back with its key', async () => {
    const refused = await makeReader(
      { name: 'Of the past', expiresAt: '2020-01-01T00:00:00Z' },
      { 'idempotency-key': 'refused' },
    );
    expect(refused).toMatchObject({
      status: 400,
      body: {
        ...{ code: 'invalid-request', reason: 'expires-in-the-past' },
        errors: [{ pointer: '/expiresAt', detail: 'must be in the future' }],
      },
    });
    const unknown = { name: 'Of nothing', logId: '5b0c7cbd-6b3c-4f0a-9a0e-000000000000' };
    expect(await makeReader(unknown, { 'idempotency-key': 'refused' })).toMatchObject({
      status: 404,
      body: { code: 'not-found', reason: 'unknown-log' },
    });
    expect((await makeReader({ name: 'Of today' }, { 'idempotency-key': 'refused' })).status).toBe(201);
  });

  it('is made anew with the key of a request that is a day old: the key was deleted (P18)', async () => {
    const kept = () =>
      app.service.app.get(Database).asWorker((sql) => sql.query('select key from idempotency_key'));
    await makeReader({ name: 'Yesterday' }, { 'idempotency-key': 'a-key-of-yesterday' });
    expect(JSON.stringify(await kept())).not.toContain('a-key-of-yesterday');
    await app.service.stop();
    app.clock.ahead = 25 * 3_600_000;
    await app.boot();
    for (let tries = 0; tries < 600 && (await kept()).length > 0; tries += 1) await sleep(50);
    expect(await kept()).toEqual([]);
    expect((await makeReader({ name: 'Today' }, { 'idempotency-key': 'a-key-of-yesterday' })).status).toBe(
      201,
    );
    app.clock.ahead = 0;
  });

  it('is guessed by nobody, and made only with audit:export', async () => {
    expect((await read(`/v1/audit/logs/reader_${'A'.repeat(43)}/checkpoint`, nobody)).status).toBe(404);
    const made = await app.ask('POST', '/v1/audit/readers', {
      body: { name: 'x' },
      permissions: ['audit:read'],
    });
    expect(made.status).toBe(403);
  });
});
