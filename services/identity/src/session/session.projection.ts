import { inlineProjection } from '@vouchsafe/event-store';
import type { SessionEvent } from './session.events.js';

/**
 * What happens to a session later, in the append's own transaction: an ended session is dead at once. The row itself is made
 * where the secret is made, because its hash stands in no event.
 */
export const sessionProjection = inlineProjection<SessionEvent>({
  name: 'session',
  on: {
    'session-elevated': async (sql, { data, envelope }) => {
      await sql.query('update session set level = $2, authenticated_at = $3 where session_id = $1', [
        data.sessionId,
        data.level,
        envelope.occurredAt,
      ]);
    },
    'session-ended': async (sql, { data, envelope }) => {
      await sql.query('update session set ended_at = $2 where session_id = $1', [
        data.sessionId,
        envelope.occurredAt,
      ]);
    },
  },
});
