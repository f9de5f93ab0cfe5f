import { separated, type SqlMigration } from '@vouchsafe/database';

/** A table of organizations' rows (P19), which are removed when an organization's data is (P31). */
export function ofOrganizations(table: string, roles: Parameters<SqlMigration['sql']>[0]): string {
  return `${separated(table, roles)}
      grant select, delete on ${table} to ${roles.retention};`;
}

/** What is no organization's, or nobody knows yet whose it is: no request sees it. */
export function ofNobody(table: string, roles: string): string {
  return `alter table ${table} enable row level security;
      alter table ${table} force row level security;
      create policy every_row on ${table} to ${roles} using (true);`;
}
