import { consumedBy } from '@vouchsafe/contracts';
import { persistenceConfig, serviceUrls } from '@vouchsafe/service-host';
import type { z } from 'zod';

/** Environment variables of billing, besides the host's. */
export const billingConfig = persistenceConfig.extend({
  /** The services from which missing facts are fetched. */
  ...serviceUrls(consumedBy('billing')),
});
export type BillingConfig = z.output<typeof billingConfig>;
