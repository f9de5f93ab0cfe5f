import { Injectable } from '@nestjs/common';
import type { Caller } from '@vouchsafe/service-host';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import type { OrderRejection } from '../intent/carry-out.js';
import { madeByOrder, type Order, type Performed } from '../intent/order.js';
import { PlaceOrder } from '../intent/place-order.js';
import { isFailed } from '../stripe/stripe-failure.js';

export const setupIntent = z
  .strictObject({
    setupIntentId: z.string(),
    clientSecret: z
      .string()
      .describe('For Stripe.js only (`confirmSetup`), in the browser that sent the request; not stored'),
  })
  .meta({ id: 'SetupIntent' });
type SetupIntent = z.infer<typeof setupIntent>;

export const setupIntentOrder: Order<object, SetupIntent> = {
  operation: 'setup-intent.create',
  asked: z.strictObject({}),
  perform: async (_, { write, customerId, metadata }) => {
    const made = await write((client, options) =>
      client.setupIntents.create(
        {
          customer: customerId,
          usage: 'off_session',
          allowed_payment_method_types: ['card'],
          metadata: { ...metadata },
        },
        options,
      ),
    );
    return isFailed(made) ? made : performed(made);
  },
  find: async (_, context) => {
    const found = await madeByOrder(context, (client, options) =>
      client.setupIntents.list(
        { customer: context.customerId, created: { gte: context.since }, limit: 100 },
        options,
      ),
    );
    return found === undefined || isFailed(found) ? found : performed(found);
  },
};

function performed({ id, client_secret }: Stripe.SetupIntent): Performed<SetupIntent> {
  if (client_secret === null) throw new Error('A setup intent came without its client secret');
  return { objectId: id, answer: { setupIntentId: id, clientSecret: client_secret } };
}

@Injectable()
export class CreateSetupIntent {
  constructor(private readonly placeOrder: PlaceOrder) {}

  create(caller: Caller, key: string | undefined): Promise<SetupIntent | OrderRejection> {
    return this.placeOrder.place(caller, setupIntentOrder, {}, key);
  }
}
