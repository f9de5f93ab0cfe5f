import { eventCatalog, type EventOf, organizationId, personal } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const which = { organizationId, attachmentId: z.uuid() };

/** Stream `attachment-<id>`: a file that a customer keeps with us. Its bytes are in the bodies' store. */
export const attachmentEvents = eventCatalog({
  'attachment-stored': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      /** Whose key seals the name: the person who sent it; null where an API key did. */
      userId: z.uuid().nullable(),
      name: personal(z.string(), { purpose: 'contract', subject: 'userId' }),
      mediaType: z.string(),
      size: z.int().nonnegative(),
      /** SHA-256 of the bytes as they came, in hexadecimal digits. */
      sha256: z.string(),
    }),
  },
  'attachment-deleted': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject(which),
  },
});
export type AttachmentEvent = EventOf<typeof attachmentEvents>;
