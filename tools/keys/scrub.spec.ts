import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { eventCatalog, formerVersion, markedLater, personal } from '@vouchsafe/event-sourcing';
import { EventStore, sealMarkedLater } from '@vouchsafe/event-store';
import { withSharedMigrations } from '@vouchsafe/service-host';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import pg from 'pg';
import { z } from 'zod';
import { scrub } from './scrub.ts';

const mark = { purpose: 'account', subject: 'id' } as const;
const id = z.string();
const before = eventCatalog({
  noted: { version: 1, visibility: 'private', schema: z.strictObject({ id, nick: z.string() }) },
});
const today = eventCatalog({
  noted: {
    version: 2,
    visibility: 'private',
    schema: z.strictObject({ id, nick: personal(z.string(), mark) }),
    former: { 1: formerVersion(z.strictObject({ id, nick: markedLater(z.string(), mark) }), (old) => old) },
  },
});

let folder: string;
let postgres: TestPostgres;
let database: Database;
let vault: Vault;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-scrub-'));
  // Postgres runs as another user where this one is root.
  await chmod(folder, 0o755);
  postgres = await testPostgres({ parent: folder });
  database = await postgres.database('identity', withSharedMigrations([]));
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  vault = new Vault({ provider, environment: 'test', now: () => new Date() });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

it('what a retention run has sealed is gone from the tables’ files, too, and is looked for once', async () => {
  const clear = `clear-${randomUUID()}`;
  await note(randomUUID(), clear);
  expect(await sealMarkedLater({ database, vault }, [today], randomUUID())).toBe(1);
  await checkpoint();
  expect(await filesWith(clear)).not.toEqual([]);
  const said: string[] = [];
  for (let nth = 0; nth < 2; nth += 1)
    await scrub(postgres.adminUrl, ['identity'], (line) => said.push(line));
  expect(await filesWith(clear)).toEqual([]);
  expect(said.filter((line) => line.includes('tables of events'))).toEqual([
    'identity: 1 tables of events were rewritten',
  ]);
});

it('a run that seals more while its first values are scrubbed is scrubbed again', async () => {
  const [organizationId, runId] = [randomUUID(), randomUUID()];
  const later = `later-${randomUUID()}`;
  await note(organizationId, `first-${randomUUID()}`);
  expect(await sealMarkedLater({ database, vault }, [today], runId)).toBe(1);
  const stream = await note(organizationId, later);
  const sealing = new pg.Client({ connectionString: urlOf('identity') });
  await sealing.connect();
  await sealing.query('begin');
  await sealing.query('select from sealing_run where run_id = $1 for update', [runId]);
  const scrubbing = scrub(postgres.adminUrl, ['identity'], () => undefined);
  await eventually(async () => {
    const { rowCount } = await sealing.query('select from pg_locks where not granted');
    return rowCount === 1;
  });
  // The tables are written anew by now.
  const { rows } = await sealing.query<{ payload: object }>('select payload from event where stream = $1', [
    stream,
  ]);
  const payload = { ...rows[0]?.payload, nick: { erased: true } };
  await sealing.query('select lookup.seal_marked($1, array[$2], array[1], array[$3::jsonb])', [
    runId,
    stream,
    JSON.stringify(payload),
  ]);
  await sealing.query('commit');
  await sealing.end();
  await scrubbing;
  await checkpoint();
  expect(await filesWith(later)).not.toEqual([]);
  await scrub(postgres.adminUrl, ['identity'], () => undefined);
  expect(await filesWith(later)).toEqual([]);
});

it('a run whose clear text an older transaction may still see is scrubbed when that one has ended', async () => {
  const clear = `seen-${randomUUID()}`;
  await note(randomUUID(), clear);
  const reader = new pg.Client({ connectionString: urlOf('identity') });
  await reader.connect();
  await reader.query('begin isolation level repeatable read');
  await reader.query('select 1');
  expect(await sealMarkedLater({ database, vault }, [today], randomUUID())).toBe(1);
  await scrub(postgres.adminUrl, ['identity'], () => undefined);
  await reader.end();
  await checkpoint();
  expect(await filesWith(clear)).not.toEqual([]);
  await scrub(postgres.adminUrl, ['identity'], () => undefined);
  expect(await filesWith(clear)).toEqual([]);
});

/** An event from before its field was marked. @returns its stream */
async function note(organizationId: string, nick: string): Promise<string> {
  const stream = `note-${randomUUID()}`;
  await new EventStore({ database, vault }).append({
    ...{ organizationId, stream, expectedVersion: 0, catalog: before },
    events: [{ type: 'noted', data: { id: randomUUID(), nick } }],
    envelope: { actor: { type: 'service', id: 'test' }, occurredAt: new Date(), requestId: null },
  });
  return stream;
}

function urlOf(name: string): string {
  return Object.assign(new URL(postgres.adminUrl), { pathname: `/${name}` }).href;
}

async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await check()); tries += 1) {
    if (tries > 1000) throw new Error('It did not come true');
    await sleep(10);
  }
}

/** What is in memory is written to the tables' files. */
async function checkpoint(): Promise<void> {
  await postgres.restart();
  await database.asWorker((sql) => sql.query('select 1'));
}

async function filesWith(text: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const tables = names
    .filter((entry) => entry.isFile() && entry.parentPath.includes(`${path.sep}base${path.sep}`))
    .map((entry) => path.join(entry.parentPath, entry.name));
  const found = await Promise.all(
    tables.map(async (file) => ((await readFile(file)).includes(text) ? [file] : [])),
  );
  return found.flat();
}
