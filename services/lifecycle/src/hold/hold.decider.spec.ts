/** @promise P31 a hold is in force when every service has confirmed it, and never ends by itself */
import { describe, expect, it } from '@jest/globals';
import { fold, given, organizationId } from '@vouchsafe/event-sourcing';
import { hold } from './hold.decider.js';
import type { HoldEvent } from './hold.events.js';

const heldOrganizationId = organizationId.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01');
const holdId = '0d3c3c25-6a0c-4b55-93cd-6a6d2f1f9d11';
const which = { holdId, heldOrganizationId };
const at = new Date('2027-01-01T00:00:00.000Z');
const services = ['identity', 'audit'];
const by = { type: 'user', id: '7d3c3c25-6a0c-4b55-93cd-6a6d2f1f9d11' };
const placing = {
  ...{ ...which, scope: { of: 'organization' as const }, reason: 'Litigation' },
  ...{ placedBy: by, placedFor: heldOrganizationId, until: null },
};
const in90Days = '2027-04-01T00:00:00.000Z';
const placed: HoldEvent = { type: 'hold-placed', data: { ...placing, reviewDueAt: in90Days } };
const confirmedAt = at.toISOString();
const kept = (service: string): HoldEvent => ({
  type: 'hold-confirmed-by-service',
  data: { ...which, service, confirmedAt },
});
const ended = (service: string): HoldEvent => ({
  type: 'hold-ended-by-service',
  data: { ...which, service, confirmedAt },
});
const inForce: HoldEvent = { type: 'hold-in-force', data: which };
const releasing: HoldEvent = {
  type: 'hold-release-requested',
  data: { ...which, reason: 'Settled', releasedBy: by },
};
const released: HoldEvent = { type: 'hold-released', data: which };
const note = (service: string, step: 'placed' | 'released' = 'placed') =>
  ({ type: 'note-confirmation', step, service, confirmedAt, services }) as const;

describe('a hold', () => {
  it('is to be reviewed after 90 days', () => {
    given(hold, []).when({ type: 'place', hold: placing, at }).then([placed]);
  });

  it('is to be reviewed when it is expected to end, and does not end then', () => {
    const until = '2027-02-01T00:00:00.000Z';
    given(hold, [])
      .when({ type: 'place', hold: { ...placing, until }, at })
      .then([{ type: 'hold-placed', data: { ...placing, until, reviewDueAt: until } }]);
  });

  it('is pending until the last service has confirmed it', () => {
    given(hold, [placed])
      .when(note('identity'))
      .then([kept('identity')]);
    expect(fold(hold, [placed, kept('identity')]).status).toBe('pending');
    given(hold, [placed, kept('identity')])
      .when(note('audit'))
      .then([kept('audit'), inForce]);
  });

  it('takes each confirmation once', () => {
    given(hold, [placed, kept('identity')])
      .when(note('identity'))
      .then([]);
  });

  it('has ended when every service has ended it', () => {
    const before = [placed, kept('identity'), kept('audit'), inForce];
    given(hold, before).when({ type: 'release', by, reason: 'Settled' }).then([releasing]);
    given(hold, [...before, releasing])
      .when(note('identity', 'released'))
      .then([ended('identity')]);
    given(hold, [...before, releasing, ended('identity')])
      .when(note('audit', 'released'))
      .then([ended('audit'), released]);
  });

  it('can be released while it is pending; late confirmations do not bring it back', () => {
    given(hold, [placed, kept('identity')])
      .when({ type: 'release', by, reason: 'Settled' })
      .then([releasing]);
    given(hold, [placed, kept('identity'), releasing])
      .when(note('audit'))
      .then([kept('audit')]);
  });

  it('is reviewed and released only while it is there', () => {
    const review = { type: 'review', by, reason: 'Pending', until: null, at } as const;
    given(hold, []).when(review).then({ rejected: 'not-placed' });
    given(hold, [placed, releasing]).when(review).then({ rejected: 'already-released' });
    given(hold, [placed, releasing])
      .when({ type: 'release', by, reason: 'Again' })
      .then({ rejected: 'already-released' });
    given(hold, [placed])
      .when(review)
      .then([
        {
          type: 'hold-reviewed',
          data: { ...which, reason: 'Pending', reviewedBy: by, until: null, reviewDueAt: in90Days },
        },
      ]);
  });
});
