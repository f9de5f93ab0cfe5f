import { personal, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';
import { user } from './entities.js';

export const userRegistered = contract({
  type: 'vouchsafe.identity.user-registered.v1',
  summary: 'A person has an account, by sign-up or by an invitation.',
  entity: user,
  schema: z.strictObject({
    ...fact,
    userId,
    email: personal(z.email(), { purpose: 'account', subject: 'userId' }),
    name: personal(z.string(), { purpose: 'account', subject: 'userId' }),
  }),
});

export const emailVerified = contract({
  type: 'vouchsafe.identity.email-verified.v1',
  summary: 'The person opened the link that was sent to the email address.',
  entity: user,
  schema: z.strictObject({ ...fact, userId }),
});

export const userRenamed = contract({
  type: 'vouchsafe.identity.user-renamed.v1',
  summary: 'A person changed the name shown to others.',
  entity: user,
  schema: z.strictObject({
    ...fact,
    userId,
    name: personal(z.string(), { purpose: 'account', subject: 'userId' }),
  }),
});

export const consentRecorded = contract({
  type: 'vouchsafe.identity.consent-recorded.v1',
  summary: 'A person accepted one version of a legal document (P15).',
  entity: user,
  schema: z.strictObject({
    ...fact,
    userId,
    document: z.enum(['terms-of-service', 'privacy-policy']),
    version: z.string(),
    /** SHA-256 of the text that was shown, hexadecimal. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    sourceIp: personal(z.string(), { purpose: 'contract', subject: 'userId' }).nullable(),
  }),
});

export const passwordChanged = contract({
  type: 'vouchsafe.identity.password-changed.v1',
  summary: 'A password was changed or reset; all sessions but the one that changed it ended with it.',
  entity: user,
  schema: z.strictObject({ ...fact, userId, how: z.enum(['changed', 'reset']) }),
});

const authenticator = { authenticatorId: z.uuid(), kind: z.enum(['totp']) };

export const secondFactorEnrolled = contract({
  type: 'vouchsafe.identity.second-factor-enrolled.v1',
  summary: 'A second factor was confirmed by its first code.',
  entity: { type: 'authenticator', id: 'authenticatorId' },
  schema: z.strictObject({ ...fact, userId, ...authenticator }),
});

export const secondFactorRemoved = contract({
  type: 'vouchsafe.identity.second-factor-removed.v1',
  summary: 'A person removed a second factor.',
  entity: { type: 'authenticator', id: 'authenticatorId' },
  schema: z.strictObject({ ...fact, userId, ...authenticator }),
});

export const recoveryCodesIssued = contract({
  type: 'vouchsafe.identity.recovery-codes-issued.v1',
  summary: 'New recovery codes were created and shown; the earlier ones no longer work.',
  entity: user,
  schema: z.strictObject({ ...fact, userId, count: z.int() }),
});

export const recoveryCodeUsed = contract({
  type: 'vouchsafe.identity.recovery-code-used.v1',
  summary: 'A recovery code was used in place of the second factor and cannot be used again.',
  entity: user,
  schema: z.strictObject({ ...fact, userId, remaining: z.int() }),
});
