import { decider, type OrganizationId, unreachable } from '@vouchsafe/event-sourcing';
import { type Observe, type OtherOrganization, sourceOf } from '../observation/observation.js';
import type { PaymentMethodContent, PaymentMethodEvent } from './payment-method.events.js';

type PaymentMethod =
  | { readonly phase: 'unknown' }
  | {
      /** Stripe never attaches a detached payment method again. */
      readonly phase: 'attached' | 'detached';
      readonly organizationId: OrganizationId;
      readonly contentHash: string;
    };

export const paymentMethod = decider<
  PaymentMethod,
  Observe<string, PaymentMethodContent>,
  PaymentMethodEvent,
  OtherOrganization
>({
  initial: { phase: 'unknown' },
  decide: (state, { id: paymentMethodId, observation, content }) => {
    const { organizationId, contentHash } = observation;
    if (state.phase !== 'unknown') {
      if (state.organizationId !== organizationId) return { rejected: 'other-organization' };
      if (state.phase === 'detached' || state.contentHash === contentHash) return [];
    }
    const data = { ...sourceOf(observation), paymentMethodId };
    const observed = {
      type: 'payment-method-observed',
      data: { paymentMethodId, ...observation, content },
    } as const;
    if (content.customerId === null)
      return [observed, ...attachedBefore(state, data), { type: 'payment-method-detached', data }];
    return [
      observed,
      { type: state.phase === 'unknown' ? 'payment-method-attached' : 'payment-method-changed', data },
    ];
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'payment-method-observed': {
        const { organizationId, contentHash, content } = event.data;
        return {
          phase: content.customerId === null ? 'detached' : 'attached',
          organizationId,
          contentHash,
        };
      }
      case 'payment-method-attached':
      case 'payment-method-changed':
      case 'payment-method-detached':
        return state;
      default:
        return unreachable(event);
    }
  },
});

/** One that we first hear of when it is detached was attached before. */
function attachedBefore(
  state: PaymentMethod,
  data: Extract<PaymentMethodEvent, { type: 'payment-method-attached' }>['data'],
): PaymentMethodEvent[] {
  return state.phase === 'unknown' ? [{ type: 'payment-method-attached', data }] : [];
}
