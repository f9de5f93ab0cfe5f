import { observationSources, paymentMethodId, stripeId } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId, personal } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { observation } from '../observation/observation.js';

/** Of whom a card is, Stripe knows; to us it is a member's, and we do not know whose. */
const mark = { purpose: 'contract', subject: null } as const;

/** What may be shown of a card (PCI DSS 4.0 section 3.4.1 would allow more). */
export const card = z.strictObject({
  brand: z.string().max(40).describe('`visa`, `mastercard`, ...'),
  last4: z
    .string()
    .regex(/^[0-9]{4}$/)
    .describe('The last four digits of its number'),
  expiryMonth: z.int().min(1).max(12).describe('Month of expiry (1–12); the card is valid to the end of it'),
  expiryYear: z.int().min(2000).max(2200).describe('Year in which it expires'),
});

/** What we keep of a payment method: neither the name nor the address of its holder. */
export const paymentMethodContent = z.strictObject({
  /** Null when it is detached. */
  customerId: stripeId('cus').nullable(),
  kind: z.string().max(60),
  card: personal(card.nullable(), mark),
  createdAt: z.iso.datetime(),
});
export type PaymentMethodContent = z.output<typeof paymentMethodContent>;

const which = { organizationId, paymentMethodId };
const from = { ...which, source: z.enum(observationSources) };

/** Stream `payment-method-<pm_...>`. */
export const paymentMethodEvents = eventCatalog({
  'payment-method-observed': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({ ...which, ...observation, content: paymentMethodContent }),
  },
  'payment-method-attached': { version: 1, visibility: 'published', schema: z.strictObject(from) },
  'payment-method-changed': { version: 1, visibility: 'published', schema: z.strictObject(from) },
  'payment-method-detached': { version: 1, visibility: 'published', schema: z.strictObject(from) },
});
export type PaymentMethodEvent = EventOf<typeof paymentMethodEvents>;
