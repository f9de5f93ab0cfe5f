import { z } from 'zod';
import { contract } from '../contract.js';
import { stripeId } from '../stripe-id.js';
import { amount, currency, observedFact } from './observed.js';

/** What can happen to a payment or an invoice afterwards. */
export const paymentExceptions = ['refund', 'credit-note', 'dispute', 'early-fraud-warning'] as const;
export const paymentExceptionId = stripeId('re', 'pyr', 'cn', 'dp', 'du', 'issfr');

const which = { ...observedFact, exceptionId: paymentExceptionId };
const money = { amount, currency };

export const refundCreated = contract({
  type: 'vouchsafe.billing.refund-created.v1',
  summary: 'A payment was given back, in whole or in part.',
  entity: { type: 'refund', id: 'exceptionId' },
  schema: z.strictObject({ ...which, ...money }),
});

export const refundFailed = contract({
  type: 'vouchsafe.billing.refund-failed.v1',
  summary: 'A refund failed or was canceled: the money was not given back.',
  entity: { type: 'refund', id: 'exceptionId' },
  schema: z.strictObject({ ...which, ...money }),
});

export const creditNoteIssued = contract({
  type: 'vouchsafe.billing.credit-note-issued.v1',
  summary: 'A credit note lowers what an invoice is for.',
  entity: { type: 'credit-note', id: 'exceptionId' },
  schema: z.strictObject({ ...which, ...money, invoiceId: stripeId('in').nullable() }),
});

export const creditNoteVoided = contract({
  type: 'vouchsafe.billing.credit-note-voided.v1',
  summary: 'A credit note was voided: it counts no more.',
  entity: { type: 'credit-note', id: 'exceptionId' },
  schema: z.strictObject({ ...which, ...money, invoiceId: stripeId('in').nullable() }),
});

export const disputeOpened = contract({
  type: 'vouchsafe.billing.dispute-opened.v1',
  summary: 'A cardholder disputes a payment with the bank.',
  entity: { type: 'dispute', id: 'exceptionId' },
  schema: z.strictObject({ ...which, ...money, reason: z.string() }),
});

export const disputeClosed = contract({
  type: 'vouchsafe.billing.dispute-closed.v1',
  summary: 'A dispute is decided.',
  entity: { type: 'dispute', id: 'exceptionId' },
  schema: z.strictObject({ ...which, ...money, outcome: z.string() }),
});

export const earlyFraudWarningReceived = contract({
  type: 'vouchsafe.billing.early-fraud-warning-received.v1',
  summary: 'The card’s issuer suspects that a payment is fraud.',
  entity: { type: 'early-fraud-warning', id: 'exceptionId' },
  schema: z.strictObject({ ...which, reason: z.string() }),
});
