/** @promise P31 T0, coming back, and what the owners are told when */
import { describe, expect, it } from '@jest/globals';
import { fold, given, organizationId as anOrganization } from '@vouchsafe/event-sourcing';
import { nextDueAt, termination } from './termination.decider.js';
import type { TerminationEvent } from './termination.events.js';

const organizationId = anOrganization.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01');
const certificateId = '6fd7a3de-1f0e-4a52-9f2b-64d5c1c9a001';
const policy = { keptDays: 30, intervalDays: 7 };
const endedAt = '2027-01-31T13:45:10.000Z';
const dayAfter = (days: number) => new Date(Date.parse(endedAt) + days * 86_400_000);

const live: TerminationEvent = { type: 'subscription-became-live', data: { organizationId } };
const ended: TerminationEvent = {
  type: 'organization-deactivated',
  data: { organizationId, epoch: 1, endedAt, cause: 'subscriptions-ended' },
};
const closed: TerminationEvent = {
  type: 'organization-deactivated',
  data: { organizationId, epoch: 1, endedAt, cause: 'closed-by-owner' },
};
const cameBack: TerminationEvent = {
  type: 'organization-reactivated',
  data: { organizationId, epoch: 1 },
};
const due = (
  notice: 'ended' | 'month-before-purge' | 'week-before-purge',
  cause: 'subscriptions-ended' | 'closed-by-owner' = 'subscriptions-ended',
): TerminationEvent => ({
  type: 'termination-notice-due',
  data: {
    ...{ organizationId, epoch: 1, notice, cause, endedAt },
    purgeFrom: dayAfter(120).toISOString(),
    productionErasedBy: dayAfter(210).toISOString(),
    backupsExpiredBy: dayAfter(300).toISOString(),
    certificateId,
    returnUntil: dayAfter(30).toISOString(),
  },
});

const noteStarted = { type: 'note-subscription-started', organizationId } as const;
const noteResumed = { type: 'note-subscription-resumed', organizationId } as const;
const noteEnded = { type: 'note-subscriptions-ended', organizationId, endedAt } as const;
const close = { type: 'close', organizationId, at: new Date(endedAt) } as const;

describe('the end of an organization', () => {
  it('is the end of its last subscription, and is noted once', () => {
    given(termination, [live]).when(noteEnded).then([ended]);
    given(termination, [live, ended]).when(noteEnded).then([]);
  });

  it('moves to a later end that billing learned of late, and never to an earlier one', () => {
    const later = dayAfter(3).toISOString();
    given(termination, [live, ended])
      .when({ ...noteEnded, endedAt: later })
      .then([{ type: 'termination-moved', data: { organizationId, epoch: 1, endedAt: later } }]);
    given(termination, [live, ended])
      .when({ ...noteEnded, endedAt: dayAfter(-3).toISOString() })
      .then([]);
  });

  it('is an owner’s word where nothing is paid for', () => {
    given(termination, []).when(close).then([closed]);
    given(termination, [live]).when(close).then({ rejected: 'live-subscription' });
    given(termination, [closed]).when(close).then({ rejected: 'already-inactive' });
  });

  it('is undone by a new subscription, whatever its cause', () => {
    for (const how of [ended, closed]) given(termination, [how]).when(noteResumed).then([cameBack, live]);
    given(termination, [closed]).when(noteStarted).then([cameBack, live]);
  });

  it('is not undone by a start that billing reads after the end', () => {
    given(termination, [live, ended]).when(noteStarted).then([]);
  });

  it('is undone by an owner’s word only where it was one', () => {
    given(termination, [closed]).when({ type: 'reopen' }).then([cameBack]);
    given(termination, [ended]).when({ type: 'reopen' }).then({ rejected: 'subscription-needed' });
    given(termination, []).when({ type: 'reopen' }).then({ rejected: 'not-inactive' });
  });

  it('counts anew after a return', () => {
    given(termination, [live, ended, cameBack, live])
      .when({ ...noteEnded, endedAt: dayAfter(40).toISOString() })
      .then([
        {
          ...ended,
          data: { ...ended.data, epoch: 2, endedAt: dayAfter(40).toISOString() },
        },
      ]);
  });
});

