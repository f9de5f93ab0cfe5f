import { subscriptionStatuses } from '@vouchsafe/contracts';
import { z } from 'zod';
import { money, moneyOf } from '../stripe/money.js';
import { shownTime, shownTimeOrNull } from '../stripe/shown-time.js';
import { livenessOf } from './subscription.decider.js';
import type { SubscriptionRow } from './subscription.entity.js';

const time = z.iso.datetime();

export const shownSubscription = z
  .strictObject({
    subscriptionId: z.string(),
    status: z
      .enum(subscriptionStatuses)
      .describe(
        'Stripe’s. `incomplete`: the first payment was declined or waits for the bank, for 23 hours; then, or when it is cancelled, it is `incomplete_expired`. `past_due`: a later payment failed and is tried again. Only `incomplete`, `incomplete_expired` and `canceled` are not live',
      ),
    isLive: z.boolean().describe('Whether it counts: while one is live, the organization is a customer'),
    items: z.array(
      z.strictObject({
        priceId: z.string(),
        quantity: z.int().nullable().describe('How many units of the price'),
        unitPrice: money.nullable().describe('Null where Stripe computes it in steps or fractions'),
        interval: z.enum(['day', 'week', 'month', 'year']).nullable().describe('How often it is paid'),
        intervalCount: z.int().nullable().describe('Every so many intervals'),
      }),
    ),
    createdAt: time,
    startedAt: time,
    currentPeriodStart: time.nullable().describe('Begin of the time that is paid for'),
    currentPeriodEnd: time.nullable().describe('When it is paid for again'),
    trialEnd: time.nullable().describe('Until when nothing is charged; null without a trial'),
    cancelsAt: time.nullable().describe('When it will end: at the end of the period, or when somebody said'),
    canceledAt: time.nullable().describe('When somebody asked for the end'),
    endedAt: time.nullable(),
    collectionPaused: z.boolean().describe('Invoices are made and not collected'),
    observedAt: time.describe('When Stripe last said so'),
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
