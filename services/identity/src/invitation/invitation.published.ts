import { identityFacts, publication } from '@vouchsafe/contracts';
import { factBase, toFacts } from '../published.js';
import type { InvitationEvent } from './invitation.events.js';

export const invitationFacts = toFacts<InvitationEvent>({
  'invitation-created': (event) => {
    const { invitedBy, ...data } = event.data;
    return publication(identityFacts.invitationCreated, {
      ...factBase(event),
      ...data,
      ...(invitedBy === null ? {} : { invitedBy }),
    });
  },
  'invitation-accepted': (event) =>
    publication(identityFacts.invitationAccepted, { ...factBase(event), ...event.data }),
  'invitation-revoked': (event) =>
    publication(identityFacts.invitationRevoked, { ...factBase(event), ...event.data }),
});