describe('what the owners are told', () => {
  const advance = (days: number) =>
    ({ type: 'advance', at: dayAfter(days), policy, newCertificateId: certificateId }) as const;

  it('is due at the end, 30 days before the purge and 7 days before it, each once', () => {
    given(termination, [ended])
      .when(advance(0))
      .then([due('ended')]);
    given(termination, [ended, due('ended')])
      .when(advance(89))
      .then([]);
    given(termination, [ended, due('ended')])
      .when(advance(90))
      .then([due('month-before-purge')]);
    given(termination, [ended, due('ended'), due('month-before-purge')])
      .when(advance(113))
      .then([due('week-before-purge')]);
    given(termination, [ended, due('ended'), due('month-before-purge'), due('week-before-purge')])
      .when(advance(119.9))
      .then([]);
  });

  it('is nothing while the organization is in use', () => {
    given(termination, [live]).when(advance(400)).then([]);
    given(termination, [ended, cameBack]).when(advance(400)).then([]);
  });

  it('moves the purge where the first of it went out late', () => {
    const sentAt = dayAfter(10).toISOString();
    const sent: TerminationEvent = {
      type: 'termination-notice-sent',
      data: { organizationId, epoch: 1, notice: 'ended', sentAt },
    };
    const note = { type: 'note-notice-sent', epoch: 1, notice: 'ended', sentAt } as const;
    given(termination, [ended, due('ended')])
      .when(note)
      .then([sent]);
    given(termination, [ended, due('ended'), sent])
      .when(note)
      .then([]);
    given(termination, [ended, due('ended'), sent])
      .when(advance(99))
      .then([]);
    expect(nextDueAt(fold(termination, [ended, due('ended'), sent]), policy)).toEqual(dayAfter(100));
  });

  it('of an earlier end says nothing of this one', () => {
    const again: TerminationEvent = { ...ended, data: { ...ended.data, epoch: 2 } };
    given(termination, [ended, cameBack, again])
      .when({ type: 'note-notice-sent', epoch: 1, notice: 'ended', sentAt: dayAfter(1).toISOString() })
      .then([]);
  });
});

describe('the purge', () => {
  const advance = (days: number) =>
    ({ type: 'advance', at: dayAfter(days), policy, newCertificateId: certificateId }) as const;
  const told = [due('ended'), due('month-before-purge'), due('week-before-purge')];
  const proposed: TerminationEvent = { type: 'purge-proposed', data: { organizationId, epoch: 1 } };
  const erasureId = '0d3c3c25-6a0c-4b55-93cd-6a6d2f1f9d11';
  const confirm = { type: 'note-no-live-subscription', epoch: 1, erasureId } as const;
  const committed: TerminationEvent = {
    type: 'purge-committed',
    data: { organizationId, epoch: 1, erasureId },
  };

  it('is proposed on day 120, once, and not before', () => {
    given(termination, [ended, ...told])
      .when(advance(119.99))
      .then([]);
    given(termination, [ended, ...told])
      .when(advance(120))
      .then([proposed]);
    given(termination, [ended, ...told, proposed])
      .when(advance(400))
      .then([]);
    expect(nextDueAt(fold(termination, [ended, ...told]), policy)).toEqual(dayAfter(120));
    expect(nextDueAt(fold(termination, [ended, ...told, proposed]), policy)).toBeNull();
  });

  it('begins only with billing’s word that no subscription is live', () => {
    given(termination, [ended, proposed]).when(confirm).then([committed]);
    given(termination, [ended]).when(confirm).then([]);
  });

  it('does not begin where the organization came back meanwhile, or for an earlier end', () => {
    given(termination, [ended, proposed, cameBack]).when(confirm).then([]);
    given(termination, [ended, proposed]).when(noteResumed).then([cameBack, live]);
    const again: TerminationEvent = { ...ended, data: { ...ended.data, epoch: 2 } };
    given(termination, [ended, proposed, cameBack, again]).when(confirm).then([]);
  });

  it('cannot be undone', () => {
    const purging = [ended, proposed, committed];
    given(termination, purging).when(confirm).then([]);
    given(termination, purging).when(noteResumed).then([]);
    given(termination, purging).when(noteEnded).then([]);
    given(termination, purging).when({ type: 'reopen' }).then({ rejected: 'purging' });
    given(termination, purging).when(close).then({ rejected: 'purging' });
    given(termination, purging).when(advance(400)).then([]);
  });
});
