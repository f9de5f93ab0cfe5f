/** @promise P19 a request sees the rows of its organization alone */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import type { Database } from './index.js';
import { one, postgresFault, type SqlMigration } from './index.js';

const notes: SqlMigration = {
  name: 'note-001',
  sql: ({ request, worker, lookup }) => `
    create table note (organization_id uuid not null, secret text not null unique, body text not null);
    alter table note enable row level security;
    alter table note force row level security;
    create policy own on note to ${request}
      using (organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid);
    create policy every on note to ${worker} using (true);
    grant select, insert on note to ${request}, ${worker};
    grant select on note to ${lookup};
    set local role ${lookup};
    create function lookup.note_owner(wanted text) returns uuid
      language sql stable security definer set search_path = public
      as 'select organization_id from note where secret = wanted';
    revoke all on function lookup.note_owner from public;
    grant execute on function lookup.note_owner to ${request};
    reset role;`,
};
const [ours, theirs] = [
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01',
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02',
] as const;

describe('a service database', () => {
  let postgres: TestPostgres;
  let database: Database;
  beforeAll(async () => {
    postgres = await testPostgres();
    database = await postgres.database('notes', [notes]);
    for (const organization of [ours, theirs]) {
      await database.forOrganization(organization, (sql) =>
        sql.query('insert into note values ($1, $2, $3)', [organization, `secret-${organization}`, 'body']),
      );
    }
  });
  afterAll(() => postgres.stop());

  it('shows a request the rows of its organization alone (P19)', async () => {
    const seen = await database.forOrganization(ours, (sql) => sql.query('select organization_id from note'));
    expect(seen).toEqual([{ organization_id: ours }]);
  });

  it('refuses a row of another organization', async () => {
    const attempt = database.forOrganization(ours, (sql) =>
      sql.query('insert into note values ($1, $2, $3)', [theirs, 'x', 'y']),
    );
    expect(postgresFault(await attempt.catch((error: unknown) => error))?.fault).toBe(
      'insufficient_privilege',
    );
  });

  it('shows nothing before the organization is known, but answers the named look-up', async () => {
    const [rows, owner] = await database.beforeOrganization(async (sql) => [
      await sql.query('select * from note'),
      await one<{ owner: string }>(sql, 'select lookup.note_owner($1) as owner', [`secret-${theirs}`]),
    ]);
    expect(rows).toEqual([]);
    expect(owner).toEqual({ owner: theirs });
  });

  it('does not carry an organization over to the next use of a pooled connection', async () => {
    const single = await postgres.database('notes', [notes], { poolSize: 1 });
    await single.forOrganization(ours, (sql) => sql.query('select 1'));
    expect(await single.beforeOrganization((sql) => sql.query('select * from note'))).toEqual([]);
  });

  it('gives times, intervals and arrays of them as Postgres writes them, to the microsecond', async () => {
    const values = {
      ...{ date: '2026-11-28', interval: '1 day 02:03:04.000005' },
      ...{ timestamp: '2026-11-28 20:48:07.123456', timestamptz: '2026-11-28 20:48:07.123456+00' },
    };
    for (const [type, text] of Object.entries(values)) {
      const [row] = await database.asWorker(async (sql) => {
        await sql.query(`set local timezone to 'UTC'`);
        return sql.query(`select $1::${type} as one, array[$1::${type}] as many`, [text]);
      });
      expect(row).toEqual({ one: text, many: [text] });
    }
  });

  it('migrates once when several processes start together', async () => {
    await Promise.all([database.migrate([notes]), database.migrate([notes])]);
    const [row] = await database.asWorker((sql) => sql.query<{ count: string }>('select count(*) from note'));
    expect(row?.count).toBe('2');
  });

  it('names a unique violation and rolls everything back', async () => {
    const attempt = database.forOrganization(ours, async (sql) => {
      await sql.query('insert into note values ($1, $2, $3)', [ours, 'fresh', 'y']);
      await sql.query('insert into note values ($1, $2, $3)', [ours, 'fresh', 'y']);
    });
    const fault = postgresFault(await attempt.catch((error: unknown) => error));
    expect(fault).toEqual({ fault: 'unique_violation', constraint: 'note_secret_key' });
    expect(await database.forOrganization(ours, (sql) => sql.query('select 1 from note'))).toHaveLength(1);
  });

  it('keeps role and organization of a transaction that is opened while another one is', async () => {
    const who = `select current_user as role, current_setting('vouchsafe.organization_id', true) as organization`;
    const seen = await database.forOrganization(ours, async (sql) => [
      ...(await database.asWorker((inner) => inner.query(who))),
      ...(await database.forOrganization(theirs, (inner) => inner.query(who))),
      ...(await sql.query(who)),
    ]);
    expect(seen).toEqual([
      { role: 'notes_worker', organization: expect.not.stringContaining('-') },
      { role: 'notes_request', organization: theirs },
      { role: 'notes_request', organization: ours },
    ]);
  });

  it('gives a place in the pool back when the server was killed under a transaction, and answers again', async () => {
    const single = await postgres.database('notes', [notes], { poolSize: 1 });
    const cutOff = single.asWorker(async (sql) => {
      await sql.query('select 1');
      await postgres.restart();
      await sql.query('select 1');
    });
    await expect(cutOff).rejects.toThrow();
    const ask = 'select 1 as one';
    expect(await single.asWorker((sql) => sql.query(ask))).toEqual([{ one: 1 }]);
    expect(await single.statement('worker', { name: 'ask', text: ask }, [])).toEqual([{ one: 1 }]);
    expect(await database.forOrganization(ours, (sql) => sql.query(ask))).toEqual([{ one: 1 }]);
  });

  it('runs callbacks only after the commit', async () => {
    const seen: string[] = [];
    await database.asWorker((transaction) => {
      transaction.afterCommit(() => seen.push('committed'));
      return Promise.resolve();
    });
    await database
      .asWorker((transaction) => {
        transaction.afterCommit(() => seen.push('never'));
        return Promise.reject(new Error('no'));
      })
      .catch(() => undefined);
    expect(seen).toEqual(['committed']);
  });
});
