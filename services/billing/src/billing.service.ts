import {
  type BootOptions,
  bootService,
  consume,
  type RunningService,
  type ServiceDefinition,
} from '@vouchsafe/service-host';
import { billingConfig } from './billing.config.js';
import { BillingModule } from './billing.module.js';

export const billingService = {
  name: 'billing',
  title: 'Vouchsafe billing',
  config: billingConfig,
  module: (config) => BillingModule.with(config),
} satisfies ServiceDefinition<typeof billingConfig>;

/** The consumer group that all of its instances share. */
export const GROUP = 'billing';

/** The service over HTTP, and the consumer of the other services' facts. */
export async function bootBilling(options: BootOptions = {}): Promise<RunningService> {
  const service = await bootService(billingService, options);
  await consume('billing', service, { group: GROUP });
  return service;
}
