import type { InvoiceContent } from '../invoice/invoice.events.js';
import type { PaymentExceptionContent } from '../payment-exception/payment-exception.events.js';
import type { PaymentMethodContent } from '../payment-method/payment-method.events.js';
import type { StripeCustomerContent } from '../stripe-customer/stripe-customer.events.js';
import type { SubscriptionContent } from '../subscription/subscription.events.js';

/** An object of Stripe as it was read: what we keep of it. */
export type StripeObject =
  | { readonly type: 'subscription'; readonly id: string; readonly content: SubscriptionContent }
  | { readonly type: 'invoice'; readonly id: string; readonly content: InvoiceContent }
  | { readonly type: 'payment_method'; readonly id: string; readonly content: PaymentMethodContent }
  | {
      readonly type: 'refund' | 'credit_note' | 'dispute' | 'early_fraud_warning';
      readonly id: string;
      readonly content: PaymentExceptionContent;
    }
  | {
      /** Of which we keep no more than that it failed. */
      readonly type: 'setup_intent' | 'payment_intent';
      readonly id: string;
      readonly content: {
        readonly customerId: string | null;
        /** Stripe's fingerprint of the card that failed last, never stored as it is; null where it is not said. */
        readonly fingerprint: string | null;
      };
    }
  | { readonly type: 'customer'; readonly id: string; readonly content: StripeCustomerContent };

/** The customer whose it is; null where it is nobody's any more. */
export function customerOf(object: StripeObject): string | null {
  return object.type === 'customer' ? object.id : object.content.customerId;
}
