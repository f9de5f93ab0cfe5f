import { z } from 'zod';
import { contract, type ContractType } from '../contract.js';
import { fact } from '../fact.js';

/** What a person ordered at Stripe and Stripe has taken on; what comes of it (a payment, a new period) is a fact of its own. */
function order(type: ContractType, summary: string) {
  return contract({
    type,
    summary,
    entity: { type: 'organization', id: 'organizationId' },
    schema: z.strictObject({
      ...fact,
      /** The order: all that is done for it at Stripe has this id in its metadata. */
      intentId: z.uuid(),
      customerId: z.string(),
      /** What was made or changed at Stripe. */
      objectId: z.string().nullable(),
    }),
  });
}

export const customerChanged = order(
  'vouchsafe.billing.customer-changed.v1',
  'A person changed the name or email address for invoices.',
);
export const checkoutSessionCreated = order(
  'vouchsafe.billing.checkout-session-created.v1',
  'A person opened a page of Stripe to save a card or to subscribe.',
);
export const setupIntentCreated = order(
  'vouchsafe.billing.setup-intent-created.v1',
  'A person began to save a card.',
);
export const portalSessionCreated = order(
  'vouchsafe.billing.portal-session-created.v1',
  'A person opened Stripe’s customer portal.',
);
export const subscriptionRequested = order(
  'vouchsafe.billing.subscription-requested.v1',
  'A person ordered a subscription with a saved card.',
);
export const subscriptionChangeRequested = order(
  'vouchsafe.billing.subscription-change-requested.v1',
  'A person changed the price or the quantity of a subscription.',
);
export const subscriptionCancellationRequested = order(
  'vouchsafe.billing.subscription-cancellation-requested.v1',
  'A person cancelled a subscription, at the end of its period or at once.',
);
export const subscriptionResumptionRequested = order(
  'vouchsafe.billing.subscription-resumption-requested.v1',
  'A person took back the cancellation of a subscription.',
);
export const defaultPaymentMethodRequested = order(
  'vouchsafe.billing.default-payment-method-requested.v1',
  'A person chose the card that is charged from now on.',
);
export const paymentMethodDetachmentRequested = order(
  'vouchsafe.billing.payment-method-detachment-requested.v1',
  'A person removed a saved card.',
);
