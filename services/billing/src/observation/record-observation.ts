import { Injectable } from '@nestjs/common';
import { Database, instant, type Transaction } from '@vouchsafe/database';
import {
  isRejected,
  organizationId as organizationIdOf,
  type OrganizationId,
} from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { Clock } from '@vouchsafe/service-host';
import { canonicalJson, type Json } from '@vouchsafe/transparency-log';
import { refusedAmong, Vault } from '@vouchsafe/vault';
import { accountAggregate } from '../account/account.aggregate.js';
import { accountSubscription } from '../account/account.decider.js';
import { invoiceAggregate } from '../invoice/invoice.aggregate.js';
import { InvoiceRow } from '../invoice/invoice.entity.js';
import { cardFailureAggregate } from '../card-failure/card-failure.aggregate.js';
import { paymentExceptionAggregate } from '../payment-exception/payment-exception.aggregate.js';
import { paymentMethodAggregate } from '../payment-method/payment-method.aggregate.js';
import { PaymentMethodRow } from '../payment-method/payment-method.entity.js';
import { storedNames } from '../stored-names.js';
import { STRIPE_API_VERSION } from '../stripe/stripe-api.js';
import { stripeCustomerAggregate } from '../stripe-customer/stripe-customer.aggregate.js';
import { StripeCustomerRow } from '../stripe-customer/stripe-customer.entity.js';
import { subscriptionAggregate } from '../subscription/subscription.aggregate.js';
import { SubscriptionRow } from '../subscription/subscription.entity.js';
import { failedAttempts } from '../webhook/webhook-event.js';
import { type Claim, Claims } from './claims.js';
import type { Observation } from './observation.js';
import type { ReadObject } from './read-object.js';
import { customerOf, type StripeObject } from './stripe-object.js';

export type Recorded =
  /** How many events were appended: none where nothing is new. */
  | { readonly appended: number }
  /** No customer of ours: somebody uses the account for something else, or our record of the customer is still being written. */
  | 'unknown-customer'
  /** Another worker holds the object now. */
  | 'lost-lease';

/** Rolls back what was recorded. */
class LostLease extends Error {}

/** No customer requested what Stripe reports. */
const actor = { type: 'service', id: 'billing' } as const;

/** Records what was read of an object, in one transaction: its events, the registers, and that the read is done. */
@Injectable()
export class RecordObservation {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly claims: Claims,
    private readonly clock: Clock,
  ) {}

  record(claim: Claim, { object, others, fetchedAt }: ReadObject): Promise<Recorded> {
    const recorded = this.database.asWorker<Recorded>(async (transaction) => {
      const organizationId = await ownerOf(transaction, object);
      if (organizationId === undefined) return 'unknown-customer';
      const contentHash = await this.hashOf(transaction, object);
      const observation: Observation = {
        organizationId,
        source: claim.source,
        eventId: claim.eventId,
        apiVersion: STRIPE_API_VERSION,
        contentHash,
        fetchedAt: fetchedAt.toISOString(),
      };
      const unit = this.store.unit(transaction, organizationId, {
        actor,
        occurredAt: this.clock.now(),
        requestId: null,
      });
      const appended = isStripeIntent(object)
        ? await this.noteFailures(unit, object, observation)
        : await append(unit, object, observation);
      if (appended === 0) await touch(transaction, object, observation.fetchedAt);
      const together =
        object.type === 'subscription' ? await judge(unit, [object, ...others], observation) : 0;
      if (!(await this.claims.done(transaction, claim, { organizationId, contentHash })))
        throw new LostLease();
      return { appended: appended + together };
    });
    return recorded.catch((error: unknown) => {
      if (error instanceof LostLease) return 'lost-lease';
      throw error;
    });
  }

  /** Each event of a failed attempt counts, however seldom the object is read: so they are counted where events are kept. */
  private async noteFailures(
    unit: UnitOfWork,
    { type, id, content }: StripeIntent,
    { organizationId, source }: Observation,
  ): Promise<number> {
    // One after another: attempts on two intents at once are of one stream.
    await unit.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `card-failure-${organizationId}`,
    ]);
    const attempts = await unit.query<{ event_id: string; failed_at: string }>(
      `select event_id, created_at as failed_at from inbox where object_id = $1 and type = $2 order by created_at`,
      [id, failedAttempts[type]],
    );
    if (attempts.length === 0) return 0;
    const card =
      content.fingerprint === null
        ? null
        : await this.vault.keyedHashFor(unit, organizationId, storedNames.failedCard, content.fingerprint);
    const failures = attempts.map(({ event_id: eventId, failed_at }, nth) => ({
      eventId,
      failedAt: instant(failed_at).toISOString(),
      // Stripe says it of the last one alone.
      card: nth === attempts.length - 1 ? (card?.toString('base64url') ?? null) : null,
    }));
    const command = { type: 'observe', organizationId, source, failures } as const;
    return (await unit.execute(cardFailureAggregate, organizationId, command)).events.length;
  }

  /** Keyed, because a card's last digits and expiry can be guessed. */
  async hashOf(transaction: Transaction, { id, content }: StripeObject): Promise<string> {
    const hash = await this.vault.keyedHash(
      transaction,
      storedNames.contentHash,
      canonicalJson([id, content as unknown as Json]),
    );
    return hash.toString('base64url');
  }
}

