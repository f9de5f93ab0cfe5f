import { decider, type OrganizationId, unreachable } from '@vouchsafe/event-sourcing';
import { type Observe, type OtherOrganization, sourceOf } from '../observation/observation.js';
import type { StripeCustomerContent, StripeCustomerEvent } from './stripe-customer.events.js';

interface StripeCustomer {
  readonly known: null | {
    readonly organizationId: OrganizationId;
    readonly contentHash: string;
    readonly content: StripeCustomerContent;
  };
}

export const stripeCustomer = decider<
  StripeCustomer,
  Observe<string, StripeCustomerContent>,
  StripeCustomerEvent,
  OtherOrganization
>({
  initial: { known: null },
  decide: ({ known }, { id: customerId, observation, content }) => {
    const { organizationId, contentHash } = observation;
    if (known && known.organizationId !== organizationId) return { rejected: 'other-organization' };
    // A deleted customer stays deleted, and its default went with it.
    if (known && (known.contentHash === contentHash || known.content.isDeleted)) return [];
    const from = { ...sourceOf(observation), customerId };
    const former = known?.content.defaultPaymentMethodId ?? null;
    const paymentMethodId = content.defaultPaymentMethodId;
    return [
      { type: 'stripe-customer-observed', data: { customerId, ...observation, content } },
      ...(paymentMethodId === former
        ? []
        : [{ type: 'default-payment-method-changed', data: { ...from, paymentMethodId } } as const]),
      ...(content.isDeleted ? [{ type: 'customer-deleted', data: from } as const] : []),
    ];
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'stripe-customer-observed': {
        const { organizationId, contentHash, content } = event.data;
        return { known: { organizationId, contentHash, content } };
      }
      case 'default-payment-method-changed':
      case 'customer-deleted':
        return state;
      default:
        return unreachable(event);
    }
  },
});
