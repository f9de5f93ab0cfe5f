import { Migration, Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import { PostgresDialect } from 'kysely';
import type pg from 'pg';
import { roleNames } from './roles.js';

/** One numbered step of a database's schema. Written once, never changed after it has shipped. */
export interface SqlMigration {
  /** `<package>-<number>-<what>`, e.g. `event-store-001-event`; the order of the list is the order of the steps. */
  readonly name: string;
  readonly sql: (roles: ReturnType<typeof roleNames>) => string;
}

/** @param pool of two connections of the schema's owner; it is ended */
export async function migrateDatabase(
  service: string,
  pool: pg.Pool,
  steps: readonly SqlMigration[],
): Promise<void> {
  const orm = await MikroORM.init({
    dbName: service,
    driverOptions: new PostgresDialect({ pool }),
    discovery: { warnWhenNoEntities: false },
    forceUtcTimezone: true,
    extensions: [Migrator],
    migrations: {
      migrationsList: toMikroOrmMigrations(steps, roleNames(service)),
      tableName: 'schema_migration',
      snapshot: false,
      silent: true,
      transactional: true,
      allOrNothing: true,
    },
  });
  try {
    // The lock's connection is the transaction's; the migrator runs on the pool's second one.
    await orm.em.transactional(async (em) => {
      await em.execute('select pg_advisory_xact_lock(7046029254386353131)');
      await orm.migrator.up();
    });
  } finally {
    await orm.close();
  }
}

/** SQL steps in the form that MikroORM's migrator runs and records. */
function toMikroOrmMigrations(steps: readonly SqlMigration[], roles: ReturnType<typeof roleNames>) {
  return steps.map(({ name, sql }) => ({
    name,
    class: class extends Migration {
      override up(): void {
        this.addSql(sql(roles));
      }
    },
  }));
}
