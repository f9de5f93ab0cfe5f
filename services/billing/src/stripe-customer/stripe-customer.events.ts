import { observationSources, paymentMethodId, stripeId } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { observation } from '../observation/observation.js';

/** What we keep of a customer at Stripe besides its id. */
export const stripeCustomerContent = z.strictObject({
  isDeleted: z.boolean(),
  defaultPaymentMethodId: paymentMethodId.nullable(),
});
export type StripeCustomerContent = z.output<typeof stripeCustomerContent>;

const which = { organizationId, customerId: stripeId('cus') };
const from = { ...which, source: z.enum(observationSources) };

/** Stream `stripe-customer-<cus_...>`. */
export const stripeCustomerEvents = eventCatalog({
  'stripe-customer-observed': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, ...observation, content: stripeCustomerContent }),
  },
  'default-payment-method-changed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...from, paymentMethodId: paymentMethodId.nullable() }),
  },
  'customer-deleted': { version: 1, visibility: 'published', schema: z.strictObject(from) },
});
export type StripeCustomerEvent = EventOf<typeof stripeCustomerEvents>;
