/** @promise P19 makes identity's tables with forced row-level security and named privileges */
import type { SqlMigration } from '@vouchsafe/database';

type Roles = Parameters<SqlMigration['sql']>[0];

const ownOrganization = `organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid`;

export interface TenantTable {
  readonly name: string;
  /** Column definitions and constraints besides `organization_id`. */
  readonly columns: string;
  /** What a request of the own organization may do. */
  readonly request: string;
  /** What workers may do across organizations. */
  readonly worker?: string;
  /** The look-up functions read it before the organization is known. */
  readonly lookup?: boolean;
}

/** A table whose rows belong to organizations: row-level security, forced, and no privilege that is not named (P19). */
export function tenantTable(
  { request, worker, retention, lookup }: Roles,
  { name, columns, ...grants }: TenantTable,
): string {
  return `
create table ${name} (
  organization_id uuid not null,
  ${columns.trim()}
);
alter table ${name} enable row level security;
alter table ${name} force row level security;
create policy own_organization on ${name} to ${request} using (${ownOrganization});
create policy every_organization on ${name} to ${worker}, ${retention} using (true);
grant ${grants.request} on ${name} to ${request};
grant select, delete on ${name} to ${retention};
${grants.worker ? `grant ${grants.worker} on ${name} to ${worker};` : ''}
${grants.lookup ? `grant select on ${name} to ${lookup};` : ''}`;
}

export interface LookupFunction {
  readonly signature: string;
  readonly returns: string;
  readonly body: string;
  readonly volatility?: 'stable' | 'volatile';
}

/**
 * Finds what must be found before the organization is known. It runs as `lookup`, the role that cannot log in and bypasses
 * row security, and answers exactly one question (docs/event-store.md, 'Roles').
 */
export function lookupFunction(
  { request, worker, lookup }: Roles,
  { signature, returns, body, volatility = 'stable' }: LookupFunction,
): string {
  const name = `lookup.${signature}`;
  return `
set local role ${lookup};
create function ${name} returns ${returns} language sql ${volatility} security definer
  set search_path = public as $lookup$${body}$lookup$;
revoke all on function ${name} from public;
grant execute on function ${name} to ${request}, ${worker};
reset role;`;
}
