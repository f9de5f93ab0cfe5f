import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import type { InvoiceContent } from './invoice.events.js';

const time = () => p.string().columnType('timestamptz');
/** Whole, and larger than an `integer` may be. */
const amount = () => p.bigint('number');

/** The register of invoices as they are shown. */
export const InvoiceRow = defineEntity({
  name: 'Invoice',
  tableName: 'invoice',
  properties: {
    organizationId: p.uuid(),
    invoiceId: p.text().primary(),
    customerId: p.text(),
    subscriptionId: p.text().nullable(),
    number: p.text().nullable(),
    status: p.text().$type<InvoiceContent['status']>(),
    billingReason: p.text().nullable(),
    currency: p.text(),
    total: amount(),
    amountDue: amount(),
    amountPaid: amount(),
    amountRemaining: amount(),
    attemptCount: p.integer(),
    attempted: p.boolean(),
    nextAttemptAt: time().nullable(),
    createdAt: time(),
    dueAt: time().nullable(),
    periodStart: time(),
    periodEnd: time(),
    finalizedAt: time().nullable(),
    paidAt: time().nullable(),
    markedUncollectibleAt: time().nullable(),
    voidedAt: time().nullable(),
    observedAt: time(),
  },
  uniques: [
    {
      name: 'invoice_organization_id_created_at_invoice_id_key',
      properties: ['organizationId', 'createdAt', 'invoiceId'],
    },
  ],
});
export type InvoiceRow = InferEntity<typeof InvoiceRow>;
