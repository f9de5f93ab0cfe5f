import { z } from 'zod';
import { contract } from '../contract.js';
import { observedFact } from './observed.js';

export const cardFailuresRepeated = contract({
  type: 'vouchsafe.billing.card-failures-repeated.v1',
  summary:
    'Cards of an organization failed again and again within minutes: somebody may be trying out stolen ones.',
  entity: { type: 'organization', id: 'organizationId' },
  schema: z.strictObject({
    ...observedFact,
    /** Failed attempts to save a card or to pay, within the window that ends at the last of them. */
    failures: z.int().min(1),
    /** How many different cards are known among them; which ones is not said. */
    cards: z.int().min(0),
    windowSeconds: z.int().min(1),
    lastFailedAt: z.iso.datetime(),
  }),
});
