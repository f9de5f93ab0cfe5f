import {
  eventCatalog,
  type EventOf,
  formerVersion,
  organizationId,
  personal,
  userId,
} from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { role } from '../permission/role.js';

const which = { organizationId, invitationId: z.uuid() };

const revocationReason = z.enum(['revoked', 'inviter-removed', 'inviter-demoted']);
export type RevocationReason = z.infer<typeof revocationReason>;

// The invited person has no account yet: the invitation's id stands for the person.
const email = personal(z.email(), { purpose: 'communication', subject: 'invitationId' });

/** Stream `invitation-<id>`. */
export const invitationEvents = eventCatalog({
  'invitation-created': {
    version: 2,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      /** Whose role must still allow it at acceptance; `null` in version 1, which did not say. */
      invitedBy: userId.nullable(),
      email,
      role,
      expiresAt: z.iso.datetime(),
    }),
    former: {
      1: formerVersion(z.strictObject({ ...which, email, role, expiresAt: z.iso.datetime() }), (data) => ({
        ...data,
        invitedBy: null,
      })),
    },
  },
  'invitation-accepted': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, userId, role }),
  },
  'invitation-revoked': {
    version: 2,
    visibility: 'published',
    schema: z.strictObject({ ...which, reason: revocationReason }),
    former: { 1: formerVersion(z.strictObject(which), (data) => ({ ...data, reason: 'revoked' })) },
  },
});
export type InvitationEvent = EventOf<typeof invitationEvents>;
