import { globSync } from 'node:fs';
import path from 'node:path';
import { EntitySchema } from '@mikro-orm/core';
import type { SqlMigration } from '@vouchsafe/database';

const root = path.resolve(import.meta.dirname, '../..');

export interface MappedService {
  readonly service: string;
  readonly migrations: readonly SqlMigration[];
  readonly entities: readonly EntitySchema[];
}

/** Every service that maps tables to entities, in `*.entity.ts`. */
export async function mappedServices(): Promise<MappedService[]> {
  const files = globSync('services/*/src/**/*.entity.ts', { cwd: root }).sort();
  const services = [...new Set(files.map((file) => file.split(path.sep)[1] ?? ''))];
  return Promise.all(
    services.map(async (service) => {
      const own = files.filter((file) => file.startsWith(path.join('services', service)));
      const modules = await Promise.all(own.map(load));
      const { [`${service}Migrations`]: migrations } = await load(
        `services/${service}/src/persistence/migrations.ts`,
      );
      return {
        service,
        migrations: migrations as readonly SqlMigration[],
        entities: modules
          .flatMap((module) => Object.values(module))
          .filter((found) => EntitySchema.is(found)),
      };
    }),
  );
}

function load(file: string): Promise<Record<string, unknown>> {
  return import(path.join(root, file)) as Promise<Record<string, unknown>>;
}
