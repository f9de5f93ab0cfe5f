import { decider, type OrganizationId, unreachable } from '@vouchsafe/event-sourcing';
import type { BillingEvent } from './billing.events.js';

type Billing =
  | { readonly status: 'absent' | 'retired' }
  | { readonly status: 'live'; readonly organizationId: OrganizationId; readonly billingId: string };

type BillingCommand =
  | { readonly type: 'create'; readonly organizationId: OrganizationId; readonly billingId: string }
  | { readonly type: 'retire' };

export type BillingRejection = { readonly rejected: 'already-created' | 'not-live' };

export const billing = decider<Billing, BillingCommand, BillingEvent, BillingRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    switch (command.type) {
      case 'create': {
        if (state.status !== 'absent') return { rejected: 'already-created' };
        const { organizationId, billingId } = command;
        return [{ type: 'billing-created', data: { organizationId, billingId } }];
      }
      case 'retire': {
        if (state.status !== 'live') return { rejected: 'not-live' };
        const { organizationId, billingId } = state;
        return [{ type: 'billing-retired', data: { organizationId, billingId } }];
      }
      default:
        return unreachable(command);
    }
  },
  evolve: (_, event) => {
    switch (event.type) {
      case 'billing-created':
        return { status: 'live', ...event.data };
      case 'billing-retired':
        return { status: 'retired' };
      default:
        return unreachable(event);
    }
  },
});
