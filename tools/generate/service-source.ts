/** The files of a new service's own folder, but for its slice. */
import type { Names } from './names.ts';

export function manifest({ noun }: Names): string {
  return `{
  "name": "@vouchsafe/${noun}",
  "version": "0.1.0",
  "private": true,
  "license": "Apache-2.0",
  "type": "module",
  "exports": {
    "./openapi.json": "./golden/openapi.json",
    "./data-inventory.json": "./golden/data-inventory.json"
  },
  "scripts": {
    "build": "swc src -d dist --strip-leading-paths --copy-files --config-file ../../.swcrc --quiet --ignore '**/*.spec.ts'"
  }
}
`;
}

export function readme({ noun, words }: Names): string {
  return `# ${noun}

Keeps ${words}s. It listens on a port of the loopback; clients reach it only through the gateway.

| what                       | where             |
| -------------------------- | ----------------- |
| ${words}s                  | \`src/${noun}\`        |
| tables                     | \`src/persistence\` |

Environment: the host's variables and those of a service that keeps data (libs/service-host).
`;
}

export function main({ noun, pascal }: Names): string {
  return `import { exitBecause } from '@vouchsafe/service-host';
import { boot${pascal} } from './${noun}.service.js';

await boot${pascal}().catch((error: unknown) => exitBecause('${noun}', error));
`;
}

export function service({ noun, pascal }: Names): string {
  return `import {
  type BootOptions,
  bootService,
  consume,
  type RunningService,
  type ServiceDefinition,
} from '@vouchsafe/service-host';
import { ${noun}Config } from './${noun}.config.js';
import { ${pascal}Module } from './${noun}.module.js';

export const ${noun}Service = {
  name: '${noun}',
  title: 'Vouchsafe ${noun}',
  config: ${noun}Config,
  module: (config) => ${pascal}Module.with(config),
} satisfies ServiceDefinition<typeof ${noun}Config>;

/** The consumer group that all of its instances share. */
export const GROUP = '${noun}';

/** The service over HTTP, and the consumer of the other services' facts. */
export async function boot${pascal}(options: BootOptions = {}): Promise<RunningService> {
  const service = await bootService(${noun}Service, options);
  await consume('${noun}', service, { group: GROUP });
  return service;
}
`;
}

export function module({ noun, pascal }: Names): string {
  return `import { type DynamicModule, Module } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import {
  DATA_STORES,
  DataStoresModule,
  type HostConfig,
  PersistenceModule,
} from '@vouchsafe/service-host';
import type { ${pascal}Config } from './${noun}.config.js';
import { ${noun}Stores } from './${noun}.stores.js';
import { ${noun}Publishing } from './${noun}.publishing.js';
import { Create${pascal} } from './${noun}/create-${noun}.js';
import { ${pascal}Controller } from './${noun}/${noun}.controller.js';
import { List${pascal}s } from './${noun}/list-${noun}s.js';
import { Retire${pascal} } from './${noun}/retire-${noun}.js';
import { ${noun}Migrations } from './persistence/migrations.js';

@Module({})
export class ${pascal}Module {
  static with(config: ${pascal}Config & HostConfig): DynamicModule {
    return {
      module: ${pascal}Module,
      imports: [
        PersistenceModule.for({
          service: '${noun}',
          config,
          migrations: ${noun}Migrations,
          publishing: ${noun}Publishing,
        }),
        DataStoresModule.for(config),
      ],
      controllers: [${pascal}Controller],
      providers: [
        ...[Create${pascal}, Retire${pascal}, List${pascal}s],
        { provide: DATA_STORES, useFactory: ${noun}Stores, inject: [Database] },
      ],
    };
  }
}
`;
}

export function config({ noun, pascal }: Names): string {
  return `import { consumedBy } from '@vouchsafe/contracts';
import { persistenceConfig, serviceUrls } from '@vouchsafe/service-host';
import type { z } from 'zod';

/** Environment variables of ${noun}, besides the host's. */
export const ${noun}Config = persistenceConfig.extend({
  /** The services from which missing facts are fetched. */
  ...serviceUrls(consumedBy('${noun}')),
});
export type ${pascal}Config = z.output<typeof ${noun}Config>;
`;
}

