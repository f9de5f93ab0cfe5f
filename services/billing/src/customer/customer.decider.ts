import {
  decider,
  type OrganizationId,
  type Personal,
  unreachable,
  type UserId,
} from '@vouchsafe/event-sourcing';
import type { CustomerEvent } from './customer.events.js';

export interface CustomerDetails {
  readonly name: string;
  readonly email: string;
}

interface Details {
  /** Who gave them. */
  readonly userId: string;
  readonly name: Personal<string>;
  readonly email: Personal<string>;
}

export type Customer =
  | { readonly status: 'absent' }
  | {
      readonly status: 'created';
      readonly customerId: string;
      readonly details: Details | null;
      /** Everybody who gave details, ever: what they gave may stand on invoices. */
      readonly namedBy: ReadonlySet<string>;
    };

type CustomerCommand =
  | {
      readonly type: 'create';
      readonly organizationId: OrganizationId;
      readonly customerId: string;
      /** The customer that was deleted at Stripe, where there was one. */
      readonly replaces: string | null;
    }
  | {
      readonly type: 'change-details';
      readonly organizationId: OrganizationId;
      readonly userId: UserId;
      readonly details: CustomerDetails;
    };

export type CustomerRejection = { readonly rejected: 'has-another' | 'no-customer' };

export const customer = decider<Customer, CustomerCommand, CustomerEvent, CustomerRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    const { organizationId } = command;
    switch (command.type) {
      case 'create': {
        const { customerId, replaces } = command;
        if (state.status === 'absent' || state.customerId === replaces)
          return [{ type: 'customer-created', data: { organizationId, customerId } }];
        return state.customerId === customerId ? [] : { rejected: 'has-another' };
      }
      case 'change-details':
        if (state.status === 'absent') return { rejected: 'no-customer' };
        return [
          {
            type: 'customer-details-changed',
            data: { organizationId, userId: command.userId, ...command.details },
          },
        ];
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'customer-created':
        return {
          status: 'created',
          customerId: event.data.customerId,
          details: null,
          namedBy: state.status === 'absent' ? new Set() : state.namedBy,
        };
      case 'customer-details-changed': {
        if (state.status === 'absent') return state;
        const { userId, name, email } = event.data;
        return {
          ...state,
          details: { userId, name, email },
          namedBy: new Set([...state.namedBy, userId]),
        };
      }
      default:
        return unreachable(event);
    }
  },
});
