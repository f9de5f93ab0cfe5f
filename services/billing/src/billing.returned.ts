/**
 * @promise P30 what an organization gets back of billing: as the API shows it; of cards what may be shown (P17)
 * @promise P10 what a person gets a copy of: the details for invoices that they gave
 */
import { Injectable } from '@nestjs/common';
import { accessTable, onePage, returnedEntity } from '@vouchsafe/service-host';
import { z } from 'zod';
import { customerView, ReadCustomer } from './customer/read-customer.js';
import { ReadInvoices } from './invoice/read-invoices.js';
import { shownInvoice } from './invoice/shown-invoice.js';
import { ListPaymentMethods, paymentMethodView } from './payment-method/list-payment-methods.js';
import { ReadSubscriptions } from './subscription/read-subscriptions.js';
import { shownSubscription } from './subscription/shown-subscription.js';

const customerOfOrganization = z.strictObject({
  organizationId: z.uuid().describe('Id of the organization'),
  ...customerView.shape,
});

@Injectable()
export class BillingReturned {
  constructor(
    private readonly readCustomer: ReadCustomer,
    private readonly readSubscriptions: ReadSubscriptions,
    private readonly readInvoices: ReadInvoices,
    private readonly listPaymentMethods: ListPaymentMethods,
  ) {}

  readonly customer = returnedEntity({
    ...{ name: 'billing-customer', meaning: 'Whom the organization is at Stripe, and where invoices go' },
    ...{ row: customerOfOrganization, primaryKey: ['organizationId'] },
    references: [{ columns: ['organizationId'], entity: 'organization', entityColumns: ['organizationId'] }],
    page: async ({ organizationId, caller }) =>
      onePage([{ organizationId, ...(await this.readCustomer.read(caller)) }]),
  });

  readonly detailsOfPerson = accessTable({
    ...{ name: 'invoice-details', meaning: 'The name and address for invoices that you gave last' },
    row: customerOfOrganization.pick({ organizationId: true, name: true, email: true }),
    ...{ primaryKey: ['organizationId'], shows: [] },
    page: async ({ organizationId, caller, person }) =>
      onePage(
        (await this.readCustomer.detailsBy(caller, person.subjects)).map((details) => ({
          organizationId,
          ...details,
        })),
      ),
  });

  readonly subscriptions = returnedEntity({
    ...{ name: 'subscriptions', meaning: 'The subscriptions, those that have ended, too' },
    ...{ row: shownSubscription, primaryKey: ['subscriptionId'] },
    page: ({ caller, limit, cursor }) => this.readSubscriptions.list(caller, { limit, cursor }),
  });

  readonly invoices = returnedEntity({
    ...{ name: 'invoices', meaning: 'The invoices; `subscriptionId` is that of subscriptions.csv' },
    ...{ row: shownInvoice, primaryKey: ['invoiceId'], time: 'createdAt' },
    page: ({ caller, limit, cursor }) => this.readInvoices.list(caller, { limit, cursor }),
  });

  readonly paymentMethods = returnedEntity({
    ...{ name: 'payment-methods', meaning: 'The saved payment methods, as far as they are shown' },
    ...{ row: paymentMethodView, primaryKey: ['paymentMethodId'] },
    page: ({ caller, limit, cursor }) => this.listPaymentMethods.list(caller, { limit, cursor }),
  });
}
