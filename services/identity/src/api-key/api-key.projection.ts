import { inlineProjection } from '@vouchsafe/event-store';
import type { ApiKeyEvent } from './api-key.events.js';

/** A revoked key is dead at once. The row itself is made where the key is made: its hash stands in no event. */
export const apiKeyProjection = inlineProjection<ApiKeyEvent>({
  name: 'api-key',
  on: {
    'api-key-revoked': async (sql, { data, envelope }) => {
      await sql.query('update api_key set revoked_at = $2 where api_key_id = $1', [
        data.apiKeyId,
        envelope.occurredAt,
      ]);
    },
  },
});
