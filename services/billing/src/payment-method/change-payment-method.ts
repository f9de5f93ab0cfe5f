import { Injectable } from '@nestjs/common';
import type { Caller } from '@vouchsafe/service-host';
import { z } from 'zod';
import { withCustomer } from '../customer/with-customer.js';
import type { OrderRejection } from '../intent/carry-out.js';
import type { Order } from '../intent/order.js';
import { PlaceOrder } from '../intent/place-order.js';
import { isFailed, refused } from '../stripe/stripe-failure.js';
import { idOf } from '../subscription/own-subscription.js';

const asked = z.strictObject({ paymentMethodId: z.string() });
type Asked = z.infer<typeof asked>;

export const makeDefaultOrder: Order<Asked, Asked> = {
  operation: 'payment-method.make-default',
  asked,
  perform: async ({ paymentMethodId }, { stripe, write, customerId }) => {
    const method = await stripe.read((client, options) =>
      client.paymentMethods.retrieve(paymentMethodId, {}, options),
    );
    if (isFailed(method)) return method;
    if (!method.customer || idOf(method.customer) !== customerId) return refused('not-found');
    const changed = await write((client, options) =>
      client.customers.update(
        customerId,
        { invoice_settings: { default_payment_method: paymentMethodId } },
        options,
      ),
    );
    return isFailed(changed) ? changed : { objectId: paymentMethodId, answer: { paymentMethodId } };
  },
};

export const detachOrder: Order<Asked, Asked> = {
  operation: 'payment-method.detach',
  asked,
  perform: async ({ paymentMethodId }, { stripe, write, customerId }) => {
    const method = await stripe.read((client, options) =>
      client.paymentMethods.retrieve(paymentMethodId, {}, options),
    );
    if (isFailed(method)) return method;
    // One that is nobody's may be so by this very order: Stripe says so by the key.
    if (method.customer && idOf(method.customer) !== customerId) return refused('not-found');
    const detached = await write((client, options) =>
      client.paymentMethods.detach(paymentMethodId, {}, options),
    );
    if (!isFailed(detached)) return { objectId: paymentMethodId, answer: { paymentMethodId } };
    return detached.failed === 'refused' && !method.customer ? refused('not-found') : detached;
  },
};

@Injectable()
export class ChangePaymentMethod {
  constructor(private readonly placeOrder: PlaceOrder) {}

  makeDefault(caller: Caller, paymentMethodId: string): Promise<Asked | OrderRejection> {
    return this.placeOrder.place(caller, makeDefaultOrder, { paymentMethodId }, undefined, withCustomer);
  }

  detach(caller: Caller, paymentMethodId: string): Promise<Asked | OrderRejection> {
    return this.placeOrder.place(caller, detachOrder, { paymentMethodId }, undefined, withCustomer);
  }
}
