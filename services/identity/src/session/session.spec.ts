import { describe, it } from '@jest/globals';
import { given, type OrganizationId, type UserId } from '@vouchsafe/event-sourcing';
import type { SessionEvent, SessionLevel } from './session.events.js';
import { logInAttempt, session } from './session.decider.js';

const which = {
  organizationId: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01' as OrganizationId,
  userId: '5b0c7cbd-6b3c-4f0a-9a0e-000000000001' as UserId,
  sessionId: '5b0c7cbd-6b3c-4f0a-9a0e-000000000002',
};
const started = (level: SessionLevel): SessionEvent => ({
  type: 'session-started',
  data: { ...which, level, expiresAt: '2026-11-23T10:00:00.000Z', sourceIp: null, userAgent: null },
});

describe('a session', () => {
  it('starts once', () => {
    const start = {
      type: 'start' as const,
      ...which,
      level: 'single-factor' as const,
      expiresAt: new Date('2026-11-23T10:00:00Z'),
      sourceIp: null,
      userAgent: null,
    };
    given(session, [])
      .when(start)
      .then([started('single-factor')]);
    given(session, [started('single-factor')])
      .when(start)
      .then({ rejected: 'already-started' });
  });

  it('never sinks below what was proved', () => {
    given(session, [started('two-factor')])
      .when({ type: 'elevate', level: 'single-factor' })
      .then([{ type: 'session-elevated', data: { ...which, level: 'two-factor' } }]);
  });

  it('is dead once it has ended (ASVS 7.4.1)', () => {
    const ended: SessionEvent = { type: 'session-ended', data: { ...which, reason: 'logged-out' } };
    given(session, [started('single-factor')])
      .when({ type: 'end', reason: 'logged-out' })
      .then([ended]);
    given(session, [started('single-factor'), ended])
      .when({ type: 'elevate', level: 'two-factor' })
      .then({ rejected: 'not-live' });
    given(session, [started('single-factor'), ended])
      .when({ type: 'end', reason: 'logged-out' })
      .then({ rejected: 'not-live' });
  });
});

describe('a denied log-in', () => {
  const whose = {
    organizationId: which.organizationId,
    userId: which.userId,
    sourceIp: '198.51.100.7',
    userAgent: null,
  };
  const failure = { ...whose, reason: 'wrong-password' as const, stops: false };
  const failed = { type: 'log-in-failed' as const, data: { ...whose, reason: 'wrong-password' as const } };

  it('is recorded once (ASVS 16.3.1)', () => {
    given(logInAttempt, []).when(failure).then([failed]);
    given(logInAttempt, [failed]).when(failure).then({ rejected: 'already-recorded' });
  });

  it('says when it was one too many (ASVS 6.3.1)', () => {
    given(logInAttempt, [])
      .when({ ...failure, stops: true })
      .then([failed, { type: 'log-in-stopped', data: whose }]);
  });
});
