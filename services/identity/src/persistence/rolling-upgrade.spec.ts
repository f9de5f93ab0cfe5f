import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database, prepared } from '@vouchsafe/database';
import { withRoomMigrations } from '@vouchsafe/service-host';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { identityMigrations } from './migrations.js';

/** As far as the release before this one knew the schema. */
const before = identityMigrations.slice(
  0,
  identityMigrations.findIndex(({ name }) => name === 'identity-010-api-key-source'),
);

describe('a migration while the release before runs', () => {
  let postgres: TestPostgres;
  let database: Database;
  beforeAll(async () => {
    postgres = await testPostgres();
    database = await postgres.database('identity', withRoomMigrations(before));
  });
  afterAll(() => postgres.stop());

  /** That release prepares these with every column, by name, on each of its connections. */
  const formerLookUps = {
    'select * from lookup.api_key($1)': [Buffer.alloc(32)],
    'select * from lookup.session($1)': [Buffer.alloc(32)],
    'select * from lookup.user_by_email($1)': [Buffer.alloc(32)],
  };
  const lookUp = () =>
    database.asWorker(async (sql) => {
      const [connection] = await sql.query<{ pid: number }>('select pg_backend_pid() as pid');
      for (const [text, values] of Object.entries(formerLookUps))
        expect(await sql.query(prepared(text), values)).toEqual([]);
      return connection?.pid;
    });
  const functions = () =>
    database.asWorker((sql) =>
      sql.query<{ signature: string; result: string }>(
        `select oid::regprocedure::text as signature, pg_get_function_result(oid) as result
         from pg_proc where pronamespace in ('lookup'::regnamespace, 'public'::regnamespace) order by 1`,
      ),
    );

  it('leaves the result of every function and prepared look-up as that release knows it', async () => {
    const connection = await lookUp();
    const known = await functions();
    await database.migrate(withRoomMigrations(identityMigrations));
    expect(await lookUp()).toBe(connection);
    expect(await functions()).toEqual(expect.arrayContaining(known));
  });

  it('is passed over by that release when it starts again', async () => {
    await database.migrate(withRoomMigrations(before));
    await lookUp();
  });
});
