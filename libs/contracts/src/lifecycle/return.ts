import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';

/** How an archive of an organization's data ended. */
export const returnEnds = ['cancelled', 'deleted', 'expired'] as const;

const which = { ...fact, returnId: z.uuid() };
const entity = { type: 'return', id: 'returnId' } as const;
const time = z.iso.datetime();

export const returnRequested = contract({
  type: 'vouchsafe.lifecycle.return-requested.v1',
  summary: 'All data of an organization is being put into an archive for it.',
  entity,
  schema: z.strictObject({
    ...which,
    from: time.nullable().describe('Records from this time on; null for all'),
    to: time.nullable().describe('Records before this time; null for all'),
    /** The operator did, in its discretion, after the time in which the organization could. */
    isByOperator: z.boolean(),
  }),
});

export const returnReady = contract({
  type: 'vouchsafe.lifecycle.return-ready.v1',
  summary: 'The archive of an organization’s data can be downloaded by its owners.',
  entity,
  schema: z.strictObject({
    ...which,
    parts: z.int().positive(),
    size: z.int().nonnegative().describe('Of all parts, in bytes'),
    expiresAt: time.describe('When it is deleted'),
  }),
});

export const returnDeleted = contract({
  type: 'vouchsafe.lifecycle.return-deleted.v1',
  summary:
    'An archive of an organization’s data, or of one person’s, is being deleted; the data itself is not.',
  entity,
  schema: z.strictObject({ ...which, because: z.enum(returnEnds) }),
});
