/**
 * @promise P13 the last second factor cannot be removed
 * @promise P15 registration with and without consents, and a text that was changed
 */
import { describe, it } from '@jest/globals';
import { given, type OrganizationId, type UserId } from '@vouchsafe/event-sourcing';
import type { UserEvent } from './user.events.js';
import { type Consent, user } from './user.decider.js';

const who = {
  organizationId: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01' as OrganizationId,
  userId: '5b0c7cbd-6b3c-4f0a-9a0e-000000000001' as UserId,
};
const terms = { document: 'terms-of-service', version: '2026-01', sha256: 'a'.repeat(64) } as const;
const privacy = { document: 'privacy-policy', version: '2026-01', sha256: 'b'.repeat(64) } as const;
const at = new Date('2026-11-22T10:00:00Z');
const consent: Consent = {
  accepted: [terms, privacy],
  acceptedAt: at,
  sourceIp: '198.51.100.7',
  userAgent: 'Browser',
};
const consented = (one: typeof terms | typeof privacy): UserEvent => ({
  type: 'consent-recorded',
  data: { ...who, ...one, acceptedAt: at.toISOString(), sourceIp: '198.51.100.7', userAgent: 'Browser' },
});
const registered: UserEvent = {
  type: 'user-registered',
  data: { ...who, email: 'ada@example.com', name: 'Ada Example' },
};
const command = {
  type: 'register' as const,
  ...who,
  email: 'ada@example.com',
  name: 'Ada Example',
  consent,
  required: [terms, privacy],
  emailVerified: false,
};
const verified: UserEvent[] = [
  registered,
  consented(terms),
  consented(privacy),
  { type: 'email-verified', data: who },
];
const authenticatorId = '5b0c7cbd-6b3c-4f0a-9a0e-0000000000aa';
const enrolled: UserEvent[] = [
  ...verified,
  { type: 'second-factor-enrolled', data: { ...who, authenticatorId, kind: 'totp' } },
];

describe('a user', () => {
  it('is registered together with the consents (P15)', () => {
    given(user, [])
      .when(command)
      .then([registered, consented(terms), consented(privacy)]);
  });

  it('does not exist without the consents that are required (P15)', () => {
    given(user, [])
      .when({ ...command, consent: { ...consent, accepted: [terms] } })
      .then({ rejected: 'consent-missing' });
  });

  it('has not accepted a text that was changed under the same version (P15)', () => {
    const changed = { ...privacy, sha256: 'c'.repeat(64) };
    given(user, [])
      .when({ ...command, consent: { ...consent, accepted: [terms, changed] } })
      .then({ rejected: 'consent-missing' });
  });

  it('is verified by an invitation, once', () => {
    given(user, [])
      .when({ ...command, emailVerified: true })
      .then(verified);
    given(user, verified).when({ type: 'verify-email' }).then([]);
  });

  it('can do nothing before the email address is verified', () => {
    given(user, [registered]).when({ type: 'rename', name: 'Ada' }).then({ rejected: 'not-verified' });
    given(user, [registered])
      .when({ type: 'enrol-second-factor', authenticatorId, recoveryCodes: 10 })
      .then({ rejected: 'not-verified' });
  });

  it('records only the documents that were not accepted before', () => {
    const newer = { ...terms, version: '2027-01', sha256: 'd'.repeat(64) };
    given(user, verified)
      .when({ type: 'accept-documents', consent: { ...consent, accepted: [newer, privacy] } })
      .then([
        {
          type: 'consent-recorded',
          data: {
            ...who,
            ...newer,
            acceptedAt: at.toISOString(),
            sourceIp: '198.51.100.7',
            userAgent: 'Browser',
          },
        },
      ]);
  });

  it('keeps the last second factor where the organization requires one (P13)', () => {
    given(user, enrolled)
      .when({
        type: 'remove-second-factor',
        authenticatorId,
        requiredByOrganization: true,
        passwordIsGoodAlone: true,
      })
      .then({ rejected: 'second-factor-required' });
    given(user, enrolled)
      .when({
        type: 'remove-second-factor',
        authenticatorId,
        requiredByOrganization: false,
        passwordIsGoodAlone: true,
      })
      .then([{ type: 'second-factor-removed', data: { ...who, authenticatorId, kind: 'totp' } }]);
  });

  it('gets recovery codes only beside a second factor', () => {
    given(user, verified)
      .when({ type: 'issue-recovery-codes', count: 10 })
      .then({ rejected: 'no-such-authenticator' });
    given(user, enrolled)
      .when({ type: 'issue-recovery-codes', count: 10 })
      .then([{ type: 'recovery-codes-issued', data: { ...who, count: 10 } }]);
  });
});
