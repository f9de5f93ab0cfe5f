import type { SubscriptionContent } from '../subscription/subscription.events.js';

const began = '2026-01-01T00:00:00.000Z';
export const ended = '2026-03-01T00:00:00.000Z';

/** A subscription as Stripe says it is. */
export const active: SubscriptionContent = {
  customerId: 'cus_1',
  status: 'active',
  items: [
    {
      itemId: 'si_1',
      priceId: 'price_1',
      quantity: 1,
      unitAmount: 1000,
      interval: 'month',
      intervalCount: 1,
    },
  ],
  currency: 'EUR',
  createdAt: began,
  startedAt: began,
  currentPeriodStart: began,
  currentPeriodEnd: '2026-02-01T00:00:00.000Z',
  trialEnd: null,
  cancelsAt: null,
  canceledAt: null,
  endedAt: null,
  collectionPaused: false,
};
export const canceled: SubscriptionContent = { ...active, status: 'canceled', endedAt: ended };
export const incomplete: SubscriptionContent = { ...active, status: 'incomplete' };
