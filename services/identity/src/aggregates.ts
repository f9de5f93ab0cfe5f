import { aggregate } from '@vouchsafe/event-store';
import type { Vault } from '@vouchsafe/vault';
import { apiKeyEvents } from './api-key/api-key.events.js';
import { apiKeyProjection } from './api-key/api-key.projection.js';
import { apiKey } from './api-key/api-key.decider.js';
import { erasureEvents } from './erasure/erasure.events.js';
import { personErasure } from './erasure/erasure.decider.js';
import { invitationEvents } from './invitation/invitation.events.js';
import { invitationProjection } from './invitation/invitation.projection.js';
import { invitation } from './invitation/invitation.decider.js';
import { organizationEvents } from './organization/organization.events.js';
import { organizationProjection } from './organization/organization.projection.js';
import { organization } from './organization/organization.decider.js';
import { logInEvents, sessionEvents } from './session/session.events.js';
import { sessionProjection } from './session/session.projection.js';
import { logInAttempt, session } from './session/session.decider.js';
import { userEvents } from './user/user.events.js';
import { userProjection } from './user/user.projection.js';
import { user } from './user/user.decider.js';

/** Every stream of identity: its name, its events, who decides, what is read from it in the same transaction. */
export function identityAggregates(vault: Vault) {
  return {
    organization: aggregate({
      category: 'organization',
      catalog: organizationEvents,
      decider: organization,
      inline: [organizationProjection],
    }),
    user: aggregate({
      category: 'user',
      catalog: userEvents,
      decider: user,
      inline: [userProjection(vault)],
    }),
    session: aggregate({
      category: 'session',
      catalog: sessionEvents,
      decider: session,
      inline: [sessionProjection],
    }),
    logInAttempt: aggregate({ category: 'log-in', catalog: logInEvents, decider: logInAttempt }),
    invitation: aggregate({
      category: 'invitation',
      catalog: invitationEvents,
      decider: invitation,
      inline: [invitationProjection(vault)],
    }),
    apiKey: aggregate({
      category: 'api-key',
      catalog: apiKeyEvents,
      decider: apiKey,
      inline: [apiKeyProjection],
    }),
    erasure: aggregate({ category: 'erasure', catalog: erasureEvents, decider: personErasure }),
  };
}

export type IdentityAggregates = ReturnType<typeof identityAggregates>;
