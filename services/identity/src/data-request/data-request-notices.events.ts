import { dataRequestNotices, erasureRefusals } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

/** Stream `data-request-notices-<data request id>`: what identity did about a request of a data subject, whose stream is lifecycle's. */
export const dataRequestNoticesEvents = eventCatalog({
  'data-request-notice-sent': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      organizationId,
      dataRequestId: z.uuid(),
      notice: z.enum(dataRequestNotices),
      sentAt: z.iso.datetime(),
    }),
  },
  'subject-erasure-refused': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      organizationId,
      dataRequestId: z.uuid(),
      userId,
      erasureId: z.uuid(),
      reason: z.enum(erasureRefusals),
    }),
  },
});
export type DataRequestNoticesEvent = EventOf<typeof dataRequestNoticesEvents>;
