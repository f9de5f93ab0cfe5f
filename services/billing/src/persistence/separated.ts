import type { SqlMigration } from '@vouchsafe/database';

/** A request sees its organization's rows alone, a worker every one (P19). */
export function separated(table: string, { request, worker }: Parameters<SqlMigration['sql']>[0]): string {
  return `
      alter table ${table} enable row level security;
      alter table ${table} force row level security;
      create policy own_organization on ${table} to ${request}
        using (organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid);
      create policy every_organization on ${table} to ${worker} using (true);`;
}

/** What is no organization's, or nobody knows yet whose it is: no request sees it. */
export function forWorker(table: string, worker: string): string {
  return `alter table ${table} enable row level security;
      alter table ${table} force row level security;
      create policy every_row on ${table} to ${worker} using (true);`;
}
