/** @promise P31 the customer of an organization that is erased is deleted at Stripe, before we forget which one it was */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import {
  type DataStore,
  Ids,
  LOGGER,
  type OrganizationRemoval,
  rowsOfOrganization,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import { CustomerAtStripe } from '../customer/customer-at-stripe.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed, reasonOf } from '../stripe/stripe-failure.js';
import { keptInvoices } from './kept-invoices.js';
import { INVOICE_YEARS, RemovePerson } from './remove-person.js';

/**
 * A row goes when Stripe has said that the customer is deleted there: a row that is left is a customer that is left. With the customer go its
 * cards and whatever is live (lifecycle has made sure that nothing is); Stripe keeps its invoices.
 */
@Injectable()
export class CustomersStore implements DataStore, OnApplicationBootstrap {
  readonly name = 'customers';
  readonly places = ['customer'];
  private started = false;

  constructor(
    private readonly database: Database,
    private readonly stripe: StripeApi,
    private readonly customers: CustomerAtStripe,
    private readonly ids: Ids,
    readonly person: RemovePerson,
    @Inject(INVOICE_YEARS) private readonly invoiceYears: number,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'warn'>,
  ) {}

  onApplicationBootstrap(): void {
    this.started = true;
  }

  readonly organization: OrganizationRemoval = {
    count: (organizationId) => rowsOfOrganization(this.database, this.places).count(organizationId),
    remove: async (organizationId, destroy) => {
      for (const customerId of await this.customers.idsOf(organizationId)) {
        const because = await destroy.outside(() => this.deleteAtStripe(customerId));
        if (because === null)
          await destroy((sql) => sql.query('delete from customer where customer_id = $1', [customerId]));
        else this.notYet(because, customerId);
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

  /** Stripe unavailable never stops a start: it is tried again before the receipt. */
  private notYet(because: string, object: string): void {
    if (this.started) throw new Error(`Stripe did not delete a customer: ${because}`);
    this.logger.warn({ because, object }, 'Stripe did not delete a customer yet; retrying');
  }
}
