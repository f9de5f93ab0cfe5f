import { Controller, Get, Param, Query } from '@nestjs/common';
import {
  accepted,
  Caller,
  Operation,
  pageQuery,
  type PageQuery,
  type RejectionProblem,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import { ordered } from '../intent/intent.problems.js';
import { invoiceLinks, invoicePage, type InvoiceRejection, ReadInvoices } from './read-invoices.js';
import { shownInvoice } from './shown-invoice.js';

const path = z.strictObject({ id: z.string().max(255) });

/** How each rejection is answered. */
const problems = {
  'not-found': ['not-found', 'Your organization has no invoice with this id'],
  unavailable: [
    'unavailable',
    'Stripe is unavailable, or the organization has too many requests there at once. Try again later.',
  ],
} as const satisfies Record<InvoiceRejection['rejected'], RejectionProblem>;

@Controller('v1/billing/invoices')
export class InvoiceController {
  constructor(private readonly invoices: ReadInvoices) {}

  @Get()
  @Operation({
    permission: 'billing:read',
    operation: 'invoice.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'Every invoice, newest first',
    answers: { 200: invoicePage },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof invoicePage>> {
    return this.invoices.list(caller, query);
  }

  @Get(':id')
  @Operation({
    permission: 'billing:read',
    operation: 'invoice.read',
    entity: { type: 'invoice', id: 'path.id' },
    effect: 'read',
    summary: 'One invoice',
    answers: { 200: shownInvoice },
    problems: ['not-found'],
  })
  async read(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<z.infer<typeof shownInvoice>> {
    return accepted(await this.invoices.read(caller, id), problems);
  }

  @Get(':id/links')
  @Operation({
    permission: 'billing:read',
    operation: 'invoice.read-links',
    entity: { type: 'invoice', id: 'path.id' },
    effect: 'read',
    summary: 'Where an invoice’s PDF and page are',
    description:
      'Whoever has these links can read the invoice without logging in. They are fetched from Stripe at each request and kept nowhere.',
    answers: { 200: invoiceLinks },
    problems: ['not-found', 'unavailable'],
    problemHeaders: ['Retry-After'],
  })
  async readLinks(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<z.infer<typeof invoiceLinks>> {
    return ordered(await this.invoices.links(caller, id), problems);
  }
}
