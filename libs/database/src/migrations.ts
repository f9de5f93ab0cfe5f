import { Migration } from '@mikro-orm/migrations';
import type { roleNames } from './roles.js';

/** One numbered step of a database's schema. Written once, never changed after it has shipped. */
export interface SqlMigration {
  /** `<room>-<number>-<what>`, e.g. `event-store-001-event`; the order of the list is the order of the steps. */
  readonly name: string;
  readonly sql: (roles: ReturnType<typeof roleNames>) => string;
}

/** SQL steps in the form that MikroORM's migrator runs and records. */
export function toMikroOrmMigrations(steps: readonly SqlMigration[], roles: ReturnType<typeof roleNames>) {
  return steps.map(({ name, sql }) => ({
    name,
    class: class extends Migration {
      override up(): void {
        this.addSql(sql(roles));
      }
    },
  }));
}
