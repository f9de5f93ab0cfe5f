import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { eventCatalog, formerVersion, markedLater, personal } from '@vouchsafe/event-sourcing';
import { EventStore, sealMarkedLater } from '@vouchsafe/event-store';
import { withRoomMigrations } from '@vouchsafe/service-host';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
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
  database = await postgres.database('identity', withRoomMigrations([]));
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  vault = new Vault({ provider, environment: 'test', now: () => new Date() });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

it('what a retention run has sealed is gone from the tables’ files, too, and is looked for once', async () => {
  const clear = `clear-${randomUUID()}`;
  await new EventStore({ database, vault }).append({
    ...{ organizationId: randomUUID(), stream: `note-${randomUUID()}`, expectedVersion: 0, catalog: before },
    events: [{ type: 'noted', data: { id: randomUUID(), nick: clear } }],
    envelope: { actor: { type: 'service', id: 'test' }, occurredAt: new Date(), requestId: null },
  });
  expect(await sealMarkedLater({ database, vault }, [today], randomUUID())).toBe(1);
  await checkpoint();
  expect(await filesWith(clear)).not.toEqual([]);
  const said: string[] = [];
  for (let nth = 0; nth < 2; nth += 1)
    await scrub(postgres.adminUrl, ['identity'], (line) => said.push(line));
  expect(await filesWith(clear)).toEqual([]);
  expect(said.filter((line) => line.includes('tables of events'))).toEqual([
    'identity: 1 tables of events were written anew',
  ]);
});

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
