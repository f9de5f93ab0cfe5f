import { eventCatalog, type EventOf, organizationId, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const which = { organizationId, apiKeyId: z.uuid() };

/** Stream `api-key-<id>`: the key itself is shown once and kept nowhere. */
export const apiKeyEvents = eventCatalog({
  'api-key-created': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      createdBy: userId,
      name: z.string(),
      scopes: z.array(z.string()),
      expiresAt: z.iso.datetime().nullable(),
    }),
  },
  'api-key-revoked': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, reason: z.enum(['revoked', 'creator-removed']) }),
  },
});
export type ApiKeyEvent = EventOf<typeof apiKeyEvents>;
