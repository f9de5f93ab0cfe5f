import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ServiceName } from '@vouchsafe/contracts';
import type { SqlMigration } from '@vouchsafe/database';

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
