import pg from 'pg';
import { databaseRoles, type DatabaseRole, roleNames } from './roles.js';

export interface Provisioning {
  /** `postgres://superuser:password@host:port/postgres` */
  readonly adminUrl: string;
  readonly service: string;
  readonly password: (role: DatabaseRole) => string;
}

/**
 * Makes a service's database and roles where they are missing, and sets the roles' passwords. What a cluster's
 * operator does with its own means (CloudNativePG's `managed.roles`), done here for one machine and for tests.
 */
export async function provisionDatabase({ adminUrl, service, password }: Provisioning): Promise<void> {
  const roles = roleNames(service);
  await withClient(adminUrl, async (client) => {
    for (const role of databaseRoles) {
      await createRoleIfMissing(client, roles[role], 'login');
      await client.query(`alter role ${roles[role]} password ${client.escapeLiteral(password(role))}`);
    }
    await createRoleIfMissing(client, roles.lookup, 'nologin bypassrls');
    // The owner may act as `lookup` when it creates look-up functions, but does not inherit its bypass.
    await client.query(`grant ${roles.lookup} to ${roles.migrator} with inherit false, set true`);
    const { rowCount } = await client.query('select from pg_database where datname = $1', [service]);
    if (!rowCount) await client.query(`create database ${service} owner ${roles.migrator}`);
    await client.query(`revoke all on database ${service} from public`);
    const logins = databaseRoles.map((role) => roles[role]).join(', ');
    await client.query(`grant connect on database ${service} to ${logins}`);
  });
  const own = new URL(adminUrl);
  own.pathname = `/${service}`;
  await withClient(own.href, async (client) => {
    await client.query(`alter schema public owner to ${roles.migrator}`);
    await client.query('revoke all on schema public from public');
    await client.query(
      `grant usage on schema public to ${roles.request}, ${roles.worker}, ${roles.retention}, ${roles.lookup}`,
    );
    await client.query(`create schema if not exists lookup authorization ${roles.lookup}`);
    await client.query(
      `grant usage on schema lookup to ${roles.request}, ${roles.worker}, ${roles.migrator}`,
    );
  });
}

async function createRoleIfMissing(client: pg.Client, name: string, attributes: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [name]);
  if (!rowCount) await client.query(`create role ${name} ${attributes}`);
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
