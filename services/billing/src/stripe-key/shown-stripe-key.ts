import { z } from 'zod';

/** All that is ever shown of a key. */
export const shownStripeKey = z
  .strictObject({
    lastFour: z.string().describe('The last four characters of the key'),
    setBy: z.uuid().describe('Id of the user who set it'),
    setAt: z.iso.datetime(),
  })
  .meta({ id: 'StripeKey' });
export type ShownStripeKey = z.infer<typeof shownStripeKey>;
