import { z } from 'zod';
import { book } from './charges.ts';
import { intentOf } from './invoices.ts';
import type { Charge, CreditNote, CreditNoteLine, Invoice, Refund } from './objects.ts';
import { created, metadata, paging, parameters, text, whole } from './parameters.ts';
import { impossible, invalid } from './problem.ts';
import { type Call, isWithin, mergedMetadata, pageOf, type Routes, wholeList } from './routes.ts';
import type { World } from './world.ts';

const reasons = z.enum(['duplicate', 'fraudulent', 'requested_by_customer']);

export const refundRoutes: Routes = {
  'POST /v1/refunds': createRefund,
  'GET /v1/refunds': ({ world, form, route }) => {
    const {
      charge,
      payment_intent: intent,
      created: times,
      ...page
    } = parameters(form, {
      ...{ charge: z.string().optional(), payment_intent: z.string().optional() },
      ...{ created: created.optional() },
      ...paging,
    });
    const found = world
      .all('refund')
      .filter((one) => isWithin(one, times) && (charge === undefined || one.charge === charge))
      .filter((one) => intent === undefined || one.payment_intent === intent);
    return pageOf(route, found, page);
  },
  'GET /v1/refunds/:id': ({ world, path }) => world.get('refund', path('id')),
  'POST /v1/credit_notes': createCreditNote,
  'GET /v1/credit_notes': ({ world, form, route }) => {
    const {
      customer,
      invoice,
      created: times,
      ...page
    } = parameters(form, {
      ...{ customer: z.string().optional(), invoice: z.string().optional(), created: created.optional() },
      ...paging,
    });
    const found = world
      .all('credit_note')
      .filter((one) => isWithin(one, times) && (customer === undefined || one.customer === customer))
      .filter((one) => invoice === undefined || one.invoice === invoice);
    return pageOf(route, found, page);
  },
  'GET /v1/credit_notes/:id': ({ world, path }) => world.get('credit_note', path('id')),
};

function createRefund({ world, form }: Call): Refund {
  const asked = parameters(form, {
    ...{ charge: z.string().optional(), payment_intent: z.string().optional(), amount: whole.optional() },
    ...{ reason: reasons.optional(), metadata: metadata.optional() },
  });
  const id =
    asked.payment_intent === undefined
      ? asked.charge
      : world.get('payment_intent', asked.payment_intent, 'payment_intent').latest_charge;
  if (!id)
    throw invalid(
      'One of the following params should be provided for this request: payment_intent or charge.',
    );
  const charge = world.get('charge', id, 'charge');
  const refund = refundCharge(world, charge, asked.amount ?? charge.amount - charge.amount_refunded);
  return world.change(refund, { reason: asked.reason ?? null, metadata: mergedMetadata({}, asked.metadata) });
}

