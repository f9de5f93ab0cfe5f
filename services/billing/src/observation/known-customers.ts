import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { Customers } from '../customer/customers.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed, type StripeFailure } from '../stripe/stripe-failure.js';
import type { ObjectId } from '../webhook/webhook-event.js';
import { customerOf, type StripeObject } from './stripe-object.js';

/** Whether an object that we have no customer for, or that Stripe does not give, is one of ours all the same. */
@Injectable()
export class KnownCustomers {
  constructor(
    private readonly database: Database,
    private readonly customers: Customers,
    private readonly stripe: StripeApi,
  ) {}

  /** A customer of ours is marked from the beginning, before we have recorded it. */
  async isRecordedSoon(object: StripeObject): Promise<boolean | StripeFailure> {
    const customerId = customerOf(object);
    if (customerId === null) return false;
    const customer = await this.stripe.background.read((stripe, options) =>
      stripe.customers.retrieve(customerId, {}, options),
    );
    if (isFailed(customer)) return customer.failed === 'refused' ? false : customer;
    return !customer.deleted && (await this.customers.isOurs(customer));
  }

  /** Whether we keep the object as something that Stripe must still have. */
  async isKeptOpen({ type, id }: ObjectId): Promise<boolean> {
    const rows = await this.database.asWorker((sql) => sql.query(kept[type], [id]));
    return rows.length > 0;
  }
}

/** There is no register of these. */
const nothing = 'select 1 as kept where $1::text is null';

const kept: Readonly<Record<ObjectId['type'], string>> = {
  subscription: 'select 1 as kept from subscription where subscription_id = $1',
  invoice: `select 1 as kept from invoice where invoice_id = $1 and status <> 'draft'`,
  payment_method: 'select 1 as kept from payment_method where payment_method_id = $1 and detached_at is null',
  customer: 'select 1 as kept from customer where customer_id = $1 and replaced_at is null',
  refund: nothing,
  credit_note: nothing,
  dispute: nothing,
  early_fraud_warning: nothing,
  setup_intent: nothing,
  payment_intent: nothing,
};
