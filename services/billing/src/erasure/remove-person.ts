/** @promise P10 the name and address for invoices that an erased person gave are removed at Stripe, too */
import { Inject, Injectable } from '@nestjs/common';
import type { Retained } from '@vouchsafe/contracts';
import { Database } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import {
  Clock,
  type Destroying,
  type PersonErasure,
  Ids,
  NotRemovedYetError,
  type PersonRemoval,
} from '@vouchsafe/service-host';
import type { Stripe } from 'stripe';
import { customerAggregate } from '../customer/customer.aggregate.js';
import type { Customer } from '../customer/customer.decider.js';
import { noDetails } from '../customer/change-customer.js';
import { CarryOut } from '../intent/carry-out.js';
import { intentAggregate } from '../intent/intent.aggregate.js';
import { keptInvoices } from './kept-invoices.js';
import { storedNames } from '../stored-names.js';
import { type Asking, StripeApi } from '../stripe/stripe-api.js';
import { isFailed, reasonOf, type StripeFailure } from '../stripe/stripe-failure.js';
import { idOf } from '../stripe/written.js';

/** Injection token: for how many years after the end of their year invoices are kept. */
export const INVOICE_YEARS = Symbol('invoice-years');

/** What a card may still have where Stripe did not remove it. */
const holder = 'a card holder’s details';
const noHolder = { name: '', email: '', phone: '', address: '' } as const;

/**
 * What can be changed at Stripe about a person is: the customer's details, and the holder's of cards that the person saved. Invoices that
 * were sent keep them, as the law of accounting asks (docs/billing.md). No receipt is given while Stripe has not answered.
 */
