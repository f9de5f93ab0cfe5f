import type { InvoiceContent } from '../invoice/invoice.events.js';
import type { PaymentExceptionContent } from '../payment-exception/payment-exception.events.js';
import type { PaymentMethodContent } from '../payment-method/payment-method.events.js';
import type { StripeObject } from '../observation/stripe-object.js';
import type { SubscriptionContent } from '../subscription/subscription.events.js';

/** Objects as they are from `at` on, and the events that say that they changed. */
export interface Step {
  readonly at: number;
  readonly objects: readonly StripeObject[];
  readonly events: readonly { readonly type: string; readonly objectId: string }[];
}

export interface History {
  readonly customerId: string;
  /** Whose the customer is; nobody's of ours where it is absent. */
  readonly organizationId?: string;
  readonly steps: readonly Step[];
}

/** A number of [0, 1) at each call; the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const DAY = 86_400;
const BEGIN = Date.parse('2026-01-01T00:00:00Z') / 1000;

export function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/**
 * A plausible history of one customer: several subscriptions one after another and beside each other, trials, first payments that fail,
 * retries that recover or end in `unpaid` or a cancellation, pauses, upgrades, cancellations at the period's end that are taken back or
 * not, invoices of 0, void and uncollectible ones, refunds, credit notes, disputes, warnings of fraud, cards that are replaced, and now and
 * then a customer that is deleted.
 */
export function historyOf(seed: number): History {
  const world = new World(seed);
  world.attachCard();
  const subscriptions = 1 + world.pick(4);
  for (let n = 0; n < subscriptions; n += 1) {
    world.subscribe();
    // Beside the one before, or after it.
    const steps = world.pick(8);
    for (let step = 0; step < steps; step += 1) world.goOn();
    if (world.chance(0.3)) world.regretPayment();
    if (world.chance(0.2)) world.attachCard();
    if (world.chance(0.1)) world.detachCard();
  }
  if (world.chance(0.5)) world.endEverything();
  if (world.chance(0.1)) world.deleteCustomer();
  return { customerId: world.customerId, steps: world.steps };
}

class World {
  readonly steps: Step[] = [];
  readonly customerId: string;
  private readonly random: () => number;
  private readonly subscriptions = new Map<string, SubscriptionContent>();
  private readonly invoices = new Map<string, InvoiceContent>();
  private readonly cards = new Map<string, PaymentMethodContent>();
  private at = BEGIN;
  private made = 0;

  constructor(private readonly seed: number) {
    this.random = randomOf(seed);
    this.customerId = `cus_${seed}`;
  }

  pick(below: number): number {
    return Math.floor(this.random() * below);
  }

  chance(of: number): boolean {
    return this.random() < of;
  }

  attachCard(): void {
    const id = this.newId('pm');
    const content: PaymentMethodContent = {
      customerId: this.customerId,
      kind: 'card',
      card: {
        brand: 'visa',
        last4: String(1000 + this.pick(9000)),
        expiryMonth: 1 + this.pick(12),
        expiryYear: 2030,
      },
      createdAt: this.now(),
    };
    this.cards.set(id, content);
    this.step(
      [
        { type: 'payment_method', id, content },
        {
          type: 'customer',
          id: this.customerId,
          content: { isDeleted: false, defaultPaymentMethodId: id },
        },
      ],
      [
        ['payment_method.attached', id],
        ['setup_intent.succeeded', id],
        ['customer.updated', this.customerId],
      ],
    );
  }

  detachCard(): void {
    const [id] = [...this.cards.keys()];
    const card = id === undefined ? undefined : this.cards.get(id);
    if (id === undefined || !card) return;
    this.cards.delete(id);
    this.step(
      [{ type: 'payment_method', id, content: { ...card, customerId: null } }],
      [['payment_method.detached', id]],
    );
  }

  /** A payment that is given back, lowered, disputed or suspected. */
  regretPayment(): void {
    const [invoiceId] =
      [...this.invoices].find(([, { status, amountPaid }]) => status === 'paid' && amountPaid > 0) ?? [];
    if (invoiceId === undefined) return;
    const kinds = [
      {
        type: 'refund',
        kind: 'refund',
        prefix: 're',
        first: 'pending',
        last: ['succeeded', 'failed'],
        event: 'refund',
      },
      {
        type: 'credit_note',
        kind: 'credit-note',
        prefix: 'cn',
        first: 'issued',
        last: ['issued', 'void'],
        event: 'credit_note',
      },
      {
        type: 'dispute',
        kind: 'dispute',
        prefix: 'dp',
        first: 'needs_response',
        last: ['won', 'lost', 'under_review'],
        event: 'charge.dispute',
      },
      {
        type: 'early_fraud_warning',
        kind: 'early-fraud-warning',
        prefix: 'issfr',
        first: 'received',
        last: ['received'],
        event: 'radar.early_fraud_warning',
      },
    ] as const;
    const chosen = kinds[this.pick(kinds.length)] ?? kinds[0];
    const { type, kind, prefix, first, last, event } = chosen;
    const id = this.newId(prefix);
    const content: PaymentExceptionContent = {
      kind,
      customerId: this.customerId,
      status: first,
      money: kind === 'early-fraud-warning' ? null : { amount: 500, currency: 'EUR' },
      reason: kind === 'dispute' || kind === 'early-fraud-warning' ? 'fraudulent' : null,
      invoiceId: kind === 'credit-note' ? invoiceId : null,
      createdAt: this.now(),
    };
    this.step([{ type, id, content }], [[`${event}.created`, id]]);
    this.at += this.pick(10) * DAY;
    const status = last[this.pick(last.length)] ?? first;
    this.step([{ type, id, content: { ...content, status } }], [[`${event}.updated`, id]]);
  }

