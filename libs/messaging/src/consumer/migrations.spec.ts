import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database, prepared, type Sql } from '@vouchsafe/database';
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
  const rows = await database.asWorker((sql) => sql.query('select error from dead_letter order by number'));
  expect(rows).toEqual([{ error: 'Kept by an earlier release' }, { error: null }]);
});

describe('dead letters under their former name', () => {
  const before = consumerMigrations.filter(({ name }) => name !== 'messaging-003-dead-letter');
  const insert = `insert into parked_message (consumer, organization_id, source, lane, number, message_id, type, time, data, error, attempts, parked_at)
    values ($1, $2, 'identity', 1, $3, $4, 'type', now(), '{}', 'TypeError', 5, now())`;
  const organizationId = '6f1c2d9e-1111-4a4a-8b8b-000000000001';
  /** Statements of the previous release, prepared on its connections before the upgrade. */
  const formerLists = async (sql: Sql) => ({
    among: await sql.query(
      prepared(`select organization_id from parked_message
     where consumer = $1 and organization_id = any ($2) order by id for key share`),
      ['audit', [organizationId]],
    ),
    first: await sql.query(
      prepared(
        'select * from parked_message where consumer = $1 and organization_id = $2 order by id limit 1 for update',
      ),
      ['audit', organizationId],
    ),
  });
  let database: Database;
  beforeAll(async () => {
    database = await postgres.database('upgraded', before);
    await database.asWorker((sql) =>
      sql.query(prepared(insert), ['audit', organizationId, 1, 'identity/1/1']),
    );
  });

  it('are read by that release as before, on the connections that it had', async () => {
    const known = await database.asWorker(formerLists);
    await database.migrate(consumerMigrations);
    expect(await database.asWorker(formerLists)).toEqual(known);
    expect(known.first).toEqual([
      expect.objectContaining({ message_id: 'identity/1/1', parked_at: expect.anything() }),
    ]);
  });

  it('are added, changed and removed by that release, and this one sees it', async () => {
    const numbers = () =>
      database.asWorker((sql) => sql.query('select number, attempts from dead_letter order by id'));
    await database.asWorker((sql) =>
      sql.query(prepared(insert), ['audit', organizationId, 2, 'identity/1/2']),
    );
    expect(await numbers()).toEqual([
      { number: '1', attempts: 5 },
      { number: '2', attempts: 5 },
    ]);
    await database.asWorker((sql) =>
      sql.query('update parked_message set attempts = attempts + 1 where number = 1'),
    );
    await database.asWorker((sql) =>
      sql.query('delete from parked_message where consumer = $1 and number = 2 returning *', ['audit']),
    );
    expect(await numbers()).toEqual([{ number: '1', attempts: 6 }]);
    const removed = await database.asRetention((sql) =>
      sql.query('delete from parked_message where organization_id = $1 returning number', [organizationId]),
    );
    expect(removed).toEqual([{ number: '1' }]);
  });
});
