import { z } from 'zod';
import { contract } from '../contract.js';
import { stripeId } from '../stripe-id.js';
import { observedFact } from './observed.js';

/** Cards have `pm_`; older ones of Stripe have others. */
export const paymentMethodId = stripeId('pm', 'card', 'src', 'ba');

const which = { ...observedFact, paymentMethodId };
const entity = { type: 'payment-method', id: 'paymentMethodId' } as const;

export const paymentMethodAttached = contract({
  type: 'vouchsafe.billing.payment-method-attached.v1',
  summary: 'A payment method was saved for an organization.',
  entity,
  schema: z.strictObject(which),
});

export const paymentMethodChanged = contract({
  type: 'vouchsafe.billing.payment-method-changed.v1',
  summary: 'A saved payment method has other details, such as a new date of expiry.',
  entity,
  schema: z.strictObject(which),
});

export const paymentMethodDetached = contract({
  type: 'vouchsafe.billing.payment-method-detached.v1',
  summary: 'A payment method was removed from an organization.',
  entity,
  schema: z.strictObject(which),
});

export const defaultPaymentMethodChanged = contract({
  type: 'vouchsafe.billing.default-payment-method-changed.v1',
  summary: 'Invoices of an organization are paid by another payment method, or by none.',
  entity: { type: 'payment-method', id: 'paymentMethodId' },
  schema: z.strictObject({
    ...observedFact,
    customerId: stripeId('cus'),
    paymentMethodId: paymentMethodId.nullable(),
  }),
});

export const customerDeleted = contract({
  type: 'vouchsafe.billing.customer-deleted.v1',
  summary:
    'The customer of an organization was deleted at Stripe, and with it its subscriptions and payment methods.',
  entity: { type: 'customer', id: 'customerId' },
  schema: z.strictObject({ ...observedFact, customerId: stripeId('cus') }),
});
