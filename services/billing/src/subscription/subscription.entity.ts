import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import type { SubscriptionContent } from './subscription.events.js';

const time = () => p.string().columnType('timestamptz');

/** The register of subscriptions as they are shown, ended ones too. */
export const SubscriptionRow = defineEntity({
  name: 'Subscription',
  tableName: 'subscription',
  properties: {
    organizationId: p.uuid(),
    subscriptionId: p.text().primary(),
    customerId: p.text(),
    status: p.text().$type<SubscriptionContent['status']>(),
    items: p.json<SubscriptionContent['items']>(),
    currency: p.text(),
    createdAt: time(),
    startedAt: time(),
    currentPeriodStart: time().nullable(),
    currentPeriodEnd: time().nullable(),
    trialEnd: time().nullable(),
    cancelsAt: time().nullable(),
    canceledAt: time().nullable(),
    endedAt: time().nullable(),
    collectionPaused: p.boolean(),
    /** When billing last read this from Stripe, in service time. */
    observedAt: time(),
  },
  uniques: [
    {
      name: 'subscription_organization_id_created_at_subscription_id_key',
      properties: ['organizationId', 'createdAt', 'subscriptionId'],
    },
  ],
});
export type SubscriptionRow = InferEntity<typeof SubscriptionRow>;
