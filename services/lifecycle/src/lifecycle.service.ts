import {
  type BootOptions,
  bootService,
  consume,
  type RunningService,
  type ServiceDefinition,
} from '@vouchsafe/service-host';
import { lifecycleConfig } from './lifecycle.config.js';
import { LifecycleModule } from './lifecycle.module.js';

export const lifecycleService = {
  name: 'lifecycle',
  title: 'Vouchsafe lifecycle',
  config: lifecycleConfig,
  module: (config) => LifecycleModule.with(config),
} satisfies ServiceDefinition<typeof lifecycleConfig>;

/** The consumer group that all of its instances share. */
export const GROUP = 'lifecycle';

/** The service over HTTP, and the consumer of the other services' facts. */
export async function bootLifecycle(options: BootOptions = {}): Promise<RunningService> {
  const service = await bootService(lifecycleService, options);
  await consume('lifecycle', service, { group: GROUP });
  return service;
}
