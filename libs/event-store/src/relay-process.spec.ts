import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type SourceProcess, startFromSource, testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import pg from 'pg';
import { accountBalanceMigration, accountPublishing, envelope, organizations } from './account.fixture.js';
import { EventStore, eventStoreMigrations } from './index.js';

const BACKLOG = 3_500;

let folder: string;
let postgres: TestPostgres;
let relay: SourceProcess;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-relay-'));
  postgres = await testPostgres();
  const database = await postgres.database('bank', [
    ...vaultMigrations,
    ...eventStoreMigrations,
    accountBalanceMigration,
  ]);
  const vault = new Vault({
    provider: await localKeyProvider(path.join(folder, 'kek.json'), { create: true }),
    environment: 'test',
    now: () => new Date(),
  });
  const [organizationId] = organizations;
  const events = Array.from({ length: BACKLOG }, (_, n) => ({
    type: 'account-opened' as const,
    data: { accountId: `a${n}`, holderId: organizationId, holder: 'Ada' },
  }));
  await new EventStore({ database, vault }).append({
    ...{ organizationId, stream: 'backlog', expectedVersion: 0 },
    ...{ catalog: accountPublishing.catalog, events, envelope },
  });
  const { host, password } = new URL(postgres.adminUrl);
  relay = startFromSource(fileURLToPath(import.meta.resolve('./relay-process.fixture.ts')), {
    DATABASE_URL: `postgres://${host}/bank`,
    PASSWORD: password,
    FOLDER: folder,
  });
});
afterAll(async () => {
  relay.signal('SIGKILL');
  await relay.exited;
  await postgres.stop();
  await rm(folder, { recursive: true });
});

// Jest's own process would not end by an unhandled rejection, which is how a relay once did.
it('a relay outlives a Postgres that ends while pages are read and acknowledged beside a send, and goes on', async () => {
  await relay.line(/sending page 1\./);
  const admin = await connected('bank');
  await until(async () => (await numbered(admin)) >= 2_000);
  // From here on, what the relay does beside its sends waits, so that it is under way when the server ends.
  await admin.query('begin');
  await admin.query('lock table lane in access exclusive mode');
  await take('page-1');
  await relay.line(/sending page 2\./);
  await until(async () => (await waitingForLocks(admin)) >= 2);
  await postgres.restart();
  await take('every-page');
  await relay.line(new RegExp(`delivered ${BACKLOG}\\.`));
  expect(relay.child.exitCode).toBeNull();
});

function take(pages: string): Promise<void> {
  return writeFile(path.join(folder, pages), '');
}

async function connected(database: string): Promise<pg.Client> {
  const url = new URL(postgres.adminUrl);
  url.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: url.href });
  // It ends with its server.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function numbered(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>('select count(*)::int as count from outgoing');
  return rows[0]?.count ?? 0;
}

async function waitingForLocks(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::int as count from pg_locks where not granted and relation = 'lane'::regclass`,
  );
  return rows[0]?.count ?? 0;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('It did not come about in 20 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
