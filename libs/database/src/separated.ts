/** @promise P19 rows of an organization: a request sees and takes its own alone */
import type { SqlMigration } from './migrations.js';

/**
 * Row-level security, forced, for a table whose rows belong to organizations: a request reaches its organization's rows alone, workers and
 * the retention role every one. What each of them may do with the rows is granted beside it. Migrations that have shipped keep a text of their own.
 */
export function separated(
  table: string,
  { request, worker, retention }: Parameters<SqlMigration['sql']>[0],
): string {
  return `
      alter table ${table} enable row level security;
      alter table ${table} force row level security;
      create policy own_organization on ${table} to ${request}
        using (organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid);
      create policy every_organization on ${table} to ${worker}, ${retention} using (true);`;
}
