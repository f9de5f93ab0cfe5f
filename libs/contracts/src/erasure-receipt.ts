import { organizationId, userId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { storeName } from './service-name.js';

/** What of a person stays, because the law asks that it is kept: on which ground, and until the end of which day (UTC). */
export const retained = z.strictObject({
  what: z.enum(['invoices-at-stripe']).describe('What is kept, and where'),
  ground: z.enum(['statutory-accounting']).describe('Why it must be kept'),
  until: z.iso.date().describe('The last day (UTC) on which it must be kept'),
});
export type Retained = z.infer<typeof retained>;

/**
 * What a service answers to a person's erasure (P10), each by a fact of its own: its keys of the person are destroyed, what it
 * could search the person by is removed, and no process of it holds an opened key any more.
 */
export const erasureReceipt = z.strictObject({
  organizationId,
  userId,
  erasureId: z.uuid(),
  /** Key versions that were there; none where the service had never sealed anything of the person. */
  keysDestroyed: z.int().nonnegative(),
  destroyedAt: z.iso.datetime(),
  /** From this instant no process of the service could open a value of the person, whatever it had in memory. */
  effectiveFrom: z.iso.datetime(),
  /** Absent where nothing stays. */
  retained: z.array(retained).min(1).optional(),
});
export type ErasureReceipt = z.infer<typeof erasureReceipt>;

export const ERASURE_RECEIPT_SUMMARY =
  'The keys of an erased person are destroyed in this service, and no process holds them any more (P10).';

/** Why data of an erased organization stays. `tombstones`: random ids that keep it from being made again; `hash-tiles`: hashes of its log. */
export const kept = z.enum(['tombstones', 'hash-tiles', 'deletion-records']);
export type Kept = z.infer<typeof kept>;

export const keptStore = z.strictObject({ store: storeName, because: kept });

/** What became of one kind of data of an organization in one service. */
export const erasedStore = z.strictObject({
  store: storeName,
  found: z.int().nonnegative().describe('Records when the erasure began'),
  left: z.literal(0).describe('Records that were looked for afterwards, and found'),
  method: z.enum(['deleted', 'key-destroyed']).describe('How they went'),
});
export type ErasedStore = z.infer<typeof erasedStore>;

/**
 * What a service answers to the erasure of an organization (P31), each by a fact of its own in the operator's log: nothing is found of it any
 * more in any of its stores, its keys are destroyed, and no process holds an opened one.
 */
export const organizationErasureReceipt = z.strictObject({
  /** The operator's. */
  organizationId,
  erasedOrganizationId: organizationId,
  erasureId: z.uuid(),
  stores: z.array(erasedStore),
  keysDestroyed: z.int().nonnegative(),
  destroyedAt: z.iso.datetime(),
  effectiveFrom: z.iso.datetime(),
  /** What stays inside the service, by store. */
  kept: z.array(keptStore),
  /** What stays at others. Absent where nothing does. */
  retained: z.array(retained).min(1).optional(),
});
export type OrganizationErasureReceipt = z.infer<typeof organizationErasureReceipt>;

export const ORGANIZATION_ERASURE_RECEIPT_SUMMARY =
  'Nothing is left of an erased organization in this service: its data is deleted, its keys are destroyed, and a search finds none (P31).';
