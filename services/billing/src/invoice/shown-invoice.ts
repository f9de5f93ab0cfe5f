import { z } from 'zod';
import { money, moneyOf } from '../stripe/money.js';
import { shownTime, shownTimeOrNull } from '../persistence/shown-time.js';
import type { InvoiceRow } from './invoice.entity.js';
import { invoiceStatuses } from './invoice.events.js';

const time = z.iso.datetime();

export const shownInvoice = z
  .strictObject({
    invoiceId: z.string().describe('Id of the invoice at Stripe'),
    subscriptionId: z.string().nullable().describe('The subscription that it is for; null for others'),
    number: z.string().nullable().describe('As it stands on the invoice; null while it is a draft'),
    status: z
      .enum(invoiceStatuses)
      .describe('`draft` until it is final, `open` until it is paid, `uncollectible` when it is given up'),
    total: money.describe('Total before the customer’s credit'),
    amountDue: money.describe('Amount to pay after the credit'),
    amountPaid: money.describe('Amount paid'),
    amountRemaining: money.describe('Amount still unpaid'),
    attempts: z.int().describe('How often Stripe tried to collect it'),
    nextAttemptAt: time.nullable().describe('When Stripe tries to collect it again; null where it does not'),
    createdAt: time.describe('When it was made'),
    dueAt: time.nullable().describe('Until when it is to be paid; null where it is charged at once'),
    periodStart: time.describe('Start of the invoiced period'),
    periodEnd: time.describe('End of the invoiced period'),
    finalizedAt: time.nullable().describe('When it became final; null while it is a draft'),
    paidAt: time.nullable().describe('When it was paid; null where it was not'),
    markedUncollectibleAt: time.nullable().describe('When it was given up; null where it was not'),
    voidedAt: time.nullable().describe('When it was declared void; null where it was not'),
    observedAt: time.describe('When billing last read this from Stripe'),
  })
  .meta({
    id: 'Invoice',
    examples: [
      {
        invoiceId: 'in_1Pq3aC2eZvKYlo2C',
        subscriptionId: 'sub_1Pq3aB2eZvKYlo2C',
        number: 'A1B2C3D4-0001',
        status: 'paid',
        total: { amount: 5700, currency: 'EUR', decimals: 2 },
        amountDue: { amount: 5700, currency: 'EUR', decimals: 2 },
        amountPaid: { amount: 5700, currency: 'EUR', decimals: 2 },
        amountRemaining: { amount: 0, currency: 'EUR', decimals: 2 },
        attempts: 1,
        nextAttemptAt: null,
        createdAt: '2026-11-29T05:00:00.000Z',
        dueAt: null,
        periodStart: '2026-11-29T05:00:00.000Z',
        periodEnd: '2026-12-29T05:00:00.000Z',
        finalizedAt: '2026-11-29T05:00:00.000Z',
        paidAt: '2026-11-29T05:00:02.000Z',
        markedUncollectibleAt: null,
        voidedAt: null,
        observedAt: '2026-11-29T05:00:03.000Z',
      },
    ],
  });

export function shownInvoiceOf(row: InvoiceRow): z.infer<typeof shownInvoice> {
  const { invoiceId, subscriptionId, number, status, currency } = row;
  return {
    invoiceId,
    subscriptionId: subscriptionId ?? null,
    number: number ?? null,
    status,
    total: moneyOf(row.total, currency),
    amountDue: moneyOf(row.amountDue, currency),
    amountPaid: moneyOf(row.amountPaid, currency),
    amountRemaining: moneyOf(row.amountRemaining, currency),
    attempts: row.attemptCount,
    nextAttemptAt: shownTimeOrNull(row.nextAttemptAt),
    createdAt: shownTime(row.createdAt),
    dueAt: shownTimeOrNull(row.dueAt),
    periodStart: shownTime(row.periodStart),
    periodEnd: shownTime(row.periodEnd),
    finalizedAt: shownTimeOrNull(row.finalizedAt),
    paidAt: shownTimeOrNull(row.paidAt),
    markedUncollectibleAt: shownTimeOrNull(row.markedUncollectibleAt),
    voidedAt: shownTimeOrNull(row.voidedAt),
    observedAt: shownTime(row.observedAt),
  };
}
