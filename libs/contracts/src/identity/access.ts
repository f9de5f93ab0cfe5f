import { personal, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';
import { role } from './role.js';

const invitationId = z.uuid();
const invitation = { type: 'invitation', id: 'invitationId' } as const;

export const invitationCreated = contract({
  type: 'vouchsafe.identity.invitation-created.v1',
  summary: 'A person was invited to join; an email with a single-use link is on its way.',
  entity: invitation,
  schema: z.strictObject({
    ...fact,
    invitationId,
    // The invited person has no account yet: the invitation's id stands for the person.
    email: personal(z.email(), { purpose: 'communication', subject: 'invitationId' }),
    role,
    expiresAt: z.iso.datetime(),
  }),
});

export const invitationAccepted = contract({
  type: 'vouchsafe.identity.invitation-accepted.v1',
  summary: 'The invited person accepted and has an account.',
  entity: invitation,
  schema: z.strictObject({ ...fact, invitationId, userId, role }),
});

export const invitationRevoked = contract({
  type: 'vouchsafe.identity.invitation-revoked.v1',
  summary: 'An invitation was withdrawn before it was accepted.',
  entity: invitation,
  schema: z.strictObject({ ...fact, invitationId }),
});

const apiKeyId = z.uuid();
const apiKey = { type: 'api-key', id: 'apiKeyId' } as const;

export const apiKeyCreated = contract({
  type: 'vouchsafe.identity.api-key-created.v1',
  summary: 'An API key was created and shown once.',
  entity: apiKey,
  schema: z.strictObject({
    ...fact,
    apiKeyId,
    createdBy: userId,
    scopes: z.array(z.string()),
    expiresAt: z.iso.datetime().nullable(),
    /** Of the audit entries that it submits; not said of keys that were made before sources were there. */
    source: z.string().optional(),
    /** The key whose source it took over. */
    replaces: z.uuid().nullable().optional(),
  }),
});

export const apiKeyRevoked = contract({
  type: 'vouchsafe.identity.api-key-revoked.v1',
  summary: 'An API key was revoked and no longer works.',
  entity: apiKey,
  schema: z.strictObject({ ...fact, apiKeyId, reason: z.enum(['revoked', 'creator-removed']) }),
});
