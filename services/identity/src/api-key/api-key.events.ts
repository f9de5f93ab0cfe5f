import { FIRST_SOURCE } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, formerVersion, organizationId, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const which = { organizationId, apiKeyId: z.uuid() };

const made = {
  createdBy: userId,
  name: z.string(),
  scopes: z.array(z.string()),
  expiresAt: z.iso.datetime().nullable(),
};

/** Stream `api-key-<id>`: the key itself is shown once and kept nowhere. */
export const apiKeyEvents = eventCatalog({
  'api-key-created': {
    version: 2,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      ...made,
      /** Of the audit entries that it submits. */
      source: z.string(),
      /** The key whose source it takes over. */
      replaces: z.uuid().nullable(),
    }),
    former: {
      1: formerVersion(z.strictObject({ ...which, ...made }), (data) => ({
        ...data,
        source: FIRST_SOURCE,
        replaces: null,
      })),
    },
  },
  'api-key-revoked': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, reason: z.enum(['revoked', 'creator-removed']) }),
  },
});
export type ApiKeyEvent = EventOf<typeof apiKeyEvents>;
