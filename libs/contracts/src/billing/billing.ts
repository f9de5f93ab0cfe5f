import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';

const which = { ...fact, billingId: z.uuid() };
/** What the audit log's entry of each of these facts is about. */
const entity = { type: 'billing', id: 'billingId' } as const;

export const billingCreated = contract({
  type: 'vouchsafe.billing.billing-created.v1',
  summary: 'A billing was created.',
  entity,
  schema: z.strictObject(which),
});

export const billingRetired = contract({
  type: 'vouchsafe.billing.billing-retired.v1',
  summary: 'A billing was retired.',
  entity,
  schema: z.strictObject(which),
});
