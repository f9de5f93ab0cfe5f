import { personal, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';
import { user } from './entities.js';

const level = z.enum(['single-factor', 'two-factor']);

const session = { type: 'session', id: 'sessionId' } as const;

/** Where a log-in came from: needed to find misuse of an account (P05, P24). */
const origin = {
  sourceIp: personal(z.string(), { purpose: 'security', subject: 'userId' }).nullable(),
  userAgent: personal(z.string(), { purpose: 'security', subject: 'userId' }).nullable(),
};

export const loggedIn = contract({
  type: 'vouchsafe.identity.logged-in.v1',
  summary: 'A session began.',
  entity: session,
  schema: z.strictObject({ ...fact, userId, sessionId: z.uuid(), level, ...origin }),
});

export const logInFailed = contract({
  type: 'vouchsafe.identity.log-in-failed.v1',
  summary:
    "A log-in was denied. Where no account has the email address, the fact belongs to the operator's organization.",
  entity: user,
  outcome: 'denied',
  schema: z.strictObject({
    ...fact,
    userId: userId.nullable(),
    reason: z.enum([
      'unknown-account',
      'wrong-password',
      'wrong-code',
      'used-code',
      'wrong-recovery-code',
      'too-many-attempts',
    ]),
    ...origin,
  }),
});

export const sessionElevated = contract({
  type: 'vouchsafe.identity.session-elevated.v1',
  summary: 'A person confirmed their identity again within a session, with the same factor or another one.',
  entity: session,
  schema: z.strictObject({ ...fact, userId, sessionId: z.uuid(), level }),
});

export const sessionEnded = contract({
  type: 'vouchsafe.identity.session-ended.v1',
  summary: 'A session was ended. A session that expires by itself publishes nothing.',
  entity: session,
  schema: z.strictObject({
    ...fact,
    userId,
    sessionId: z.uuid(),
    reason: z.enum([
      'logged-out',
      'ended-by-user',
      'password-changed',
      'role-changed',
      'member-removed',
      'replaced',
    ]),
  }),
});
