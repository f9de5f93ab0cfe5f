import { eventCatalog, type EventOf, organizationId, personal, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

export const documentKind = z.enum(['terms-of-service', 'privacy-policy']);
export type DocumentKind = z.infer<typeof documentKind>;

const who = { organizationId, userId };
const authenticator = { authenticatorId: z.uuid(), kind: z.enum(['totp']) };

/** Stream `user-<id>`: a person. Credentials are not here: they live in tables that can be erased. */
export const userEvents = eventCatalog({
  'user-registered': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...who,
      email: personal(z.email(), { purpose: 'account', subject: 'userId' }),
      name: personal(z.string(), { purpose: 'account', subject: 'userId' }),
    }),
  },
  'email-verified': { version: 1, visibility: 'published', schema: z.strictObject(who) },
  'user-renamed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...who,
      name: personal(z.string(), { purpose: 'account', subject: 'userId' }),
    }),
  },
  /** P15: who, which version and its text's hash, when, from where. */
  'consent-recorded': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...who,
      document: documentKind,
      version: z.string(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      acceptedAt: z.iso.datetime(),
      sourceIp: personal(z.string(), { purpose: 'contract', subject: 'userId' }).nullable(),
      userAgent: personal(z.string(), { purpose: 'contract', subject: 'userId' }).nullable(),
    }),
  },
  'password-changed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...who, how: z.enum(['changed', 'reset']) }),
  },
  'second-factor-enrolled': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...who, ...authenticator }),
  },
  'second-factor-removed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...who, ...authenticator }),
  },
  'recovery-codes-issued': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...who, count: z.int() }),
  },
  'recovery-code-used': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...who, remaining: z.int() }),
  },
});

export type UserEvent = EventOf<typeof userEvents>;
