import { Injectable } from '@nestjs/common';
import type { Caller } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { OrderRejection } from '../intent/carry-out.js';
import type { Order } from '../intent/order.js';
import { PlaceOrder } from '../intent/place-order.js';
import { isFailed } from '../stripe/stripe-failure.js';
import { returnUrl, ReturnUrls } from '../stripe/return-url.js';

export const newPortalSession = z
  .strictObject({ returnUrl })
  .meta({ id: 'NewPortalSession', examples: [{ returnUrl: 'https://app.example.com/billing' }] });
type NewPortalSession = z.output<typeof newPortalSession>;

export const portalSession = z
  .strictObject({
    url: z
      .url()
      .describe(
        'URL of Stripe’s portal. Anyone who has it can read the customer’s invoices; it expires soon and is not stored.',
      ),
  })
  .meta({ id: 'PortalSession' });
type PortalSession = z.infer<typeof portalSession>;

/** A second link does no harm, and none can be listed. */
export const portalSessionOrder: Order<NewPortalSession, PortalSession> = {
  operation: 'portal-session.create',
  asked: newPortalSession,
  perform: async (asked, { write, customerId }) => {
    const made = await write((client, options) =>
      client.billingPortal.sessions.create({ customer: customerId, return_url: asked.returnUrl }, options),
    );
    return isFailed(made) ? made : { objectId: null, answer: { url: made.url } };
  },
};

@Injectable()
export class CreatePortalSession {
  constructor(
    private readonly placeOrder: PlaceOrder,
    private readonly returnUrls: ReturnUrls,
  ) {}

  create(
    caller: Caller,
    asked: NewPortalSession,
    key: string | undefined,
  ): Promise<PortalSession | OrderRejection | { readonly rejected: 'url-not-allowed' }> {
    return this.placeOrder.place(caller, portalSessionOrder, asked, key, () =>
      this.returnUrls.isAllowed(asked.returnUrl) ? null : ({ rejected: 'url-not-allowed' } as const),
    );
  }
}
