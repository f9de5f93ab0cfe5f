import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database, prepared } from '@vouchsafe/database';
import { withSharedMigrations } from '@vouchsafe/service-host';
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
    database = await postgres.database('identity', withSharedMigrations(before));
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
    await database.migrate(withSharedMigrations(identityMigrations));
    expect(await lookUp()).toBe(connection);
    expect(await functions()).toEqual(expect.arrayContaining(known));
  });

  it('leaves emails and their limits under the names that that release knows', async () => {
    const subject = '6f1c2d9e-1111-4a4a-8b8b-000000000001';
    const columns =
      'organization_id, letter_id, subject_id, kind, content_sealed, idempotency_key, created_at, due_at';
    const post = (key: string) =>
      database.asWorker((sql) =>
        sql.query(
          `insert into letter (${columns}) values (gen_random_uuid(), gen_random_uuid(), $1, 'verify-email', 'v1.x', $2, now(), now())
           on conflict (idempotency_key) do nothing returning letter_id`,
          [subject, key],
        ),
      );
    expect([(await post('once')).length, (await post('once')).length]).toEqual([1, 0]);
    const taken = await database.asWorker((sql) =>
      sql.query(
        `update letter set due_at = now(), attempts = attempts + 1
         where letter_id in (
           select letter_id from letter where sent_at is null and content_sealed is not null
           order by due_at limit 10 for update skip locked)
         returning letter_id, subject_id, content_sealed, attempts`,
      ),
    );
    expect(taken).toEqual([expect.objectContaining({ attempts: 1, content_sealed: 'v1.x' })]);
    const counted = (functionName: string) =>
      database.asWorker((sql) =>
        sql.query(
          `select lookup.${functionName}($1, 'sign-up', now(), now() + interval '1 hour') as emails`,
          [Buffer.alloc(32, 1)],
        ),
      );
    expect([await counted('count_letter'), await counted('count_email')]).toEqual([
      [{ emails: 1 }],
      [{ emails: 2 }],
    ]);
    const removed = await database.asRetention(async (sql) => [
      await sql.query('delete from letter where subject_id = any ($1::uuid[]) returning letter_id', [
        [subject],
      ]),
      await sql.query(
        "delete from letter_limit where window_ends_at < now() + interval '1 day' returning about",
      ),
    ]);
    expect(removed.map((rows) => rows.length)).toEqual([1, 1]);
    expect(await database.asWorker((sql) => sql.query('select from email'))).toEqual([]);
  });

  it('is ignored by that release when it starts again', async () => {
    await database.migrate(withSharedMigrations(before));
    await lookUp();
  });
});
