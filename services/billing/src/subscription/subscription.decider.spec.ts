import { describe, expect, it } from '@jest/globals';
import { fold, given, organizationId as id } from '@vouchsafe/event-sourcing';
import { account, accountSubscription } from '../account/account.decider.js';
import type { Observation } from '../observation/observation.js';
import { livenessOf, subscription } from './subscription.decider.js';
import type { SubscriptionContent, SubscriptionEvent } from './subscription.events.js';

const organizationId = id.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01');
const other = id.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02');
const [began, ended] = ['2026-01-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'];

const active: SubscriptionContent = {
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
const canceled: SubscriptionContent = { ...active, status: 'canceled', endedAt: ended };

function observe(content: SubscriptionContent, more: Partial<Observation> = {}) {
  const observation = {
    organizationId,
    source: 'webhook',
    eventId: 'evt_1',
    apiVersion: 'test',
    contentHash: JSON.stringify(content),
    fetchedAt: ended,
    ...more,
  } as const;
  return { type: 'observe', id: 'sub_1', observation, content } as const;
}

function known(...contents: readonly SubscriptionContent[]): SubscriptionEvent[] {
  const events: SubscriptionEvent[] = [];
  for (const content of contents) {
    const decided = subscription.decide(fold(subscription, events), observe(content));
    if ('rejected' in decided) throw new Error(decided.rejected);
    events.push(...decided);
  }
  return events;
}

const typesAfter = (past: readonly SubscriptionContent[], content: SubscriptionContent) =>
  known(...past, content)
    .slice(known(...past).length)
    .map(({ type }) => type);

describe('a subscription', () => {
  it('starts when it is first seen live', () => {
    expect(typesAfter([], active)).toEqual(['subscription-observed', 'subscription-started']);
  });

  it.each(['incomplete', 'incomplete_expired'] as const)('that is %s has not started', (status) => {
    expect(typesAfter([], { ...active, status })).toEqual(['subscription-observed']);
  });

  it('starts when its first payment succeeds', () => {
    expect(typesAfter([{ ...active, status: 'incomplete' }], active)).toEqual([
      'subscription-observed',
      'subscription-started',
    ]);
  });

  it('that is first seen when it has ended had started, too', () => {
    expect(typesAfter([], canceled)).toEqual([
      'subscription-observed',
      'subscription-started',
      'subscription-ended',
    ]);
  });

  it('ends at the time that Stripe says, not when we heard of it', () => {
    expect(known(active, canceled).at(-1)).toEqual({
      type: 'subscription-ended',
      data: { organizationId, source: 'webhook', subscriptionId: 'sub_1', endedAt: ended },
    });
  });

  it('never changes once it has ended', () => {
    for (const content of [
      active,
      { ...canceled, cancelsAt: ended },
      { ...active, status: 'past_due' as const },
    ])
      given(subscription, known(active, canceled)).when(observe(content)).then([]);
  });

  it('is not recorded twice alike', () => {
    given(subscription, known(active)).when(observe(active)).then([]);
  });

  it('does not become incomplete again', () => {
    given(subscription, known(active))
      .when(observe({ ...active, status: 'incomplete' }))
      .then([]);
  });

  it('says what of it changed, and a new period is no change', () => {
    const changed = (content: SubscriptionContent) =>
      known(active, content).flatMap(({ type, data }) =>
        type === 'subscription-changed' ? data.changed : [],
      );
    const [item] = active.items;
    if (!item) throw new Error('It has an item');
    expect(changed({ ...active, status: 'past_due' })).toEqual(['status']);
    expect(changed({ ...active, items: [{ ...item, quantity: 2 }] })).toEqual(['items']);
    expect(changed({ ...active, cancelsAt: ended })).toEqual(['cancellation']);
    expect(changed({ ...active, trialEnd: ended })).toEqual(['trial']);
    expect(changed({ ...active, collectionPaused: true })).toEqual(['collection']);
    expect(changed({ ...active, currentPeriodEnd: ended })).toEqual([]);
  });

  it('is no other organization’s', () => {
    given(subscription, known(active))
      .when(observe({ ...active, status: 'past_due' }, { organizationId: other }))
      .then({ rejected: 'other-organization' });
  });
});

describe('T0', () => {
  const from = { organizationId, source: 'webhook' } as const;
  const read = (subscriptions: readonly (readonly [string, SubscriptionContent])[]) =>
    ({
      type: 'observe',
      ...from,
      subscriptions: subscriptions.flatMap(([one, content]) => accountSubscription(one, content) ?? []),
    }) as const;
  const after = (...reads: (readonly (readonly [string, SubscriptionContent])[])[]) => {
    const events = [];
    for (const one of reads) {
      const decided = account.decide(fold(account, events), read(one));
      if ('rejected' in decided) throw new Error('An account rejects nothing');
      events.push(...decided);
    }
    return events.flatMap(({ type, data }) => {
      if (type === 'all-subscriptions-ended') return [`T0 ${data.endedAt}`];
      return type === 'subscription-resumed' ? [`resumed ${data.subscriptionId}`] : [];
    });
  };

  it('is the end of the only subscription', () => {
    expect(after([['sub_1', active]], [['sub_1', canceled]])).toEqual([`T0 ${ended}`]);
  });

  it('is the greatest end, whichever is heard of last', () => {
    const earlier = { ...canceled, endedAt: '2026-02-01T00:00:00.000Z' };
    expect(
      after(
        [
          ['sub_1', active],
          ['sub_2', active],
        ],
        [['sub_2', canceled]],
        [['sub_1', earlier]],
      ),
    ).toEqual([`T0 ${ended}`]);
  });

  it.each(['trialing', 'active', 'past_due', 'unpaid', 'paused'] as const)(
    'is not while one is %s',
    (status) => {
      expect(after([['sub_1', { ...active, status }]], [['sub_2', canceled]])).toEqual([]);
    },
  );

  it.each(['incomplete', 'incomplete_expired'] as const)('is not of one that was %s alone', (status) => {
    expect(livenessOf({ status })).toBe('never');
    expect(after([['sub_1', { ...active, status }]])).toEqual([]);
  });

  it('is given up when one is live again, and is a new time after that', () => {
    const later = { ...canceled, endedAt: '2026-05-01T00:00:00.000Z' };
    expect(after([['sub_1', canceled]], [['sub_2', active]], [['sub_2', later]])).toEqual([
      `T0 ${ended}`,
      'resumed sub_2',
      `T0 ${later.endedAt}`,
    ]);
  });

  it('is not said twice', () => {
    expect(after([['sub_1', canceled]], [['sub_1', canceled]], [['sub_1', active]])).toEqual([`T0 ${ended}`]);
  });

  it('is not while another of the customer is live that no webhook told of', () => {
    expect(
      after([
        ['sub_1', canceled],
        ['sub_2', active],
      ]),
    ).toEqual([]);
  });
});
