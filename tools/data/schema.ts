import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ServiceName } from '@vouchsafe/contracts';
import type { SqlMigration } from '@vouchsafe/database';
import pg from 'pg';
import { Refusal } from '../../libs/service-host/src/command-line.ts';
import type { DataDatabase } from './data-database.ts';

/** Every step that a built service brings its database up to date by, those of the libraries first. */
export async function migrationsOf(root: string, service: ServiceName): Promise<readonly SqlMigration[]> {
  // The packages can be imported once they are built.
  const { withSharedMigrations } = await import('@vouchsafe/service-host');
  const file = path.join(root, 'services', service, 'dist/persistence/migrations.js');
  const module = (await import(pathToFileURL(file).href)) as Record<string, readonly SqlMigration[]>;
  const migrations = module[`${service}Migrations`];
  if (!migrations) throw new Error(`services/${service} exports no ${service}Migrations`);
  return withSharedMigrations(migrations);
}

/**
 * For a command that works on the services' tables, before it changes anything. A database that a later release has migrated is taken, as
 * it is by a service that is rolled back.
 * @throws Refusal where a service of this release has not migrated its database yet
 */
export async function requireMigrated(
  root: string,
  database: DataDatabase,
  services: readonly ServiceName[],
): Promise<void> {
  for (const service of services) {
    const applied = new Set(await appliedSteps(database, service));
    const missing = (await migrationsOf(root, service)).filter(({ name }) => !applied.has(name));
    if (missing.length > 0)
      throw new Refusal(
        `The database of ${service} is not that of this release: it lacks ${missing.length} migrations. Nothing was changed.\n` +
          'Start the system once with this release first (npm start), or use the release that last ran on this data.',
      );
  }
}

async function appliedSteps({ port, secrets }: DataDatabase, service: ServiceName): Promise<string[]> {
  const client = new pg.Client({
    ...{ host: '127.0.0.1', port, database: service },
    ...{ user: 'postgres', password: secrets.postgres },
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string }>('select name from schema_migration');
    return rows.map(({ name }) => name);
  } catch (error) {
    // No such database, or no such table: a new data folder, or a service that is new in this release.
    if (['3D000', '42P01'].includes(String((error as { code?: unknown }).code))) return [];
    throw error;
  } finally {
    await client.end();
  }
}
