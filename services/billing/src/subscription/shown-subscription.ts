import { subscriptionStatuses } from '@vouchsafe/contracts';
import { z } from 'zod';
import { money, moneyOf } from '../stripe/money.js';
import { shownTime, shownTimeOrNull } from '../persistence/shown-time.js';
import { livenessOf } from './subscription.decider.js';
import type { SubscriptionRow } from './subscription.entity.js';

const time = z.iso.datetime();

export const shownSubscription = z
  .strictObject({
    subscriptionId: z.string().describe('Id of the subscription at Stripe'),
    status: z
      .enum(subscriptionStatuses)
      .describe(
        'Stripe’s status. `incomplete`: the first payment was declined or the bank has not answered; after 23 hours, or when it is cancelled, it becomes `incomplete_expired`. `past_due`: a later payment failed and is retried. Every status except `incomplete`, `incomplete_expired` and `canceled` is live.',
      ),
    isLive: z
      .boolean()
      .describe('Whether the subscription is live. An organization with a live subscription stays active.'),
    items: z
      .array(
        z.strictObject({
          priceId: z.string(),
          quantity: z.int().nullable().describe('How many units of the price'),
          unitPrice: money.nullable().describe('Null where Stripe computes it in steps or fractions'),
          interval: z
            .enum(['day', 'week', 'month', 'year'])
            .nullable()
            .describe('Unit of the billing interval'),
          intervalCount: z.int().nullable().describe('Number of intervals between two invoices'),
        }),
      )
      .describe('The prices that it is for'),
    createdAt: time.describe('When it was made'),
    startedAt: time.describe('When it began'),
    currentPeriodStart: time.nullable().describe('Start of the current billing period'),
    currentPeriodEnd: time
      .nullable()
      .describe('End of the current billing period, when the next invoice is made'),
    trialEnd: time.nullable().describe('Until when nothing is charged; null without a trial'),
    cancelsAt: time.nullable().describe('When the subscription is scheduled to end'),
    canceledAt: time.nullable().describe('When the cancellation was requested'),
    endedAt: time.nullable().describe('When it ended; null where it has not'),
    collectionPaused: z.boolean().describe('Whether Stripe makes invoices without collecting them'),
    observedAt: time.describe('When billing last read this from Stripe'),
  })
  .meta({
    id: 'Subscription',
    examples: [
      {
        subscriptionId: 'sub_1Pq3aB2eZvKYlo2C',
        status: 'active',
        isLive: true,
        items: [
          {
            priceId: 'price_1Pq2xK2eZvKYlo2C',
            quantity: 3,
            unitPrice: { amount: 1900, currency: 'EUR', decimals: 2 },
            interval: 'month',
            intervalCount: 1,
          },
        ],
        createdAt: '2026-11-29T05:00:00.000Z',
        startedAt: '2026-11-29T05:00:00.000Z',
        currentPeriodStart: '2026-11-29T05:00:00.000Z',
        currentPeriodEnd: '2026-12-29T05:00:00.000Z',
        trialEnd: null,
        cancelsAt: null,
        canceledAt: null,
        endedAt: null,
        collectionPaused: false,
        observedAt: '2026-11-29T05:00:03.000Z',
      },
    ],
  });

export function shownSubscriptionOf(row: SubscriptionRow): z.infer<typeof shownSubscription> {
  const { subscriptionId, status, items, currency, collectionPaused } = row;
  return {
    subscriptionId,
    status,
    isLive: livenessOf({ status }) === 'live',
    items: items.map(({ priceId, quantity, unitAmount, interval, intervalCount }) => ({
      ...{ priceId, quantity, interval, intervalCount },
      unitPrice: unitAmount === null ? null : moneyOf(unitAmount, currency),
    })),
    createdAt: shownTime(row.createdAt),
    startedAt: shownTime(row.startedAt),
    currentPeriodStart: shownTimeOrNull(row.currentPeriodStart),
    currentPeriodEnd: shownTimeOrNull(row.currentPeriodEnd),
    trialEnd: shownTimeOrNull(row.trialEnd),
    cancelsAt: shownTimeOrNull(row.cancelsAt),
    canceledAt: shownTimeOrNull(row.canceledAt),
    endedAt: shownTimeOrNull(row.endedAt),
    collectionPaused,
    observedAt: shownTime(row.observedAt),
  };
}