/** Whose it is, by the customer; a detached payment method has none, and is known by our register. */
async function ownerOf(transaction: Transaction, object: StripeObject): Promise<OrganizationId | undefined> {
  const customerId = customerOf(object);
  if (customerId === null && object.type !== 'payment_method') return undefined;
  const [row] = await transaction.query<{ organization_id: string }>(
    customerId === null
      ? 'select organization_id from payment_method where payment_method_id = $1'
      : 'select organization_id from customer where customer_id = $1',
    [customerId ?? object.id],
  );
  if (!row) return undefined;
  // What Stripe reports of an organization whose data is deleted has no effect (P31).
  const refused = await refusedAmong(transaction, [row.organization_id]);
  return refused.size > 0 ? undefined : organizationIdOf.parse(row.organization_id);
}

type StripeIntent = Extract<StripeObject, { readonly type: 'setup_intent' | 'payment_intent' }>;

function isStripeIntent(object: StripeObject): object is StripeIntent {
  return object.type === 'setup_intent' || object.type === 'payment_intent';
}

async function append(
  unit: UnitOfWork,
  object: Exclude<StripeObject, StripeIntent>,
  observation: Observation,
): Promise<number> {
  const { id } = object;
  const executed = await (() => {
    switch (object.type) {
      case 'subscription':
        return unit.execute(subscriptionAggregate, id, {
          type: 'observe',
          id,
          observation,
          content: object.content,
        });
      case 'invoice':
        return unit.execute(invoiceAggregate, id, {
          type: 'observe',
          id,
          observation,
          content: object.content,
        });
      case 'payment_method':
        return unit.execute(paymentMethodAggregate, id, {
          type: 'observe',
          id,
          observation,
          content: object.content,
        });
      case 'refund':
      case 'credit_note':
      case 'dispute':
      case 'early_fraud_warning':
        return unit.execute(paymentExceptionAggregate, id, {
          type: 'observe',
          id,
          observation,
          content: object.content,
        });
      case 'customer':
        return unit.execute(stripeCustomerAggregate, id, {
          type: 'observe',
          id,
          observation,
          content: object.content,
        });
    }
  })();
  if (isRejected(executed)) throw new Error(`${object.type} ${id}: ${executed.rejected}`);
  return executed.events.length;
}

/** The organization's subscriptions together. One after another: two that end at once must not each take the other for live. */
async function judge(
  unit: UnitOfWork,
  read: readonly StripeObject[],
  { organizationId, source }: Observation,
): Promise<number> {
  await unit.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`account-${organizationId}`]);
  const subscriptions = read.flatMap((one) =>
    one.type === 'subscription' ? (accountSubscription(one.id, one.content) ?? []) : [],
  );
  const executed = await unit.execute(accountAggregate, organizationId, {
    type: 'observe',
    organizationId,
    source,
    subscriptions,
  });
  return executed.events.length;
}

/** Nothing has changed; only the time of the read is updated. */
async function touch(
  transaction: Transaction,
  { type, id }: StripeObject,
  observedAt: string,
): Promise<void> {
  const entityManager = await transaction.entityManager();
  switch (type) {
    case 'subscription':
      await entityManager.nativeUpdate(SubscriptionRow, { subscriptionId: id }, { observedAt });
      return;
    case 'invoice':
      await entityManager.nativeUpdate(InvoiceRow, { invoiceId: id }, { observedAt });
      return;
    case 'payment_method':
      await entityManager.nativeUpdate(PaymentMethodRow, { paymentMethodId: id }, { observedAt });
      return;
    case 'refund':
    case 'credit_note':
    case 'dispute':
    case 'early_fraud_warning':
    case 'setup_intent':
    case 'payment_intent':
      return;
    case 'customer':
      await entityManager.nativeUpdate(StripeCustomerRow, { customerId: id }, { observedAt });
  }
}
