import { aggregate } from '@vouchsafe/event-store';
import { logInAttempt, session } from './session.decider.js';
import { logInEvents, sessionEvents } from './session.events.js';
import { sessionProjection } from './session.projection.js';

export const sessionAggregate = aggregate({
  category: 'session',
  catalog: sessionEvents,
  decider: session,
  inline: [sessionProjection],
});

export const logInAggregate = aggregate({ category: 'log-in', catalog: logInEvents, decider: logInAttempt });
