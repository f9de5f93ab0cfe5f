import { organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { contract } from '../contract.js';
import { erasedStore, keptStore, retained } from '../erasure-receipt.js';
import { fact } from '../fact.js';
import { serviceName } from '../service-name.js';
import { terminationCauses } from './termination.js';

const time = z.iso.datetime();
/** Facts of the operator's log: the organization's own log is erased, too. */
const which = {
  ...fact,
  erasureId: z.uuid(),
  erasedOrganizationId: organizationId.describe('The organization whose data is deleted'),
};
const entity = { type: 'organization', id: 'erasedOrganizationId' } as const;

export const purgeProposed = contract({
  type: 'vouchsafe.lifecycle.purge-proposed.v1',
  summary:
    'The time has come to delete the data of an inactive organization, unless a live subscription is found at Stripe.',
  entity: { type: 'organization', id: 'organizationId' },
  schema: z.strictObject({ ...fact, epoch: z.int().positive() }),
});

export const organizationErasureRequested = contract({
  type: 'vouchsafe.lifecycle.organization-erasure-requested.v1',
  summary:
    'The data of an organization is deleted, for good: each of the services that are named deletes its part and gives a receipt.',
  entity,
  schema: z.strictObject({
    ...which,
    /** Audit's turn comes when all others are done: until then it records what happens. */
    services: z.array(serviceName).min(1),
    endedAt: time,
    cause: z.enum(terminationCauses),
  }),
});

export const organizationErasureReceiptReceived = contract({
  type: 'vouchsafe.lifecycle.organization-erasure-receipt-received.v1',
  summary:
    'A service has deleted its part of the data of an organization, and what it searched afterwards found none.',
  entity,
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
});

export const organizationErasedFromProduction = contract({
  type: 'vouchsafe.lifecycle.organization-erased-from-production.v1',
  summary:
    'Every service has deleted the data of an organization and found nothing left. Backups still hold it.',
  entity,
  schema: z.strictObject({ ...which, erasedAt: time, backupsExpiredBy: time }),
});

export const organizationErasedFromBackups = contract({
  type: 'vouchsafe.lifecycle.organization-erased-from-backups.v1',
  summary: 'No backup holds data of an erased organization any more.',
  entity,
  schema: z.strictObject({
    ...which,
    /** From then on every backup was recorded; absent where that was not noted yet. */
    recordsFrom: time.optional(),
    expiredAt: time,
    /** The last backup that held data of it; null where none was ever made. */
    last: z.strictObject({ startedAt: time, removedAt: time }).nullable(),
  }),
});

export const deletionCertified = contract({
  type: 'vouchsafe.lifecycle.deletion-certified.v1',
  summary: 'The certificate of the deletion of an organization was issued.',
  entity,
  schema: z.strictObject({
    ...which,
    issuedAt: time,
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .describe('Of the certificate'),
  }),
});