function refundCharge(world: World, charge: Charge, amount: number): Refund {
  if (charge.refunded)
    throw impossible(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' });
  if (charge.status !== 'succeeded') throw impossible('This charge has failed; it cannot be refunded.');
  if (amount <= 0 || amount > charge.amount - charge.amount_refunded)
    throw impossible(
      `Refund amount (${amount}) is greater than unrefunded amount on charge (${charge.amount - charge.amount_refunded})`,
      { param: 'amount' },
    );
  const id = world.newId('re_3');
  const refund: Refund = {
    id,
    object: 'refund',
    amount,
    balance_transaction: book(world, 'refund', -amount, charge.currency, id),
    charge: charge.id,
    created: world.now(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: {
      card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
      type: 'card',
    },
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  };
  world.add(refund, 'refund.created');
  const refunded = charge.amount_refunded + amount;
  world.change(
    charge,
    { amount_refunded: refunded, refunded: refunded === charge.amount },
    'charge.refunded',
  );
  return refund;
}

function createCreditNote({ world, form }: Call): CreditNote {
  const asked = parameters(form, {
    ...{ invoice: z.string(), amount: whole, memo: text.optional(), metadata: metadata.optional() },
    ...{ refund_amount: whole.optional(), credit_amount: whole.optional() },
    reason: z.enum(['duplicate', 'fraudulent', 'order_change', 'product_unsatisfactory']).optional(),
  });
  const invoice = world.get('invoice', asked.invoice, 'invoice');
  if (invoice.status !== 'open' && invoice.status !== 'paid')
    throw impossible('You can only create a credit note for an open or paid invoice.');
  const isPaid = invoice.status === 'paid';
  const most = isPaid
    ? invoice.amount_paid - invoice.post_payment_credit_notes_amount
    : invoice.amount_remaining;
  if (asked.amount <= 0 || asked.amount > most)
    throw impossible(`The credit note's amount must be between 1 and ${most}.`, { param: 'amount' });
  const note = creditNoteOf(world, invoice, asked.amount, isPaid);
  world.change(note, {
    ...{
      memo: asked.memo ?? null,
      reason: asked.reason ?? null,
      metadata: mergedMetadata({}, asked.metadata),
    },
  });
  applyCredit(world, invoice, note, asked.refund_amount ?? 0);
  world.tell('credit_note.created', note);
  return note;
}

/** What was paid is paid back or kept as credit; what is open gets less. */
function applyCredit(world: World, invoice: Invoice, note: CreditNote, refundAmount: number): void {
  if (note.type === 'pre_payment') {
    const remaining = invoice.amount_remaining - note.amount;
    const credited = invoice.pre_payment_credit_notes_amount + note.amount;
    world.change(
      invoice,
      {
        amount_due: invoice.amount_due - note.amount,
        amount_remaining: remaining,
        pre_payment_credit_notes_amount: credited,
      },
      'invoice.updated',
    );
    return;
  }
  const credited = invoice.post_payment_credit_notes_amount + note.amount;
  world.change(invoice, { post_payment_credit_notes_amount: credited }, 'invoice.updated');
  const chargeId = intentOf(world, invoice)?.latest_charge;
  if (refundAmount > 0 && chargeId) {
    const refund = refundCharge(world, world.require('charge', chargeId), refundAmount);
    const refunds = [
      { amount_refunded: refundAmount, payment_record_refund: null, refund: refund.id, type: null },
    ];
    world.change(note, { refunds });
  }
  const credit = note.amount - refundAmount;
  const customer = world.require('customer', note.customer);
  if (credit > 0) world.change(customer, { balance: customer.balance - credit }, 'customer.updated');
}

function creditNoteOf(world: World, invoice: Invoice, amount: number, isPaid: boolean): CreditNote {
  const id = world.newId('cn_1');
  const line: CreditNoteLine = {
    ...{ id: world.newId('cnli_1'), object: 'credit_note_line_item', amount },
    ...{ description: 'Credit', discount_amount: 0, discount_amounts: [], livemode: false, metadata: null },
    ...{ pretax_credit_amounts: [], quantity: 1, tax_rates: [], taxes: [], type: 'custom_line_item' },
    ...{ unit_amount: amount, unit_amount_decimal: String(amount) },
  };
  const note: CreditNote = {
    ...{
      id,
      object: 'credit_note',
      amount,
      amount_shipping: 0,
      created: world.now(),
      currency: invoice.currency,
    },
    customer: invoice.customer ?? '',
    customer_account: null,
    customer_balance_transaction: null,
    discount_amount: 0,
    discount_amounts: [],
    effective_at: world.now(),
    invoice: invoice.id,
    lines: wholeList(`/v1/credit_notes/${id}/lines`, [line]),
    livemode: false,
    memo: null,
    metadata: {},
    number: `${invoice.number ?? 'STANDIN'}-CN-${String(world.next('credit-note')).padStart(2, '0')}`,
    out_of_band_amount: null,
    pdf: `${world.url}/_pages/credit-notes/${id}/pdf`,
    post_payment_amount: isPaid ? amount : 0,
    pre_payment_amount: isPaid ? 0 : amount,
    pretax_credit_amounts: [],
    reason: null,
    refunds: [],
    shipping_cost: null,
    status: 'issued',
    ...{ subtotal: amount, subtotal_excluding_tax: amount, total: amount, total_excluding_tax: amount },
    total_taxes: [],
    type: isPaid ? 'post_payment' : 'pre_payment',
    voided_at: null,
  };
  return world.add(note);
}
