import {
  type BootOptions,
  bootService,
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

export function bootIdentity(options: BootOptions = {}): Promise<RunningService> {
  return bootService(identityService, options);
}
