import {
  observationSources,
  stripeId,
  subscriptionChanges,
  subscriptionStatuses,
} from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { observation } from '../observation/observation.js';

const time = z.iso.datetime();

/** What we keep of a subscription. Times are Stripe's, to the second. */
export const subscriptionContent = z.strictObject({
  customerId: stripeId('cus'),
  status: z.enum(subscriptionStatuses),
  items: z.array(
    z.strictObject({
      itemId: stripeId('si'),
      priceId: z.string().max(255),
      quantity: z.int().nullable(),
      /** Of one unit, in the currency's smallest unit; null where Stripe has tiers or fractions. */
      unitAmount: z.int().nullable(),
      interval: z.enum(['day', 'week', 'month', 'year']).nullable(),
      intervalCount: z.int().nullable(),
    }),
  ),
  currency: z.string().regex(/^[A-Z]{3}$/),
  createdAt: time,
  startedAt: time,
  currentPeriodStart: time.nullable(),
  currentPeriodEnd: time.nullable(),
  trialEnd: time.nullable(),
  /** When it will end: at the period's end or at another time. */
  cancelsAt: time.nullable(),
  canceledAt: time.nullable(),
  endedAt: time.nullable(),
  /** Stripe makes invoices without collecting them. */
  collectionPaused: z.boolean(),
});
export type SubscriptionContent = z.output<typeof subscriptionContent>;

const which = { organizationId, subscriptionId: stripeId('sub') };
const from = { ...which, source: z.enum(observationSources) };
const terms = {
  status: z.enum(subscriptionStatuses),
  items: z.array(z.strictObject({ priceId: z.string(), quantity: z.int().nullable() })),
  cancelsAt: time.nullable(),
};

/** Stream `subscription-<sub_...>`. */
export const subscriptionEvents = eventCatalog({
  'subscription-observed': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, ...observation, content: subscriptionContent }),
  },
  'subscription-started': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...from, ...terms, startedAt: time }),
  },
  'subscription-changed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...from, ...terms, changed: z.array(z.enum(subscriptionChanges)) }),
  },
  'subscription-ended': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...from, endedAt: time }),
  },
});
export type SubscriptionEvent = EventOf<typeof subscriptionEvents>;
