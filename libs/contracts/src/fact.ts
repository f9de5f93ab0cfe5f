import { organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

/** What a fact says beside its own matter: whose it is, who did it, when, under which request. */
export const fact = {
  organizationId,
  actor: z.strictObject({
    type: z.enum(['user', 'api-key', 'staff', 'service', 'anonymous']),
    id: z.string(),
  }),
  occurredAt: z.iso.datetime(),
  requestId: z.string().nullable(),
};
