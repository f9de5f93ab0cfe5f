import {
  eventCatalog,
  type EventOf,
  formerVersion,
  organizationId,
  personal,
  userId,
} from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { stripeRefusals } from '../stripe/stripe-failure.js';

/** What a person can order at Stripe. */
export const orderNames = [
  'customer.change',
  'checkout-session.create',
  'setup-intent.create',
  'portal-session.create',
  'subscription.create',
  'subscription.change',
  'subscription.cancel',
  'subscription.resume',
  'payment-method.make-default',
  'payment-method.detach',
] as const;
export type OrderName = (typeof orderNames)[number];

/** Why an order was refused, in version 1. */
const firstRefusals = [
  'card-declined',
  'authentication-required',
  'not-found',
  'not-possible',
  'changed-since',
  'expired',
] as const;

const which = { organizationId, intentId: z.uuid() };

/** Stream `intent-<id>`: what a person ordered at Stripe, and what became of it. */
export const intentEvents = eventCatalog({
  'intent-opened': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({
      ...which,
      userId,
      requestId: z.string().nullable(),
      operation: z.enum(orderNames),
      openedAt: z.iso.datetime(),
      /** The order's parameters as JSON: names, addresses and URLs may be among them. */
      asked: personal(z.string(), { purpose: 'contract', subject: 'userId' }),
    }),
  },
  /** Stripe has carried out nothing, and the person was told so: it waits for them to ask again. */
  'intent-set-aside': { version: 1, visibility: 'private', schema: z.strictObject(which) },
  'intent-taken-up': { version: 1, visibility: 'private', schema: z.strictObject(which) },
  'intent-refused': {
    version: 2,
    visibility: 'private',
    schema: z.strictObject({ ...which, reason: z.enum([...stripeRefusals, 'expired']) }),
    former: {
      1: formerVersion(z.strictObject({ ...which, reason: z.enum(firstRefusals) }), (data) => data),
    },
  },
  'intent-completed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      operation: z.enum(orderNames),
      customerId: z.string(),
      /** What was made or changed at Stripe, where it has an id that may be known. */
      objectId: z.string().nullable(),
    }),
  },
});
export type IntentEvent = EventOf<typeof intentEvents>;
