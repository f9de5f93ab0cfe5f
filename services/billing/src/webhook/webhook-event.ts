import { z } from 'zod';
import type { StripeObject } from '../observation/stripe-object.js';

/** Unix seconds of the year 9999: the last that a time is written of. */
const LATEST = 253_402_300_799;

/**
 * What we read of an event of Stripe: which object it is about. What the object is like is asked of Stripe, not read here. Events are kept
 * together, and none may have what Postgres does not take, and so spoil it for the others.
 */
const stripeEvent = z.object({
  id: z.string().regex(/^evt_[A-Za-z0-9_]{1,200}$/),
  object: z.literal('event'),
  type: z.string().regex(/^[a-z0-9_.]{1,100}$/),
  api_version: z
    .string()
    .regex(/^[\x20-\x7e]{1,60}$/)
    .nullable()
    .default(null),
  livemode: z.boolean(),
  /** Of a connected account; absent for our own. */
  account: z.string().optional(),
  created: z.int().min(0).max(LATEST),
  data: z.object({ object: z.looseObject({ id: z.string().max(255).optional() }) }),
});
export type StripeEvent = z.output<typeof stripeEvent>;

export function readEvent(parsed: unknown): StripeEvent | undefined {
  return stripeEvent.safeParse(parsed).data;
}

export type ObservedType = StripeObject['type'];

export interface ObjectId {
  readonly type: ObservedType;
  readonly id: string;
}

/** Each event of these types is one attempt, to save a card or to pay, that failed. */
export const failedAttempts = {
  setup_intent: 'setup_intent.setup_failed',
  payment_intent: 'payment_intent.payment_failed',
} as const;

/**
 * The object that must be read after an event; `null` where there is none: the event is counted and kept.
 */
export function objectOf({ type, data: { object } }: StripeEvent): ObjectId | null {
  const about = (wanted: ObservedType, id: unknown): ObjectId | null =>
    typeof id === 'string' && idForms[wanted].test(id) ? { type: wanted, id } : null;
  if (type.startsWith('customer.subscription.')) return about('subscription', object.id);
  if (/^customer\.(?:created|updated|deleted)$/.test(type)) return about('customer', object.id);
  if (type.startsWith('invoice.')) return about('invoice', object.id);
  if (type.startsWith('payment_method.')) return about('payment_method', object.id);
  if (type.startsWith('charge.dispute.')) return about('dispute', object.id);
  if (type.startsWith('refund.')) return about('refund', object.id);
  if (type.startsWith('credit_note.')) return about('credit_note', object.id);
  if (type.startsWith('radar.early_fraud_warning.')) return about('early_fraud_warning', object.id);
  if (type === failedAttempts.setup_intent) return about('setup_intent', object.id);
  if (type === failedAttempts.payment_intent) return about('payment_intent', object.id);
  if (type.startsWith('setup_intent.')) return about('payment_method', object.payment_method);
  // What a person completed at Stripe's page: the subscription says the rest.
  if (type.startsWith('checkout.session.')) return about('subscription', object.subscription);
  return null;
}

const idForms: Readonly<Record<ObservedType, RegExp>> = {
  customer: /^cus_[A-Za-z0-9_]{1,200}$/,
  subscription: /^sub_[A-Za-z0-9_]{1,200}$/,
  invoice: /^in_[A-Za-z0-9_]{1,200}$/,
  payment_method: /^(?:pm|card|src|ba)_[A-Za-z0-9_]{1,200}$/,
  dispute: /^(?:dp|du)_[A-Za-z0-9_]{1,200}$/,
  refund: /^(?:re|pyr)_[A-Za-z0-9_]{1,200}$/,
  credit_note: /^cn_[A-Za-z0-9_]{1,200}$/,
  early_fraud_warning: /^issfr_[A-Za-z0-9_]{1,200}$/,
  setup_intent: /^seti_[A-Za-z0-9_]{1,200}$/,
  payment_intent: /^pi_[A-Za-z0-9_]{1,200}$/,
};
