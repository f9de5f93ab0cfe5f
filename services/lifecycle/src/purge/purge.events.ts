import { erasedStore, keptStore, retained, serviceName, terminationCauses } from '@vouchsafe/contracts';
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
      backupPolicy: z.strictObject({
        keptDays: z.int().positive(),
        intervalDays: z.int().positive(),
      }),
    }),
  },
  'purge-requested': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      endedAt: time,
      cause: z.enum(terminationCauses),
      services: z.array(serviceName).min(1),
    }),
  },
  'purge-receipt-received': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      service: serviceName,
      stores: z.array(erasedStore),
      keysDestroyed: z.int().nonnegative(),
      destroyedAt: time,
      effectiveFrom: time,
      kept: z.array(keptStore),
      retained: z.array(retained),
    }),
  },
  'production-erased': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, erasedAt: time, backupsExpiredBy: time }),
  },
  'backups-expired': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      ...which,
      /** From then on every backup was recorded; absent where that was not noted yet. */
      recordsFrom: time.optional(),
      expiredAt: time,
      /** The last backup that held data of it; null where none was ever made. */
      last: z.strictObject({ startedAt: time, removedAt: time }).nullable(),
    }),
  },
  'deletion-certified': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ ...which, issuedAt: time, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  },
});
export type PurgeEvent = EventOf<typeof purgeEvents>;
