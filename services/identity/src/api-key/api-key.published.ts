import { identityFacts, publication } from '@vouchsafe/contracts';
import { factBase, toFacts } from '../published.js';
import type { ApiKeyEvent } from './api-key.events.js';

export const apiKeyFacts = toFacts<ApiKeyEvent>({
  'api-key-created': (event) => {
    // The key's name is for those who manage keys; others need its id.
    const { organizationId, apiKeyId, createdBy, scopes, expiresAt, source, replaces } = event.data;
    return publication(identityFacts.apiKeyCreated, {
      ...factBase(event),
      organizationId,
      apiKeyId,
      createdBy,
      scopes,
      expiresAt,
      ...{ source, replaces },
    });
  },
  'api-key-revoked': (event) =>
    publication(identityFacts.apiKeyRevoked, { ...factBase(event), ...event.data }),
});
