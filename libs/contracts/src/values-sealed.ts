import { z } from 'zod';
import { fact } from './fact.js';

/** What a retention run did to an organization's stored events: nothing of the values, which is the point of it. */
export const valuesSealed = z.strictObject({
  ...fact,
  runId: z.uuid(),
  /** Stored events in which something was sealed. */
  events: z.int().positive(),
});

export const VALUES_SEALED_SUMMARY =
  'Values that were stored in clear before their fields were marked personal were sealed in place.';