  subscribe(): void {
    const id = this.newId('sub');
    const first = this.random();
    const status = first < 0.25 ? 'trialing' : first < 0.5 ? 'incomplete' : 'active';
    const content: SubscriptionContent = {
      customerId: this.customerId,
      status,
      items: [
        {
          itemId: this.newId('si'),
          priceId: 'price_monthly',
          quantity: 1,
          unitAmount: 1000,
          interval: 'month',
          intervalCount: 1,
        },
      ],
      currency: 'EUR',
      createdAt: this.now(),
      startedAt: this.now(),
      currentPeriodStart: this.now(),
      currentPeriodEnd: timeOf(this.at + 30 * DAY),
      trialEnd: status === 'trialing' ? timeOf(this.at + 14 * DAY) : null,
      cancelsAt: null,
      canceledAt: null,
      endedAt: null,
      collectionPaused: false,
    };
    const invoice = this.newInvoice(id, status === 'trialing' ? 0 : 1000);
    this.changeSubscription(id, content, 'customer.subscription.created');
    if (status === 'incomplete') this.failPayment(invoice);
    else this.pay(invoice);
  }

  /** Something that may happen to one of the subscriptions next. */
  goOn(): void {
    this.at += 1 + this.pick(10 * DAY);
    const open = [...this.subscriptions].filter(
      ([, { status }]) => !['canceled', 'incomplete_expired'].includes(status),
    );
    const [id, content] = open[this.pick(open.length)] ?? [];
    if (id === undefined || content === undefined) return;
    if (content.status === 'incomplete') this.finishFirstPayment(id, content);
    else if (content.status === 'past_due') this.retry(id, content);
    else this.change(id, content);
  }

  endEverything(): void {
    for (const [id, content] of this.subscriptions) {
      if (content.status === 'canceled' || content.status === 'incomplete_expired') continue;
      this.at += 1 + this.pick(DAY);
      if (content.status === 'incomplete') this.expire(id, content);
      else this.cancel(id, content);
    }
  }

  deleteCustomer(): void {
    this.endEverything();
    this.at += 60;
    this.step(
      [{ type: 'customer', id: this.customerId, content: { isDeleted: true, defaultPaymentMethodId: null } }],
      [['customer.deleted', this.customerId]],
    );
  }

  private finishFirstPayment(id: string, content: SubscriptionContent): void {
    const invoice = this.openInvoiceOf(id);
    if (this.chance(0.5)) {
      if (invoice) this.pay(invoice);
      this.changeSubscription(id, { ...content, status: 'active' });
    } else this.expire(id, content);
  }

  private expire(id: string, content: SubscriptionContent): void {
    const invoice = this.openInvoiceOf(id);
    if (invoice) this.voidInvoice(invoice);
    this.changeSubscription(id, { ...content, status: 'incomplete_expired', endedAt: this.now() });
  }

  private retry(id: string, content: SubscriptionContent): void {
    const invoice = this.openInvoiceOf(id);
    const next = this.random();
    if (next < 0.4) {
      if (invoice) this.pay(invoice);
      this.changeSubscription(id, { ...content, status: 'active' });
    } else if (next < 0.6 && invoice) this.failPayment(invoice);
    else if (next < 0.8) {
      if (invoice) this.giveUp(invoice);
      this.changeSubscription(id, { ...content, status: 'unpaid' });
    } else {
      if (invoice) this.voidInvoice(invoice);
      this.cancel(id, content);
    }
  }

  private change(id: string, content: SubscriptionContent): void {
    const next = this.pick(8);
    if (next === 0) this.cancel(id, content);
    else if (next === 1)
      this.changeSubscription(id, {
        ...content,
        cancelsAt: content.cancelsAt === null ? content.currentPeriodEnd : null,
      });
    else if (next === 2)
      this.changeSubscription(id, { ...content, status: content.status === 'paused' ? 'active' : 'paused' });
    else if (next === 3) this.upgrade(id, content);
    else if (next === 4) {
      this.failPayment(this.newInvoice(id, 1000));
      this.changeSubscription(id, { ...content, status: 'past_due' });
    } else this.renew(id, content);
  }

