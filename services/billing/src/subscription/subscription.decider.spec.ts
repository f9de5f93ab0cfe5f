import { describe, expect, it } from '@jest/globals';
import { fold, given, organizationId as id } from '@vouchsafe/event-sourcing';
import type { Observation } from '../observation/observation.js';
import { active, canceled, ended } from '../testing/subscriptions.js';
import { subscription } from './subscription.decider.js';
import type { SubscriptionContent, SubscriptionEvent } from './subscription.events.js';

const organizationId = id.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01');
const other = id.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02');
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
