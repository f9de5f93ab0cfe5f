import { describe, expect, it } from '@jest/globals';
import { fold, given, organizationId as id } from '@vouchsafe/event-sourcing';
import { invoice } from './invoice.decider.js';
import type { InvoiceContent, InvoiceEvent } from './invoice.events.js';

const organizationId = id.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01');
const at = '2026-01-01T00:00:00.000Z';

const draft: InvoiceContent = {
  customerId: 'cus_1',
  subscriptionId: 'sub_1',
  number: null,
  status: 'draft',
  billingReason: 'subscription_cycle',
  currency: 'JPY',
  total: 1000,
  amountDue: 1000,
  amountPaid: 0,
  amountRemaining: 1000,
  attemptCount: 0,
  attempted: false,
  nextAttemptAt: null,
  createdAt: at,
  dueAt: null,
  periodStart: at,
  periodEnd: at,
  finalizedAt: null,
  paidAt: null,
  markedUncollectibleAt: null,
  voidedAt: null,
};
const open: InvoiceContent = { ...draft, status: 'open', number: 'A-1', finalizedAt: at };
const failed: InvoiceContent = { ...open, attempted: true, attemptCount: 1, nextAttemptAt: at };
const paid: InvoiceContent = {
  ...open,
  status: 'paid',
  attempted: true,
  attemptCount: 1,
  amountPaid: 1000,
  paidAt: at,
};

function observe(content: InvoiceContent) {
  const observation = {
    organizationId,
    source: 'webhook',
    eventId: null,
    apiVersion: 'test',
    contentHash: JSON.stringify(content),
    fetchedAt: at,
  } as const;
  return { type: 'observe', id: 'in_1', observation, content } as const;
}

function known(...contents: readonly InvoiceContent[]): InvoiceEvent[] {
  const events: InvoiceEvent[] = [];
  for (const content of contents) {
    const decided = invoice.decide(fold(invoice, events), observe(content));
    if ('rejected' in decided) throw new Error(decided.rejected);
    events.push(...decided);
  }
  return events;
}

const facts = (...contents: readonly InvoiceContent[]) =>
  known(...contents).flatMap(({ type }) => (type === 'invoice-observed' ? [] : [type]));

describe('an invoice', () => {
  it('is final, then paid, each once', () => {
    expect(facts(draft, open, paid)).toEqual(['invoice-finalized', 'invoice-paid']);
  });

  it('that is first seen when it is paid was final, too', () => {
    expect(facts(paid)).toEqual(['invoice-finalized', 'invoice-paid']);
  });

  it('of 0, as for a trial, is paid like any', () => {
    expect(facts({ ...paid, total: 0, amountDue: 0, amountPaid: 0 })).toEqual([
      'invoice-finalized',
      'invoice-paid',
    ]);
  });

  it('fails once for each attempt', () => {
    const again = { ...failed, attemptCount: 2 };
    expect(facts(open, failed, { ...failed, amountRemaining: 900 }, again, paid)).toEqual([
      'invoice-finalized',
      'payment-failed',
      'payment-failed',
      'invoice-paid',
    ]);
  });

  it('is given up, and then paid all the same', () => {
    const givenUp: InvoiceContent = { ...failed, status: 'uncollectible', markedUncollectibleAt: at };
    expect(facts(failed, givenUp, { ...paid, markedUncollectibleAt: at })).toEqual([
      'invoice-finalized',
      'payment-failed',
      'invoice-marked-uncollectible',
      'invoice-paid',
    ]);
  });

  it('that is paid or void is not what an older answer says', () => {
    for (const last of [paid, { ...open, status: 'void', voidedAt: at } as const])
      for (const older of [draft, open, failed]) given(invoice, known(last)).when(observe(older)).then([]);
  });

  it('keeps amounts as Stripe says them, in the currency beside', () => {
    expect(known(paid).find(({ type }) => type === 'invoice-paid')?.data).toMatchObject({
      amountPaid: 1000,
      currency: 'JPY',
    });
  });
});
