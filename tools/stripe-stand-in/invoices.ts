import { makePaymentIntent, cancelIntent } from './payment-intents.ts';
import { amountsOf, draftInvoice, type NewInvoice } from './draft-invoice.ts';
import type { Invoice, InvoicePayment, PaymentIntent, Subscription } from './objects.ts';
import { impossible } from './problem.ts';
import type { World } from './world.ts';

export function makeInvoice(world: World, asked: NewInvoice): Invoice {
  return world.add(draftInvoice(world, asked), 'invoice.created');
}

/** Opens a draft: it gets its number and what it takes to pay it; one of nothing is paid at once. */
export function finalize(world: World, invoice: Invoice): Invoice {
  if (invoice.status !== 'draft')
    throw impossible('This invoice is already finalized, you can’t re-finalize a non-draft invoice.', {
      code: 'invoice_not_editable',
    });
  const customer = world.require('customer', idOf(invoice.customer));
  const amounts = amountsOf(invoice.total, customer.balance);
  const used = amounts.amount_due - invoice.total;
  const sequence = customer.next_invoice_sequence ?? 1;
  const number = `${customer.invoice_prefix ?? 'STANDIN'}-${String(sequence).padStart(4, '0')}`;
  world.change(
    invoice,
    {
      ...amounts,
      automatically_finalizes_at: null,
      effective_at: world.now(),
      ending_balance: customer.balance - used,
      hosted_invoice_url: `${world.url}/_pages/invoices/${invoice.id}`,
      invoice_pdf: `${world.url}/_pages/invoices/${invoice.id}/pdf`,
      number,
      starting_balance: customer.balance,
      status: 'open',
      status_transitions: { ...invoice.status_transitions, finalized_at: world.now() },
    },
    'invoice.finalized',
  );
  const balance = { balance: customer.balance - used, next_invoice_sequence: sequence + 1 };
  world.change(customer, balance, used === 0 ? undefined : 'customer.updated');
  if (amounts.amount_due === 0) markPaid(world, invoice, { attempts: 0 });
  else openPayment(world, invoice);
  return invoice;
}

/** The payment intent that every open invoice has. */
function openPayment(world: World, invoice: Invoice): void {
  const intent = makePaymentIntent(world, {
    ...{ customer: invoice.customer, amount: invoice.amount_due, currency: invoice.currency },
    description:
      invoice.billing_reason === 'subscription_create' ? 'Subscription creation' : 'Subscription update',
  });
  const payment: InvoicePayment = {
    id: world.newId('inpay_1'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: world.now(),
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { type: 'payment_intent', payment_intent: intent.id },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  };
  world.add(payment);
}

function paymentOf(world: World, invoice: Invoice): InvoicePayment | undefined {
  return world.all('invoice_payment').find((one) => one.invoice === invoice.id && one.is_default);
}

export function intentOf(world: World, invoice: Invoice): PaymentIntent | undefined {
  const id = paymentOf(world, invoice)?.payment.payment_intent;
  return id === undefined ? undefined : world.require('payment_intent', id);
}

/** The invoice that a payment intent is to pay. */
export function invoiceOfIntent(world: World, intentId: string): Invoice | undefined {
  const payment = world.all('invoice_payment').find((one) => one.payment.payment_intent === intentId);
  return payment && world.require('invoice', payment.invoice);
}

export function subscriptionOf(world: World, invoice: Invoice): Subscription | undefined {
  const id = invoice.parent?.subscription_details?.subscription;
  return id === undefined ? undefined : world.find('subscription', id);
}

/** @param attempts how many more tries it took */
export function markPaid(
  world: World,
  invoice: Invoice,
  { attempts, isOutOfBand = false }: { readonly attempts: number; readonly isOutOfBand?: boolean },
): Invoice {
  const payment = paymentOf(world, invoice);
  const paid = { paid_at: world.now(), canceled_at: null };
  if (payment && isOutOfBand)
    world.change(payment, {
      status: 'canceled',
      status_transitions: { paid_at: null, canceled_at: world.now() },
    });
  else if (payment) {
    const changes = {
      status: 'paid',
      amount_paid: invoice.amount_remaining,
      status_transitions: paid,
    } as const;
    world.change(payment, changes, 'invoice_payment.paid');
  }
  world.change(
    invoice,
    {
      amount_paid: isOutOfBand ? 0 : invoice.amount_due,
      amount_paid_off_stripe: isOutOfBand ? invoice.amount_due : 0,
      amount_remaining: 0,
      attempt_count: invoice.attempt_count + attempts,
      attempted: true,
      auto_advance: false,
      next_payment_attempt: null,
      status: 'paid',
      status_transitions: { ...invoice.status_transitions, paid_at: world.now() },
    },
    'invoice.paid',
  );
  world.tell('invoice.payment_succeeded', invoice);
  return invoice;
}

export function voidInvoice(world: World, invoice: Invoice): Invoice {
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible')
    throw impossible(
      `You can only pass in open or uncollectible invoices. This invoice is ${invoice.status}.`,
    );
  const intent = intentOf(world, invoice);
  if (intent) cancelIntent(world, intent, 'void_invoice');
  return world.change(
    invoice,
    {
      ...{ auto_advance: false, next_payment_attempt: null, status: 'void' },
      status_transitions: { ...invoice.status_transitions, voided_at: world.now() },
    },
    'invoice.voided',
  );
}

export function markUncollectible(world: World, invoice: Invoice): Invoice {
  if (invoice.status !== 'open')
    throw impossible(
      `You can only mark an open invoice as uncollectible. This invoice is ${invoice.status}.`,
    );
  return world.change(
    invoice,
    {
      ...{ auto_advance: false, next_payment_attempt: null, status: 'uncollectible' },
      status_transitions: { ...invoice.status_transitions, marked_uncollectible_at: world.now() },
    },
    'invoice.marked_uncollectible',
  );
}

function idOf(id: string | null): string {
  if (id === null) throw new Error('An invoice of the stand-in has no customer');
  return id;
}
