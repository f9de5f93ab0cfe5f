/** @promise P31 the customer of an organization that is erased is deleted at Stripe, before we forget which one it was */
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import {
  type DataStore,
  Ids,
  NotRemovedYetError,
  type OrganizationRemoval,
  rowsOfOrganization,
} from '@vouchsafe/service-host';
import { CustomerAtStripe } from '../customer/customer-at-stripe.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed, reasonOf } from '../stripe/stripe-failure.js';
import { keptInvoices } from './kept-invoices.js';
import { BillingReturned } from '../billing.returned.js';
import { INVOICE_YEARS, RemovePerson } from './remove-person.js';

/**
 * A row goes when Stripe has said that the customer is deleted there: a row that is left is a customer that is left. With the customer go its
 * cards and whatever is live (lifecycle has made sure that nothing is); Stripe keeps its invoices.
 */
@Injectable()
export class CustomersStore implements DataStore {
  readonly name = 'customers';
  readonly places = ['customer'];

  constructor(
    private readonly database: Database,
    private readonly stripe: StripeApi,
    private readonly customers: CustomerAtStripe,
    private readonly ids: Ids,
    readonly person: RemovePerson,
    @Inject(INVOICE_YEARS) private readonly invoiceYears: number,
    private readonly billing: BillingReturned,
  ) {}

  get returned() {
    return [this.billing.customer];
  }

  get access() {
    return { tables: [this.billing.detailsOfPerson] };
  }

  readonly organization: OrganizationRemoval = {
    count: (organizationId) => rowsOfOrganization(this.database, this.places).count(organizationId),
    remove: async (organizationId, destroy) => {
      for (const customerId of await this.customers.idsOf(organizationId)) {
        const because = await destroy.outside(() => this.deleteAtStripe(customerId));
        if (because !== null)
          throw new NotRemovedYetError(`Stripe did not delete the customer ${customerId}: ${because}`);
        await destroy((sql) => sql.query('delete from customer where customer_id = $1', [customerId]));
      }
    },
    retained: (organizationId) => keptInvoices(this.database, [organizationId], this.invoiceYears),
  };

  /** Safe to repeat: what Stripe has deleted it says is deleted. @returns why it is still there, or null */
  private async deleteAtStripe(customerId: string): Promise<string | null> {
    const before = await this.customers.find(customerId);
    if (!isFailed(before) && before.isGone) return null;
    const deleted = isFailed(before)
      ? before
      : await this.stripe.background.write(this.ids.newId(), (stripe, options) =>
          stripe.customers.del(customerId, {}, options),
        );
    return isFailed(deleted) ? reasonOf(deleted) : null;
  }
}
