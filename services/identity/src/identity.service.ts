import {
  type BootOptions,
  bootService,
  consume,
  type RunningService,
  type ServiceDefinition,
} from '@vouchsafe/service-host';
import { identityConfig } from './identity.config.js';
import { IdentityModule } from './identity.module.js';

export const identityService = {
  name: 'identity',
  title: 'Vouchsafe identity',
  config: identityConfig,
  module: (config) => IdentityModule.with(config),
} satisfies ServiceDefinition<typeof identityConfig>;

/** The consumer group that all of its instances share. */
export const GROUP = 'identity';

/** The service over HTTP, and the consumer of erasures and their receipts. */
export async function bootIdentity(options: BootOptions = {}): Promise<RunningService> {
  const service = await bootService(identityService, options);
  await consume('identity', service, { group: GROUP });
  return service;
}
