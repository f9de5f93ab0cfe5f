import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';

export const customerCreated = contract({
  type: 'vouchsafe.billing.customer-created.v1',
  summary: 'The organization became a customer at Stripe, because something was ordered for the first time.',
  entity: { type: 'organization', id: 'organizationId' },
  schema: z.strictObject({ ...fact, customerId: z.string() }),
});
