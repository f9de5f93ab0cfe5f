/**
 * What each login of a service's database may do (docs/event-store.md, 'Roles'): `migrator` owns the tables, `request` serves one organization under
 * row-level security, `worker` follows cursors across organizations, `retention` removes. No other login exists.
 * @promise P02 what each login of a database may do
 */
export const databaseRoles = ['migrator', 'request', 'worker', 'retention'] as const;
export type DatabaseRole = (typeof databaseRoles)[number];

/**
 * Names of a service's roles in the cluster. `lookup` cannot log in and bypasses row security: it owns the few named
 * functions that find something before its organization is known (a session by its hash).
 */
export function roleNames(service: string): Readonly<Record<DatabaseRole | 'lookup', string>> {
  if (!/^[a-z][a-z_]{0,30}$/.test(service)) throw new Error(`Not a service name: ${service}`);
  return {
    migrator: `${service}_migrator`,
    request: `${service}_request`,
    worker: `${service}_worker`,
    retention: `${service}_retention`,
    lookup: `${service}_lookup`,
  };
}
