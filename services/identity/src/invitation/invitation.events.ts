import { eventCatalog, type EventOf, organizationId, personal, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { role } from '../permission/role.js';

const which = { organizationId, invitationId: z.uuid() };

/** Stream `invitation-<id>`. */
export const invitationEvents = eventCatalog({
  'invitation-created': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      // The invited person has no account yet: the invitation's id stands for the person.
      email: personal(z.email(), { purpose: 'communication', subject: 'invitationId' }),
      role,
      expiresAt: z.iso.datetime(),
    }),
  },
  'invitation-accepted': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, userId, role }),
  },
  'invitation-revoked': { version: 1, visibility: 'published', schema: z.strictObject(which) },
});
export type InvitationEvent = EventOf<typeof invitationEvents>;
