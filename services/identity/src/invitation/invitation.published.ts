import { identityFacts, publication } from '@vouchsafe/contracts';
import { factBase, toFacts } from '../published.js';
import type { InvitationEvent } from './invitation.events.js';

export const invitationFacts = toFacts<InvitationEvent>({
  'invitation-created': (event) => {
    // Who invited is the fact's actor.
    const { organizationId, invitationId, email, role, expiresAt } = event.data;
    return publication(identityFacts.invitationCreated, {
      ...factBase(event),
      organizationId,
      invitationId,
      email,
      role,
      expiresAt,
    });
  },
  'invitation-accepted': (event) =>
    publication(identityFacts.invitationAccepted, { ...factBase(event), ...event.data }),
  'invitation-revoked': (event) => {
    const { organizationId, invitationId } = event.data;
    return publication(identityFacts.invitationRevoked, { ...factBase(event), organizationId, invitationId });
  },
});
