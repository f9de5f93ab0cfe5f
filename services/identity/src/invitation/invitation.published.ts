import { identityFacts, publication } from '@vouchsafe/contracts';
import { factBase, toFacts } from '../published.js';
import type { InvitationEvent } from './invitation.events.js';

export const invitationFacts = toFacts<InvitationEvent>({
  'invitation-created': (event) =>
    publication(identityFacts.invitationCreated, { ...factBase(event), ...event.data }),
  'invitation-accepted': (event) =>
    publication(identityFacts.invitationAccepted, { ...factBase(event), ...event.data }),
  'invitation-revoked': (event) =>
    publication(identityFacts.invitationRevoked, { ...factBase(event), ...event.data }),
});