export function publishing({ noun, pascal }: Names): string {
  return `import { ${noun}Facts } from '@vouchsafe/contracts';
import { type Publishing, publishing } from '@vouchsafe/event-store';
import { receiptPublishing, sealingPublishing, settledPublishing } from '@vouchsafe/service-host';
import { ${noun}Events } from './${noun}/${noun}.events.js';
import { publish${pascal} } from './${noun}/${noun}.published.js';

/** Every catalog of the service, and what is published of it. */
export const ${noun}Publishing: readonly Publishing[] = [
  publishing(${noun}Events, publish${pascal}),
  ...receiptPublishing(${noun}Facts),
  settledPublishing(${noun}Facts.deadLetterSettled),
  sealingPublishing(${noun}Facts.valuesSealed),
];
`;
}

export function inventory({ noun }: Names): string {
  return `import { inventoryOf, type PersonalColumn, sharedColumns } from '@vouchsafe/service-host';
import { ${noun}Publishing } from './${noun}.publishing.js';

/** Personal values in ${noun}'s own tables (P18). */
export const personalColumns: readonly PersonalColumn[] = [];

/** Columns of text and bytes in ${noun}'s own tables that hold no personal data, with the reason. */
export const impersonalColumns: Readonly<Record<string, string>> = {};

/** Every personal field that ${noun} stores or publishes. */
export const ${noun}Inventory = inventoryOf({
  service: '${noun}',
  publishing: ${noun}Publishing,
  columns: [...personalColumns, ...sharedColumns],
});
`;
}

export function stores({ noun, snake }: Names): string {
  return `/** @promise P31 where ${noun} keeps data of customers */
import type { Database } from '@vouchsafe/database';
import { type DataStore, rows } from '@vouchsafe/service-host';

export function ${noun}Stores(database: Database): readonly DataStore[] {
  return [
    rows(database, {
      ...{ name: '${noun}s', tables: ['${snake}'], person: 'none' },
      // What happened to each stands in the entries of the log. Where there is more, list the tables that the organization gets back.
      returned: { nothing: 'derived' },
    }),
  ];
}
`;
}

export function inventorySpec({ noun, snake }: Names): string {
  return `import { expect, it } from '@jest/globals';
import { declaredColumns, libraryStores, withSharedMigrations } from '@vouchsafe/service-host';
import { inventoryGaps, storeGaps, testPostgres } from '@vouchsafe/testing';
import { impersonalColumns, personalColumns } from './${noun}.inventory.js';
import { ${noun}Stores } from './${noun}.stores.js';
import { ${noun}Migrations } from './persistence/migrations.js';

it('accounts for every column that could hold personal data, and every table of customers (P18, P31)', async () => {
  const postgres = await testPostgres();
  try {
    const database = await postgres.database('${noun}', withSharedMigrations(${noun}Migrations));
    const declared = declaredColumns(personalColumns, impersonalColumns);
    expect(await inventoryGaps(database, declared, 'services/${noun}/src/${noun}.inventory.ts')).toEqual([]);
    const stores = [...${noun}Stores(database), ...libraryStores(database)];
    const accounted = { personal: personalColumns };
    expect(await storeGaps(database, stores, accounted)).toEqual([]);
    expect(await storeGaps(database, libraryStores(database), accounted)).toEqual([
      '${snake} is in no store: nothing would be deleted of it',
    ]);
  } finally {
    await postgres.stop();
  }
});
`;
}

export function deadLetters({ noun }: Names): string {
  return `import { runDeadLetters } from '@vouchsafe/service-host';
import { GROUP, ${noun}Service } from './${noun}.service.js';

/** \`npm run dead-letters\`, or \`node dist/bundle/dead-letters.js\` beside the running service, with its environment. */
await runDeadLetters({ definition: ${noun}Service, group: GROUP });
`;
}

export function migrations({ noun, snake }: Names): string {
  return `import type { SqlMigration } from '@vouchsafe/database';

export const ${noun}Migrations: readonly SqlMigration[] = [
  {
    name: '${noun}-001-${noun}',
    sql: ({ request, worker }) => \`
      create table ${snake} (
        ${snake}_id uuid primary key,
        organization_id uuid not null,
        created_at timestamptz not null,
        retired_at timestamptz
      );
      create index ${snake}_created_at on ${snake} (organization_id, created_at, ${snake}_id);
      -- A request sees its organization's rows alone, a worker every one (P19).
      alter table ${snake} enable row level security;
      alter table ${snake} force row level security;
      create policy own_organization on ${snake} to \${request}
        using (organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid);
      create policy every_organization on ${snake} to \${worker} using (true);
      grant select, insert, update (retired_at) on ${snake} to \${request};
      grant select on ${snake} to \${worker};\`,
  },
];
`;
}
