import { separated, type SqlMigration } from '@vouchsafe/database';

/** A table of organizations' rows (P19), which are removed when an organization's data is (P31). */
export function ofOrganizations(table: string, roles: Parameters<SqlMigration['sql']>[0]): string {
  return `${separated(table, roles)}
      grant select, delete on ${table} to ${roles.retention};`;
}
