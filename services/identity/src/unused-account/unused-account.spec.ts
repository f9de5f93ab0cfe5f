/** @promise P03 nobody is anonymized without both warnings, nor before the day that the last one named */
import { describe, expect, it } from '@jest/globals';
import { given, type OrganizationId, type UserId } from '@vouchsafe/event-sourcing';
import type { UnusedAccountEvent } from './unused-account.events.js';
import { anonymizedFrom, unusedAccount } from './unused-account.decider.js';

const which = {
  organizationId: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01' as OrganizationId,
  userId: '5b0c7cbd-6b3c-4f0a-9a0e-000000000001' as UserId,
  lastUsedOn: '2027-01-31',
};
const erasureId = '5b0c7cbd-6b3c-4f0a-9a0e-0000000000ee';
const warned = (
  warning: 'first' | 'second',
  from = '2028-01-31',
  lastUsedOn = which.lastUsedOn,
): UnusedAccountEvent => ({
  type: 'unused-account-warned',
  data: { ...which, lastUsedOn, warning, anonymizedFrom: from },
});
const note = (warning: 'first' | 'second') =>
  ({ type: 'note-warning', ...which, warning, anonymizedFrom: '2028-01-31' }) as const;
const begin = { type: 'begin-erasure', ...which, erasureId, on: '2028-01-31', isMember: true } as const;
const begun: UnusedAccountEvent = { type: 'unused-account-erasure-begun', data: { ...which, erasureId } };

describe('an unused account (P03)', () => {
  it('is warned twice, in this order, and each time once', () => {
    given(unusedAccount, [])
      .when(note('first'))
      .then([warned('first')]);
    given(unusedAccount, [warned('first')])
      .when(note('first'))
      .then([]);
    given(unusedAccount, [warned('first')])
      .when(note('second'))
      .then([warned('second')]);
    given(unusedAccount, [warned('first'), warned('second')])
      .when(note('second'))
      .then([]);
    given(unusedAccount, []).when(note('second')).then({ rejected: 'not-warned' });
  });

  it('is anonymized on the day that the second warning named, once', () => {
    const both = [warned('first'), warned('second')];
    given(unusedAccount, both).when(begin).then([begun]);
    given(unusedAccount, [...both, begun])
      .when(begin)
      .then([]);
    given(unusedAccount, both)
      .when({ ...begin, on: '2028-01-30' })
      .then({ rejected: 'not-warned' });
  });

  it('is not anonymized after one warning, nor after warnings from before its last use', () => {
    given(unusedAccount, [warned('first', '2027-12-01')])
      .when(begin)
      .then({ rejected: 'not-warned' });
    const before = [
      warned('first', '2027-12-01', '2026-11-30'),
      warned('second', '2027-12-01', '2026-11-30'),
    ];
    given(unusedAccount, before).when(begin).then({ rejected: 'not-warned' });
    given(unusedAccount, before)
      .when(note('first'))
      .then([warned('first')]);
  });

  it('of a former member, who cannot log in, is anonymized without a warning', () => {
    given(unusedAccount, [])
      .when({ ...begin, isMember: false })
      .then([begun]);
  });
});

describe('the day that a warning names', () => {
  it('is the planned one, unless that leaves less than 60 or 30 days', () => {
    const plannedFor = '2028-01-31';
    expect(anonymizedFrom('first', { plannedFor, sentOn: '2027-11-30' })).toBe(plannedFor);
    expect(anonymizedFrom('first', { plannedFor, sentOn: '2028-03-01' })).toBe('2028-04-30');
    expect(anonymizedFrom('second', { plannedFor, sentOn: '2027-12-31' })).toBe(plannedFor);
    expect(anonymizedFrom('second', { plannedFor, sentOn: '2028-01-02' })).toBe('2028-02-01');
  });
});
