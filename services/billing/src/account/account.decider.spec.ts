/** @promise P31 T0 is the greatest end, published once, and taken back when one is live again */
import { describe, expect, it } from '@jest/globals';
import { fold, organizationId as id } from '@vouchsafe/event-sourcing';
import { livenessOf } from '../subscription/subscription.decider.js';
import type { SubscriptionContent } from '../subscription/subscription.events.js';
import { active, canceled, ended } from '../testing/subscriptions.js';
import { account, accountSubscription } from './account.decider.js';

const organizationId = id.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01');

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
