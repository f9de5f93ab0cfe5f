import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { dumpSchema, type SqlMigration } from './index.js';

const base: SqlMigration = {
  name: 'dump-001',
  sql: ({ request, worker }) => `
    create table entry (
      organization_id uuid not null, id bigint generated always as identity, at timestamptz not null default now(),
      body text not null check (length(body) < 100), primary key (organization_id, id)
    ) partition by hash (organization_id);
    create table entry_0 partition of entry for values with (modulus 1, remainder 0);
    create index entry_at on entry (at) where body <> '';
    alter table entry enable row level security;
    alter table entry force row level security;
    create policy own on entry for select to ${request} using (organization_id is not null);
    grant select on entry to ${request};
    grant select, insert, update (body) on entry to ${worker};
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
    revoke all on function refuse from public;
    create trigger never before delete on entry for each statement execute function refuse();`,
};

/** Changes that a review must see, made one after the other. */
const changes: Readonly<Record<string, string>> = {
  'a column': `alter table entry add column more text`,
  'a column that may be empty': `alter table entry alter column body drop not null`,
  'a default': `alter table entry alter column at drop default`,
  'a check': `alter table entry drop constraint entry_body_check`,
  'an index': `drop index entry_at`,
  'a policy': `alter policy own on entry using (true)`,
  'row security switched off': `alter table entry disable row level security`,
  'row security not forced on the owner': `alter table entry no force row level security`,
  'row security of a partition': `alter table entry_0 enable row level security`,
  'a grant': `grant delete on entry to dumped_worker`,
  'a grant to everybody': `grant select on entry to public`,
  'a grant of a column': `revoke update (body) on entry from dumped_worker`,
  'a trigger': `drop trigger never on entry`,
  'the body of a function': `create or replace function refuse() returns trigger language plpgsql as $$ begin return old; end $$`,
  'who may call a function': `grant execute on function refuse to public`,
  "a function that runs with its owner's rights": `alter function refuse security definer`,
};

describe('the dump of a schema', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await testPostgres();
  });
  afterAll(() => postgres.stop());

  it('can be read, and does not depend on who asks', async () => {
    const database = await postgres.database('dumped', [base]);
    const text = await database.asWorker(dumpSchema);
    expect(await database.asRetention(dumpSchema)).toBe(text);
    expect(text).toMatchSnapshot();
  });

  it('is the same in every month', async () => {
    const database = await postgres.database('dumped', [base]);
    const before = await database.asWorker(dumpSchema);
    const months: SqlMigration = {
      name: 'dump-months',
      sql: () => `
        create table log (at timestamptz not null) partition by range (at);
        create table log_2026_12 partition of log for values from ('2026-12-01') to ('2027-01-01');`,
    };
    await database.migrate([base, months]);
    const after = await database.asWorker(dumpSchema);
    expect(after).not.toBe(before);
    expect(after).toContain('create table log (');
    expect(after).not.toContain('2026_12');
  });

  it.each(Object.entries(changes))('shows a change of %s', async (_, statement) => {
    const database = await postgres.database('dumped', [base]);
    const before = await database.asWorker(dumpSchema);
    await database.migrate([
      base,
      { name: `dump-change-${Object.values(changes).indexOf(statement)}`, sql: () => statement },
    ]);
    expect(await database.asWorker(dumpSchema)).not.toBe(before);
  });
});