  private upgrade(id: string, content: SubscriptionContent): void {
    const items = content.items.map((item) => ({
      ...item,
      priceId: 'price_yearly',
      quantity: 1 + this.pick(9),
    }));
    this.pay(this.newInvoice(id, 2000));
    this.changeSubscription(id, { ...content, items });
  }

  private renew(id: string, content: SubscriptionContent): void {
    if (content.cancelsAt !== null) {
      this.cancel(id, content);
      return;
    }
    this.pay(this.newInvoice(id, 1000));
    this.changeSubscription(id, {
      ...content,
      status: 'active',
      currentPeriodStart: this.now(),
      currentPeriodEnd: timeOf(this.at + 30 * DAY),
    });
  }

  private cancel(id: string, content: SubscriptionContent): void {
    this.changeSubscription(
      id,
      { ...content, status: 'canceled', canceledAt: this.now(), endedAt: this.now() },
      'customer.subscription.deleted',
    );
  }

  private changeSubscription(
    id: string,
    content: SubscriptionContent,
    type = 'customer.subscription.updated',
  ): void {
    this.subscriptions.set(id, content);
    this.step([{ type: 'subscription', id, content }], [[type, id]]);
  }

  private newInvoice(subscriptionId: string, amount: number): string {
    const id = this.newId('in');
    this.changeInvoice(
      id,
      {
        customerId: this.customerId,
        subscriptionId,
        number: null,
        status: 'draft',
        billingReason: 'subscription_cycle',
        currency: 'EUR',
        total: amount,
        amountDue: amount,
        amountPaid: 0,
        amountRemaining: amount,
        attemptCount: 0,
        attempted: false,
        nextAttemptAt: null,
        createdAt: this.now(),
        dueAt: null,
        periodStart: this.now(),
        periodEnd: timeOf(this.at + 30 * DAY),
        finalizedAt: null,
        paidAt: null,
        markedUncollectibleAt: null,
        voidedAt: null,
      },
      'invoice.created',
    );
    this.at += this.pick(2) * 3600;
    this.changeInvoice(
      id,
      { ...this.invoiceOf(id), status: 'open', number: id.slice(-8), finalizedAt: this.now() },
      'invoice.finalized',
    );
    return id;
  }

  private pay(id: string): void {
    const { amountDue, attemptCount, ...content } = this.invoiceOf(id);
    const paid = {
      amountDue,
      amountPaid: amountDue,
      amountRemaining: 0,
      attempted: true,
      attemptCount: attemptCount + 1,
    };
    this.changeInvoice(
      id,
      { ...content, ...paid, status: 'paid', paidAt: this.now(), nextAttemptAt: null },
      'invoice.paid',
    );
  }

  private failPayment(id: string): void {
    const content = this.invoiceOf(id);
    const nextAttemptAt = timeOf(this.at + 3 * DAY);
    this.changeInvoice(
      id,
      { ...content, attempted: true, attemptCount: content.attemptCount + 1, nextAttemptAt },
      'invoice.payment_failed',
    );
  }

  private giveUp(id: string): void {
    const content = this.invoiceOf(id);
    this.changeInvoice(
      id,
      { ...content, status: 'uncollectible', markedUncollectibleAt: this.now(), nextAttemptAt: null },
      'invoice.marked_uncollectible',
    );
    if (this.chance(0.3)) this.pay(id);
  }

  private voidInvoice(id: string): void {
    this.changeInvoice(
      id,
      { ...this.invoiceOf(id), status: 'void', voidedAt: this.now(), nextAttemptAt: null },
      'invoice.voided',
    );
  }

  private changeInvoice(id: string, content: InvoiceContent, type: string): void {
    this.invoices.set(id, content);
    this.step([{ type: 'invoice', id, content }], [[type, id]]);
  }

  private openInvoiceOf(subscriptionId: string): string | undefined {
    return [...this.invoices].find(
      ([, one]) => one.subscriptionId === subscriptionId && one.status === 'open',
    )?.[0];
  }

  private invoiceOf(id: string): InvoiceContent {
    const found = this.invoices.get(id);
    if (!found) throw new Error(`No invoice ${id}`);
    return found;
  }

  /** Several steps may have the same second: that is how exact Stripe's times are. */
  private step(
    objects: readonly StripeObject[],
    events: readonly (readonly [type: string, objectId: string])[],
  ): void {
    this.steps.push({ at: this.at, objects, events: events.map(([type, objectId]) => ({ type, objectId })) });
    this.at += this.pick(3);
  }

  private now(): string {
    return timeOf(this.at);
  }

  private newId(prefix: string): string {
    this.made += 1;
    return `${prefix}_${this.seed}x${this.made}`;
  }
}
