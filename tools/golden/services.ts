import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { innerServiceNames, type ServiceName, serviceNames } from '@vouchsafe/contracts';
import { describeService, hostConfig, readConfig, type ServiceDefinition } from '@vouchsafe/service-host';
import type { z } from 'zod';
import { environmentOf, portsBy } from '../start/services.ts';
import { eventFile } from './events.ts';
import type { GoldenFile } from './files.ts';

/** The OpenAPI document of every service behind the gateway, which boots from these and has none of its own. */
export async function openApiFiles(root: string, from: 'dist' | 'src' = 'dist'): Promise<GoldenFile[]> {
  const files = [];
  for (const name of innerServiceNames) {
    const { definition, config } = await definitionOf(root, name, from);
    const document = await describeService(definition, config);
    files.push({
      path: `services/${name}/golden/openapi.json`,
      text: `${JSON.stringify(document, null, 2)}\n`,
    });
  }
  return files;
}

/** A service, and a configuration of it that reaches nothing: as it is built, or, in a suite, its source. */
export async function definitionOf(root: string, name: ServiceName, from: 'dist' | 'src') {
  const definition = (await exported(root, name, 'service', from)) as ServiceDefinition<z.ZodObject>;
  // One schema, as the service itself reads its environment.
  const config = readConfig(
    hostConfig.extend(definition.config.shape),
    environmentOf(name, nowhere),
  ) as never;
  return { definition, config };
}

/** Every personal field of each service, from the code's own marks (P18): a review sees each that is added. */
export async function inventoryFiles(root: string): Promise<GoldenFile[]> {
  return Promise.all(
    serviceNames.map(async (name) => ({
      path: `services/${name}/golden/data-inventory.json`,
      text: `${JSON.stringify(await exported(root, name, 'inventory'), null, 2)}\n`,
    })),
  );
}

/** Every version of the events that each service has ever stored. */
export async function eventFiles(root: string): Promise<GoldenFile[]> {
  return Promise.all(
    serviceNames.map(async (name) =>
      eventFile(name, (await exported(root, name, 'publishing')) as Parameters<typeof eventFile>[1]),
    ),
  );
}

/** What `<service>.<part>.ts` exports under the name `<service><Part>`. */
async function exported(
  root: string,
  name: ServiceName,
  part: string,
  from: 'dist' | 'src' = 'dist',
): Promise<unknown> {
  const file = path.join(root, 'services', name, from, `${name}.${part}.${from === 'dist' ? 'js' : 'ts'}`);
  const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  const wanted = `${name}${part.charAt(0).toUpperCase()}${part.slice(1)}`;
  if (!module[wanted]) throw new Error(`services/${name}/src/${name}.${part}.ts exports no ${wanted}`);
  return module[wanted];
}

/** Surroundings that are never reached: describing a service connects to nothing. */
const nowhere = {
  secrets: {
    postgres: 'unused',
    databasePassword: () => 'unused',
    operatorOrganizationId: '00000000-0000-4000-8000-000000000000',
    publicKeysFile: 'unused',
    privateKeyFile: () => 'unused',
    kekFile: () => 'unused',
    sessionKeyFile: 'unused',
    stripeKey: 'unused',
    stripeWebhookSecret: 'unused',
  },
  postgresPort: 1,
  ports: await portsBy(() => 1),
  internalPort: 1,
  mailFolder: 'unused',
  filesFolder: 'unused',
  tombstonesFolder: 'unused',
} as const;
