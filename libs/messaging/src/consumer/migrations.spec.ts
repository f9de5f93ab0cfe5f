import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { consumerMigrations } from './migrations.js';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(() => postgres.stop());

it('an upgrade removes what an earlier release kept of an error, and keeps which messages had failed', async () => {
  const database = await postgres.database('receiver', consumerMigrations.slice(0, 1));
  await database.asWorker((sql) =>
    sql.query(
      `insert into parked_message (consumer, organization_id, source, lane, number, message_id, type, time, data, error, parked_at)
       select 'audit', gen_random_uuid(), 'identity', 1, number, 'identity/1/' || number, 'type', now(), '{}', error, now()
       from (values (1, 'v1.sealed under the key of a month'), (2, null)) as kept (number, error)`,
    ),
  );
  await database.migrate(consumerMigrations);
  const rows = await database.asWorker((sql) =>
    sql.query('select error from parked_message order by number'),
  );
  expect(rows).toEqual([{ error: 'Kept by an earlier release' }, { error: null }]);
});
