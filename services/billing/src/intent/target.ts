import { isErased, type Personal } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import type { OrderName } from './intent.events.js';

const ofSubscription = z.object({ subscriptionId: z.string() });

/**
 * What an order changes at Stripe. Orders on the same target are carried out one after the other, in the order in which they were given;
 * what makes something new has no target.
 */
export function targetOf(operation: OrderName, asked: Personal<string>): string | null {
  switch (operation) {
    case 'customer.change':
    case 'payment-method.make-default':
    case 'payment-method.detach':
      return 'customer';
    case 'subscription.change':
    case 'subscription.cancel':
    case 'subscription.resume':
      return isErased(asked) ? null : ofSubscription.parse(JSON.parse(asked)).subscriptionId;
    default:
      return null;
  }
}