@Injectable()
export class RemovePerson implements PersonRemoval {
  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
    private readonly stripe: StripeApi,
    private readonly carryOut: CarryOut,
    private readonly clock: Clock,
    private readonly ids: Ids,
    @Inject(INVOICE_YEARS) private readonly invoiceYears: number,
  ) {}

  /** An order whose answer was lost can be finished while it still says what was asked. Where it cannot, `remove` undoes what it did. */
  beforeKeys({ organizations, subjects }: PersonErasure, destroy: Destroying): Promise<void> {
    return destroy.outside(async (lost) => {
      for (const organizationId of organizations)
        for (const { intentId } of await this.openOrdersOf(organizationId, subjects)) {
          lost.throwIfAborted();
          await this.carryOut.carryOut(organizationId, intentId, { isFirst: false });
        }
    });
  }

  remove(erasure: PersonErasure, destroy: Destroying): Promise<void> {
    return destroy.outside((lost) => this.removeAtStripe(erasure, lost));
  }

  private async removeAtStripe({ organizations, subjects }: PersonErasure, lost: AbortSignal): Promise<void> {
    for (const organizationId of organizations) {
      lost.throwIfAborted();
      await this.endOrders(organizationId, subjects);
      const customer = await this.customerOf(organizationId);
      if (!customer) continue;
      const { customerId, details } = customer;
      if (details && subjects.includes(details.userId)) await this.removeDetails(customerId);
      for (const methodId of await this.cardsSavedBy(subjects, organizationId, customerId)) {
        lost.throwIfAborted();
        await this.removeHolder(methodId);
      }
    }
  }

  async retained({ organizations, subjects }: PersonErasure): Promise<Retained[]> {
    const named: string[] = [];
    for (const organizationId of organizations) {
      const customer = await this.customerOf(organizationId);
      if (customer && subjects.some((subject) => customer.namedBy.has(subject))) named.push(organizationId);
    }
    return keptInvoices(this.database, named, this.invoiceYears);
  }

  /** What the person ordered and nobody knows the outcome of: it may have reached Stripe, or reach it yet. */
  private async openOrdersOf(
    organizationId: string,
    subjects: readonly string[],
  ): Promise<
    readonly { readonly intentId: string; readonly isInHand: boolean; readonly isErased: boolean }[]
  > {
    const rows = await this.database.asWorker((sql) =>
      sql.query<{ intent_id: string; is_in_hand: boolean }>(
        `select intent_id, due_at > $2 as is_in_hand from intent where organization_id = $1 and due_at is not null`,
        [organizationId, this.clock.now()],
      ),
    );
    const own = [];
    for (const { intent_id: intentId, is_in_hand: isInHand } of rows) {
      const { state } = await this.load(organizationId, (unit) => unit.load(intentAggregate, intentId));
      if (state.status === 'open' && subjects.includes(state.opened.userId))
        own.push({ intentId, isInHand, isErased: isErased(state.opened.asked) });
    }
    return own;
  }

  /** Once they are ended, nothing of them reaches Stripe any more. A request that began before the keys went may still be on its way. */
  private async endOrders(organizationId: string, subjects: readonly string[]): Promise<void> {
    for (const { intentId, isInHand, isErased } of await this.openOrdersOf(organizationId, subjects)) {
      const ended =
        isErased && isInHand
          ? { rejected: 'outcome-unknown' }
          : await this.carryOut.carryOut(organizationId, intentId, { isFirst: false });
      if ('rejected' in ended && ended.rejected === 'outcome-unknown')
        notRemoved('a name', 'an order is not finished', intentId);
    }
  }

  /** The cards that the person has saved, by the orders of which Stripe keeps the ids; a card that was detached cannot be changed. */
  private async cardsSavedBy(
    subjects: readonly string[],
    organizationId: string,
    customer: string,
  ): Promise<ReadonlySet<string>> {
    const saved = await this.stripe.background.read(async (stripe, options) => {
      const all: { readonly intentId: string; readonly methodId: string }[] = [];
      const note = (metadata: Stripe.Metadata | null, method: string | Stripe.PaymentMethod | null) => {
        const intentId = metadata?.[storedNames.intent];
        if (intentId !== undefined && method !== null) all.push({ intentId, methodId: idOf(method) });
      };
      for await (const one of stripe.setupIntents.list({ customer, limit: 100 }, options))
        note(one.metadata, one.payment_method);
      for await (const one of stripe.subscriptions.list({ customer, status: 'all', limit: 100 }, options))
        note(one.metadata, one.default_payment_method);
      // Saved by Checkout with a subscription that names no card any more.
      for await (const one of stripe.paymentMethods.list({ customer, limit: 100 }, options))
        note(one.metadata, one);
      return { all };
    });
    if (isFailed(saved)) {
      unlessGone(saved, holder, customer);
      return new Set();
    }
    const own = new Set<string>();
    for (const { intentId, methodId } of saved.all) {
      const { state } = await this.load(organizationId, (unit) => unit.load(intentAggregate, intentId));
      if (state.status !== 'absent' && subjects.includes(state.opened.userId)) own.add(methodId);
    }
    return own;
  }

  private async removeDetails(customerId: string): Promise<void> {
    const changed = await this.write((stripe, options) =>
      stripe.customers.update(customerId, noDetails, options),
    );
    if (isFailed(changed)) unlessGone(changed, 'a name', customerId);
  }

  private async removeHolder(methodId: string): Promise<void> {
    const changed = await this.write((stripe, options) =>
      stripe.paymentMethods.update(methodId, { billing_details: noHolder }, options),
    );
    if (!isFailed(changed)) return;
    const method =
      changed.failed === 'refused'
        ? await this.stripe.background.read((stripe, options) =>
            stripe.paymentMethods.retrieve(methodId, {}, options),
          )
        : changed;
    if (isFailed(method)) unlessGone(method, holder, methodId);
    // A detached card cannot be changed.
    else if (method.customer) notRemoved(holder, reasonOf(changed), methodId);
  }

  private write(ask: Asking<object>): Promise<object | StripeFailure> {
    return this.stripe.background.write(this.ids.newId(), ask);
  }

  private async customerOf(organizationId: string): Promise<Extract<Customer, { status: 'created' }> | null> {
    const { state } = await this.load(organizationId, (unit) => unit.load(customerAggregate, organizationId));
    return state.status === 'absent' ? null : state;
  }

  private load<Loaded>(organizationId: string, work: (unit: UnitOfWork) => Promise<Loaded>): Promise<Loaded> {
    const envelope = {
      actor: { type: 'service', id: 'billing' },
      occurredAt: this.clock.now(),
      requestId: null,
    } as const;
    return this.store.transact(organizationId, envelope, work);
  }
}

/** @throws NotRemovedYetError unless the object is gone at Stripe */
function unlessGone(failure: StripeFailure, what: string, object: string): void {
  if (failure.failed === 'refused' && failure.reason === 'not-found') return;
  notRemoved(what, reasonOf(failure), object);
}

/** It is tried again before the receipt. */
function notRemoved(what: string, because: string, object: string): never {
  throw new NotRemovedYetError(`Stripe did not remove ${what} of ${object}: ${because}`);
}
