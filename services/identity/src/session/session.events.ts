import { eventCatalog, type EventOf, organizationId, personal, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

export const sessionLevel = z.enum(['single-factor', 'two-factor']);
export type SessionLevel = z.infer<typeof sessionLevel>;

const sessionEndReason = z.enum([
  'logged-out',
  'ended-by-user',
  'password-changed',
  'role-changed',
  'member-removed',
  'replaced',
]);
export type SessionEndReason = z.infer<typeof sessionEndReason>;

/** Where it came from; kept to find misuse of an account (P05, P24). */
const origin = {
  sourceIp: personal(z.string(), { purpose: 'security', subject: 'userId' }).nullable(),
  userAgent: personal(z.string(), { purpose: 'security', subject: 'userId' }).nullable(),
};

/** Stream `session-<public id>`: the secret that the browser holds is nowhere in it. */
export const sessionEvents = eventCatalog({
  'session-started': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      organizationId,
      userId,
      sessionId: z.uuid(),
      level: sessionLevel,
      expiresAt: z.iso.datetime(),
      ...origin,
    }),
  },
  'session-elevated': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, userId, sessionId: z.uuid(), level: sessionLevel }),
  },
  'session-ended': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, userId, sessionId: z.uuid(), reason: sessionEndReason }),
  },
});
export type SessionEvent = EventOf<typeof sessionEvents>;

const logInFailure = z.enum([
  'unknown-account',
  'wrong-password',
  'wrong-code',
  'used-code',
  'wrong-recovery-code',
]);
export type LogInFailure = z.infer<typeof logInFailure>;

/** Stream `log-in-<attempt id>`: a denied attempt each, so that an attacker makes nobody's own stream longer. */
export const logInEvents = eventCatalog({
  'log-in-failed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      organizationId,
      userId: userId.nullable(),
      reason: logInFailure,
      ...origin,
    }),
  },
  /** So many failed that no more are looked at for a while. */
  'log-in-stopped': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, userId: userId.nullable(), ...origin }),
  },
});
export type LogInEvent = EventOf<typeof logInEvents>;
