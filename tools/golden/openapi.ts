import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeService, hostConfig, readConfig, type ServiceDefinition } from '@vouchsafe/service-host';
import type { z } from 'zod';
import { environmentOf, serviceNames, type ServiceName } from '../start/services.ts';
import type { GoldenFile } from './files.ts';

/** The OpenAPI document of every service behind the gateway, which boots from these and has none of its own. */
export async function openApiFiles(root: string): Promise<GoldenFile[]> {
  const files = [];
  for (const name of serviceNames.filter((one) => one !== 'gateway')) {
    const definition = await definitionOf(root, name);
    // One schema, as the service itself reads its environment.
    const config = readConfig(hostConfig.extend(definition.config.shape), environmentOf(name, nowhere));
    const document = await describeService(definition, config as never);
    files.push({ path: `services/${name}/golden/openapi.json`, text: `${JSON.stringify(document, null, 2)}\n` });
  }
  return files;
}

async function definitionOf(root: string, name: ServiceName): Promise<ServiceDefinition<z.ZodObject>> {
  const module = (await import(pathToFileURL(path.join(root, 'services', name, 'dist', `${name}.service.js`)).href)) as Record<string, unknown>;
  const definition = module[`${name}Service`];
  if (!definition) throw new Error(`services/${name}/src/${name}.service.ts exports no ${name}Service`);
  return definition as ServiceDefinition<z.ZodObject>;
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
  },
  postgresPort: 1,
  ports: { gateway: 8080, identity: 1, audit: 1 },
  internalPort: 1,
  mailFolder: 'unused',
  filesFolder: 'unused',
  tombstonesFolder: 'unused',
} as const;
