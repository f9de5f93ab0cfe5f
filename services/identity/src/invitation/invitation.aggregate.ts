import { aggregate } from '@vouchsafe/event-store';
import { invitation } from './invitation.decider.js';
import { invitationEvents } from './invitation.events.js';
import { invitationProjection } from './invitation.projection.js';

export const invitationAggregate = aggregate({
  category: 'invitation',
  catalog: invitationEvents,
  decider: invitation,
  inline: [invitationProjection],
});
