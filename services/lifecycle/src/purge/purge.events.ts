import { erasedStore, kept, retained, terminationCauses } from '@vouchsafe/contracts';
import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const time = z.iso.datetime();
const which = { erasureId: z.uuid(), erasedOrganizationId: organizationId };

/**
 * Stream `purge-<erasureId>`, in the operator's organization: how the data of an organization is deleted (P31). It is what remains to be shown
 * of the organization, so it says nothing of anybody.
 */
export const purgeEvents = eventCatalog({
  'purge-begun': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({
      ...which,
      endedAt: time,
      cause: z.enum(terminationCauses),
      noticedAt: time.nullable(),
      productionErasedBy: time,
      backupsExpiredBy: time,
    }),
  },
  'purge-requested': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      endedAt: time,
      cause: z.enum(terminationCauses),
      services: z.array(z.string()).min(1),
    }),
  },
  'purge-receipt-received': {
    version: 1,
    visibility: 'private',
    schema: z.strictObject({
      ...which,
      service: z.string(),
      stores: z.array(erasedStore),
      keysDestroyed: z.int().nonnegative(),
      destroyedAt: time,
      effectiveFrom: time,
      kept: z.array(z.strictObject({ store: z.string(), because: kept })),
      retained: z.array(retained),
    }),
  },
  'production-erased': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, erasedAt: time, backupsExpiredBy: time }),
  },
});
export type PurgeEvent = EventOf<typeof purgeEvents>;
