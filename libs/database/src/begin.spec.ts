import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import pg from 'pg';
import { Database, postgresFault, type SqlMigration } from './index.js';
import { type Proxy, proxyTo } from './proxy.fixture.js';

const notes: SqlMigration = {
  name: 'note-001',
  sql: ({ request, worker, retention, migrator }) => `
    create table note (body text not null);
    grant select, insert on note to ${request}, ${worker}, ${retention}, ${migrator};`,
};

let postgres: TestPostgres;
let direct: Database;
let admin: pg.Client;
let proxy: Proxy;
let viaProxy: Database;
/** What a `begin` becomes on its way to the server. */
let inPlaceOfBegin: string | undefined;

beforeAll(async () => {
  postgres = await testPostgres();
  direct = await postgres.database('notes', [notes]);
  admin = new pg.Client({ connectionString: postgres.adminUrl });
  await admin.connect();
  const { port, password } = new URL(postgres.url('notes', 'worker'));
  proxy = await proxyTo(
    Number(port),
    () => (chunk) => (inPlaceOfBegin ? withoutBegin(chunk, inPlaceOfBegin) : chunk),
  );
  viaProxy = new Database({
    service: 'notes',
    url: `postgres://127.0.0.1:${proxy.port}/notes`,
    password: () => password,
    poolSize: 1,
  });
});
afterAll(async () => {
  await viaProxy.close();
  proxy.close();
  await admin.end();
  await postgres.stop();
});

/** A `begin` takes no time in which it could be cancelled reliably; a sleep in its place does, and fails in the same way. */
const slow = 'select pg_sleep(600)';

describe('a transaction whose `begin` failed while its first statement was on its way', () => {
  it.each([
    ['asWorker', (work: Parameters<Database['asWorker']>[0]) => viaProxy.asWorker(work)],
    ['asRetention', (work: Parameters<Database['asWorker']>[0]) => viaProxy.asRetention(work)],
    ['asMigrator', (work: Parameters<Database['asWorker']>[0]) => viaProxy.asMigrator(work)],
    ['beforeOrganization', (work: Parameters<Database['asWorker']>[0]) => viaProxy.beforeOrganization(work)],
  ])('writes nothing, as %s', async (name, transaction) => {
    // The connection is there, and has begun and ended transactions before.
    await transaction((sql) => sql.query('select 1'));
    inPlaceOfBegin = slow;
    const attempt = transaction(async (sql) => {
      // One behind the other, and swallowed: nothing that the work does may get through.
      const written = [1, 2].map(() => sql.query('insert into note values ($1)', [name]));
      await Promise.allSettled(written);
      await sql.query('select 1');
    });
    attempt.catch(() => undefined);
    await cancelled(slow);
    inPlaceOfBegin = undefined;
    expect(postgresFault(await attempt.catch((error: unknown) => error))).toMatchObject({
      fault: 'query_canceled',
    });
    expect(await direct.asWorker((sql) => sql.query('select body from note'))).toEqual([]);
    // And the connection serves again.
    expect(await transaction((sql) => sql.query('select 1 as one'))).toEqual([{ one: 1 }]);
  });
});

describe('a statement outside of a transaction', () => {
  it('writes only where it was meant to stand alone', async () => {
    await direct.statement('request', { name: 'alone', text: 'insert into note values ($1)' }, ['alone']);
    expect(await direct.asWorker((sql) => sql.query('select body from note'))).toEqual([{ body: 'alone' }]);
  });
});

/** A simple query (Postgres manual, 54.7): `Q`, its length, its text, a zero byte. */
function message(text: string): Buffer {
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.alloc(5);
  head.write('Q');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function withoutBegin(chunk: Buffer, replacement: string): Buffer {
  for (const text of ['begin', 'begin read write']) {
    const at = chunk.indexOf(message(text));
    if (at >= 0)
      return Buffer.concat([
        chunk.subarray(0, at),
        message(replacement),
        chunk.subarray(at + message(text).length),
      ]);
  }
  return chunk;
}

async function cancelled(query: string): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    const { rows } = await admin.query(
      `select pg_cancel_backend(pid) from pg_stat_activity where query = $1 and state = 'active'`,
      [query],
    );
    if (rows.length > 0) return;
  }
  throw new Error(`No session runs ${query}`);
}
