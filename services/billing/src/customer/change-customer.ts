import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { type Caller, emailAddress, plainLine } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { OrderRejection } from '../intent/carry-out.js';
import type { Order } from '../intent/order.js';
import { PlaceOrder } from '../intent/place-order.js';
import { isFailed } from '../stripe/stripe-failure.js';
import { customerAggregate } from './customer.aggregate.js';
import type { CustomerDetails } from './customer.decider.js';

export const customerDetails = z
  .strictObject({
    name: plainLine(200, 'Name on invoices'),
    email: emailAddress.describe('Where Stripe sends invoices'),
  })
  .meta({ id: 'CustomerDetails', examples: [{ name: 'Analytical Engines', email: 'billing@example.com' }] });

/** What is left at Stripe of the details that an erased person gave. */
export const noDetails = { name: '', email: '', phone: '', address: '', shipping: '' } as const;

export const changeCustomerOrder: Order<CustomerDetails, CustomerDetails> = {
  operation: 'customer.change',
  asked: customerDetails,
  perform: async (asked, { write, customerId }) => {
    const changed = await write((client, options) => client.customers.update(customerId, asked, options));
    return isFailed(changed) ? changed : { objectId: customerId, answer: asked };
  },
  forget: ({ write, customerId, details }) =>
    write((client, options) => client.customers.update(customerId, { ...noDetails, ...details }, options)),
  record: async (details, { organizationId, userId }, unit) => {
    const command = { type: 'change-details', organizationId, userId, details } as const;
    const changed = await unit.execute(customerAggregate, organizationId, command);
    if (isRejected(changed)) throw new Error('A customer was changed at Stripe that is not recorded');
  },
};

@Injectable()
export class ChangeCustomer {
  constructor(private readonly placeOrder: PlaceOrder) {}

  change(caller: Caller, details: CustomerDetails): Promise<CustomerDetails | OrderRejection> {
    return this.placeOrder.place(caller, changeCustomerOrder, details, undefined);
  }
}
