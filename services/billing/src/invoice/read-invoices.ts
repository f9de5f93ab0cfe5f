import { Injectable } from '@nestjs/common';
import { Database, exactTime } from '@vouchsafe/database';
import {
  type Caller,
  cursorOf,
  organizationOf,
  pageFound,
  pageOf,
  type PageQuery,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed } from '../stripe/stripe-failure.js';
import { InvoiceRow } from './invoice.entity.js';
import { shownInvoice, shownInvoiceOf } from './shown-invoice.js';

export const invoicePage = pageOf(shownInvoice);
const cursor = cursorOf({ createdAt: 'time', invoiceId: 'stripeId' });

export const invoiceLinks = z
  .strictObject({
    pdf: z.url().nullable().describe('Where the PDF can be downloaded; null while the invoice is a draft'),
    page: z.url().nullable().describe('Stripe’s page of the invoice, where it can be paid'),
  })
  .meta({
    id: 'InvoiceLinks',
    examples: [
      {
        pdf: 'https://pay.stripe.com/invoice/acct_1/live_YWNjdF8x/pdf',
        page: 'https://invoice.stripe.com/i/acct_1/live_YWNjdF8x',
      },
    ],
  });

export type InvoiceRejection = { readonly rejected: 'not-found' | 'unavailable' };

/** Reads the register; Stripe is asked for links alone. */
@Injectable()
export class ReadInvoices {
  constructor(
    private readonly database: Database,
    private readonly stripe: StripeApi,
  ) {}

  /** Newest first. */
  list(caller: Caller, query: PageQuery): Promise<z.infer<typeof invoicePage>> {
    const after = cursor.read(query.cursor);
    return this.database.forOrganization(organizationOf(caller), async (transaction) => {
      const entityManager = await transaction.entityManager();
      const found = await entityManager.findByCursor(InvoiceRow, {
        ...{ first: query.limit, includeCount: false, ...(after && { after }) },
        orderBy: { createdAt: 'desc', invoiceId: 'desc' },
      });
      return pageFound(found, shownInvoiceOf, ({ createdAt, invoiceId }) =>
        cursor.write({ createdAt: exactTime(createdAt), invoiceId }),
      );
    });
  }

  async read(caller: Caller, invoiceId: string): Promise<z.infer<typeof shownInvoice> | InvoiceRejection> {
    const found = await this.find(caller, invoiceId);
    return found ? shownInvoiceOf(found) : { rejected: 'not-found' };
  }

  /** Whoever has the links can read the invoice without logging in, so they are asked for each time, and kept and logged nowhere (P22). */
  async links(caller: Caller, invoiceId: string): Promise<z.infer<typeof invoiceLinks> | InvoiceRejection> {
    if (!(await this.find(caller, invoiceId))) return { rejected: 'not-found' };
    const answer = await this.stripe
      .for(organizationOf(caller))
      .read((stripe, options) => stripe.invoices.retrieve(invoiceId, {}, options));
    if (isFailed(answer)) return { rejected: answer.failed === 'unavailable' ? 'unavailable' : 'not-found' };
    return { pdf: answer.invoice_pdf ?? null, page: answer.hosted_invoice_url ?? null };
  }

  private find(caller: Caller, invoiceId: string): Promise<InvoiceRow | null> {
    return this.database.forOrganization(organizationOf(caller), async (transaction) =>
      (await transaction.entityManager()).findOne(InvoiceRow, { invoiceId }),
    );
  }
}
