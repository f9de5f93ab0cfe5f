import { inlineProjection } from '@vouchsafe/event-store';
import { ApiKey } from './api-key.entity.js';
import type { ApiKeyEvent } from './api-key.events.js';

/** A revoked key is dead at once. The row itself is made where the key is made: its hash stands in no event. */
export const apiKeyProjection = inlineProjection<ApiKeyEvent>({
  name: 'api-key',
  on: {
    'api-key-revoked': async (transaction, { data, envelope }) => {
      const entityManager = await transaction.entityManager();
      const key = await entityManager.findOneOrFail(ApiKey, data.apiKeyId);
      key.revokedAt = envelope.occurredAt.toISOString();
    },
  },
});
