import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type AuditApp, auditApp, type Problem } from '../testing/audit-app.js';
import { ours, theirs } from '../testing/audit-database.js';

const limits = {
  VOUCHSAFE_ENTRIES_PER_MINUTE: '100',
  VOUCHSAFE_ENTRY_BYTES_PER_MINUTE: '200000',
  VOUCHSAFE_ENTRIES_PER_DAY: '250',
  VOUCHSAFE_ENTRY_BYTES_PER_DAY: '1000000',
};
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let app: AuditApp;
beforeAll(async () => {
  app = await auditApp(limits);
});
afterAll(() => app.stop());

let made = 0;
const batch = (count: number, note = '') =>
  Array.from({ length: count }, () => ({
    id: `client-${(made += 1)}`,
    occurredAt: '2026-11-20T10:00:00.000Z',
    actor: { type: 'bot', id: 'b-1' },
    operation: 'invoice.read',
    outcome: 'success',
    details: { note },
  }));
const post = (entries: readonly object[], organizationId = ours) =>
  app.ask<Problem & { detail?: string }>('POST', '/v1/audit/entries', { body: { entries }, organizationId });

/** `"name";r=1;t=2, ...` of the draft, as numbers by name. */
function itemsOf(headers: Headers, field: string): Record<string, Record<string, number | string>> {
  const value = headers.get(field) ?? '';
  expect(value).toMatch(
    /^"[a-z0-9-]+"(;[a-z]+=("[a-z-]+"|\d+))+(, "[a-z0-9-]+"(;[a-z]+=("[a-z-]+"|\d+))+)*$/,
  );
  return Object.fromEntries(
    value.split(', ').map((item) => {
      const [name = '', ...parameters] = item.split(';');
      const pairs = parameters.map((one) => one.split('=') as [string, string]);
      return [
        JSON.parse(name) as string,
        Object.fromEntries(pairs.map(([key, of]) => [key, JSON.parse(of) as number | string])),
      ];
    }),
  );
}
const left = ({ headers }: { headers: Headers }) =>
  Object.fromEntries(Object.entries(itemsOf(headers, 'ratelimit')).map(([name, { r }]) => [name, r]));

describe('what an organization may submit', () => {
  it('is said in every answer, each limit by its name', async () => {
    const answer = await post(batch(10));
    expect(answer.status).toBe(201);
    expect(itemsOf(answer.headers, 'ratelimit-policy')).toEqual({
      'entries-in-60s': { q: 100, qu: 'entries', w: 60 },
      'content-bytes-in-60s': { q: 200_000, qu: 'content-bytes', w: 60 },
      'entries-in-86400s': { q: 250, qu: 'entries', w: 86_400 },
      'content-bytes-in-86400s': { q: 1_000_000, qu: 'content-bytes', w: 86_400 },
    });
    expect(left(answer)).toMatchObject({ 'entries-in-60s': 90, 'entries-in-86400s': 240 });
    // Refused by its schema it has cost nothing.
    const refused = await post([{ id: 'x' }]);
    expect(refused.status).toBe(400);
    expect(left(refused)).toEqual(left(answer));
  });

  it('is refused beyond the limit, whole, with the time to wait, and takes nothing from others', async () => {
    const answer = await post(batch(91));
    expect([answer.status, answer.body.code]).toEqual([429, 'too-many-requests']);
    const wait = Number(answer.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(itemsOf(answer.headers, 'ratelimit')['entries-in-60s']).toEqual({ r: 90, t: wait });
    // What was refused was not counted: what fits still does.
    expect((await post(batch(90))).status).toBe(201);
    expect((await post(batch(1))).status).toBe(429);
    const others = await post(batch(100), theirs);
    expect([others.status, left(others)['entries-in-60s']]).toEqual([201, 0]);
  });

  it('comes back with the next window, and a day has a limit of its own', async () => {
    app.clock.ahead += MINUTE;
    expect((await post(batch(100))).status).toBe(201);
    app.clock.ahead += MINUTE;
    const answer = await post(batch(60));
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(60);
    expect((await post(batch(50))).status).toBe(201);
    app.clock.ahead += DAY;
    expect((await post(batch(60))).status).toBe(201);
  });

  it('is counted in bytes, too, and a batch that never fits is told so', async () => {
    app.clock.ahead += DAY;
    const answer = await post(batch(15, 'x'.repeat(15_000)));
    expect(answer.status).toBe(429);
    expect(answer.body.detail).toContain('send fewer entries at once');
    expect((await post(batch(3, 'x'.repeat(15_000)))).status).toBe(201);
  });

  it('counts many short details for the work that they are', async () => {
    app.clock.ahead += DAY;
    const [entry] = batch(1);
    const details = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`d${n}`, 0]));
    expect((await post([{ ...entry, details }])).status).toBe(429);
  });

  it('does not shrink for a day by what is sent again or refused, only for a minute', async () => {
    app.clock.ahead += DAY;
    const entries = batch(40);
    const first = await post(entries);
    const again = await post(entries);
    expect(again.status).toBe(201);
    expect(left(again)['entries-in-60s']).toBe(20);
    expect(left(again)['entries-in-86400s']).toBe(left(first)['entries-in-86400s']);
    expect(left(again)['content-bytes-in-86400s']).toBe(left(first)['content-bytes-in-86400s']);
    const conflict = await post([...batch(1), { ...entries[0], outcome: 'failure' }]);
    expect([conflict.status, left(conflict)['entries-in-86400s']]).toEqual([409, 210]);
    // What the headers said is what was kept.
    const next = await post(batch(1));
    expect(left(next)).toMatchObject({ 'entries-in-60s': 17, 'entries-in-86400s': 209 });
  });

  it('does not shrink for a day by what the database failed to record', async () => {
    app.clock.ahead += DAY;
    const first = await post(batch(10));
    const admin = new pg.Client({ connectionString: app.postgres.url('audit', 'migrator') });
    await admin.connect();
    await admin.query(`
      create function fail() returns trigger language plpgsql as $$ begin raise exception 'out of order'; end $$;
      create trigger out_of_order before insert on submission for each row execute function fail()`);
    const failed = await post(batch(40));
    await admin.query('drop trigger out_of_order on submission; drop function fail()');
    await admin.end();
    expect(failed.status).toBe(500);
    expect(left(failed)['entries-in-60s']).toBe(50);
    expect(left(failed)['entries-in-86400s']).toBe(left(first)['entries-in-86400s']);
    const next = await post(batch(1));
    expect(left(next)).toMatchObject({ 'entries-in-60s': 49, 'entries-in-86400s': 239 });
  });

  it('is one for all instances, and outlives a restart', async () => {
    app.clock.ahead += DAY;
    expect((await post(batch(60))).status).toBe(201);
    await app.service.stop();
    await app.boot();
    expect((await post(batch(41))).status).toBe(429);
    const many = await Promise.all(Array.from({ length: 20 }, () => post(batch(5))));
    expect(many.filter(({ status }) => status === 201)).toHaveLength(8);
  });
});
