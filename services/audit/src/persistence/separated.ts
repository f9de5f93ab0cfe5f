/** @promise P19 the same for audit's tables */
import type { SqlMigration } from '@vouchsafe/database';

const own = `organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid`;

type Roles = Parameters<SqlMigration['sql']>[0];

/** Row-level security (P19): a request sees and takes its organization's rows alone, a worker every one. */
export const separated = (table: string, { request, worker, retention }: Roles): string => `
  alter table ${table} enable row level security;
  alter table ${table} force row level security;
  create policy own_organization on ${table} to ${request} using (${own});
  create policy every_organization on ${table} to ${worker}, ${retention} using (true);`;
