import { describe, expect, it } from '@jest/globals';
import { fold, type OrganizationId, type UserId } from '@vouchsafe/event-sourcing';
import { stripeKeyUse } from './stripe-key-use.decider.js';
import { stripeKey } from './stripe-key.decider.js';
import type { StripeKeyEvent } from './stripe-key.events.js';

const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01' as OrganizationId;
const setBy = '0f8fad5b-d9cb-469f-a165-70867728950e' as UserId;
const set: StripeKeyEvent = { type: 'stripe-key-set', data: { organizationId, setBy, lastFour: 'abcd' } };
const removed: StripeKeyEvent = { type: 'stripe-key-removed', data: { organizationId } };
const after = (...events: StripeKeyEvent[]) => fold(stripeKey, events);

describe('a Stripe key of a customer', () => {
  it.each([[[]], [[set]], [[set, removed]]])('is set, whatever was before: %#', (before) => {
    const command = { type: 'set', organizationId, setBy, lastFour: 'abcd' } as const;
    expect(stripeKey.decide(after(...before), command)).toEqual([set]);
  });

  it('is removed where there is one, and once', () => {
    const remove = { type: 'remove', organizationId } as const;
    expect(stripeKey.decide(after(set), remove)).toEqual([removed]);
    for (const before of [[], [set, removed]])
      expect(stripeKey.decide(after(...before), remove)).toEqual({ rejected: 'no-key' });
  });
});

it('a use of it is recorded once under its id', () => {
  const command = { organizationId, read: 'balance' } as const;
  const recorded = { type: 'stripe-key-used', data: command } as const;
  expect(stripeKeyUse.decide('absent', command)).toEqual([recorded]);
  expect(stripeKeyUse.decide(fold(stripeKeyUse, [recorded]), command)).toEqual({
    rejected: 'already-recorded',
  });
});
