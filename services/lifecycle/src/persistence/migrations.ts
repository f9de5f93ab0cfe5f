import type { SqlMigration } from '@vouchsafe/database';

export const lifecycleMigrations: readonly SqlMigration[] = [
  {
    name: 'lifecycle-001-termination',
    sql: (roles) => `
      create table organization (organization_id uuid primary key, name text not null);
      create table termination (organization_id uuid primary key, due_at timestamptz);
      create index termination_due on termination (due_at) where due_at is not null;
      ${separated('organization', roles)}
      ${separated('termination', roles)}
      grant select on organization to ${roles.request};
      grant select, insert, update on organization to ${roles.worker};
      grant select, insert, update on termination to ${roles.request}, ${roles.worker};`,
  },
];

/** A request sees its organization's rows alone, a worker every one (P19). */
function separated(table: string, { request, worker }: Parameters<SqlMigration['sql']>[0]): string {
  return `
      alter table ${table} enable row level security;
      alter table ${table} force row level security;
      create policy own_organization on ${table} to ${request}
        using (organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid);
      create policy every_organization on ${table} to ${worker} using (true);`;
}
