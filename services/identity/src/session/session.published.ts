import { identityFacts, publication } from '@vouchsafe/contracts';
import { factBase, toFacts } from '../published.js';
import type { LogInEvent, SessionEvent } from './session.events.js';

export const sessionFacts = toFacts<SessionEvent>({
  'session-started': (event) => {
    const { organizationId, userId, sessionId, level, sourceIp, userAgent } = event.data;
    return publication(identityFacts.loggedIn, {
      ...factBase(event),
      organizationId,
      userId,
      sessionId,
      level,
      sourceIp,
      userAgent,
    });
  },
  'session-elevated': (event) =>
    publication(identityFacts.sessionElevated, { ...factBase(event), ...event.data }),
  'session-ended': (event) => publication(identityFacts.sessionEnded, { ...factBase(event), ...event.data }),
});

export const logInFacts = toFacts<LogInEvent>({
  'log-in-failed': (event) => publication(identityFacts.logInFailed, { ...factBase(event), ...event.data }),
  'log-in-stopped': (event) =>
    publication(identityFacts.logInFailed, {
      ...factBase(event),
      ...event.data,
      reason: 'too-many-attempts',
    }),
});
