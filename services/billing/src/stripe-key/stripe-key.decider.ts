import { decider, type OrganizationId, unreachable, type UserId } from '@vouchsafe/event-sourcing';
import type { StripeKeyEvent } from './stripe-key.events.js';

interface StripeKey {
  readonly status: 'none' | 'set';
}

type StripeKeyCommand =
  | {
      readonly type: 'set';
      readonly organizationId: OrganizationId;
      readonly setBy: UserId;
      readonly lastFour: string;
    }
  | { readonly type: 'remove'; readonly organizationId: OrganizationId };

export type StripeKeyRejection = { readonly rejected: 'no-key' };

export const stripeKey = decider<StripeKey, StripeKeyCommand, StripeKeyEvent, StripeKeyRejection>({
  initial: { status: 'none' },
  decide: ({ status }, command) => {
    switch (command.type) {
      case 'set': {
        const { organizationId, setBy, lastFour } = command;
        return [{ type: 'stripe-key-set', data: { organizationId, setBy, lastFour } }];
      }
      case 'remove': {
        if (status === 'none') return { rejected: 'no-key' };
        return [{ type: 'stripe-key-removed', data: { organizationId: command.organizationId } }];
      }
      default:
        return unreachable(command);
    }
  },
  evolve: (_, event) => {
    switch (event.type) {
      case 'stripe-key-set':
        return { status: 'set' };
      case 'stripe-key-removed':
        return { status: 'none' };
      default:
        return unreachable(event);
    }
  },
});
