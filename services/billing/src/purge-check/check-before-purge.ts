/** @promise P31 before an organization's data is deleted, Stripe is asked afresh for a live subscription */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import { EventStore, follow } from '@vouchsafe/event-store';
import { Background, Clock, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { accountSubscription } from '../account/account.decider.js';
import { CustomerAtStripe } from '../customer/customer-at-stripe.js';
import { Claims } from '../observation/claims.js';
import { ObservationWorker } from '../observation/observation-worker.js';
import { ReadStripeObject } from '../observation/read-object.js';
import type { StripeObject } from '../observation/stripe-object.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed, reasonOf } from '../stripe/stripe-failure.js';
import { purgeCheckAggregate } from './purge-check.aggregate.js';

const POLL_MS = 1_000;
/** Longer than the questions of one check take; each pause is twice the one before, up to the longest. */
const LEASE_SECONDS = 60;
const LONGEST_PAUSE = 600;
/** A subscription that is live today ends on another day, if ever; what is not paid yet expires within 24 hours at Stripe. */
const AGAIN_HOURS = 24;

/** What Stripe says of an organization: `payable` may become a live subscription without us. */
type Found = 'nothing' | 'payable' | { readonly live: StripeObject };

interface Due {
  readonly organization_id: OrganizationId;
  readonly epoch: number;
}

/** Carries out the checks that lifecycle asked for (`purge_check`), until Stripe has answered. */
@Injectable()
export class CheckBeforePurge implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly stripe: StripeApi,
    private readonly customers: CustomerAtStripe,
    private readonly reading: ReadStripeObject,
    private readonly claims: Claims,
    private readonly observations: ObservationWorker,
    private readonly clock: Clock,
    private readonly background: Background,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  onApplicationBootstrap(): void {
    const onError = (error: unknown) =>
      this.logger.error(
        { err: error },
        'Whether an organization has a live subscription could not be found out; retrying',
      );
    this.background.add(follow(() => this.step(), { idle: POLL_MS, retry: POLL_MS, onError }));
  }

  /** @returns how many organizations it took on */
  private async step(): Promise<number> {
    const due = await this.claim();
    if (!due) return 0;
    const found = await this.ask(due.organization_id);
    if (found === 'nothing') await this.publish(due);
    else await this.lookAgainLater(due, found);
    return 1;
  }

  /** @throws while Stripe does not answer: then it is asked again when the lease has ended */
  private async ask(organizationId: string): Promise<Found> {
    let found: Found = 'nothing';
    const customerIds = await this.customers.idsOf(organizationId);
    // The purge could not end: the customer could not be deleted at Stripe.
    if (customerIds.length > 0 && this.stripe.settings.key === undefined)
      throw new Error('An organization has a customer at Stripe, and STRIPE_SECRET_KEY is not set');
    for (const customerId of customerIds) {
      const customer = await this.customers.find(customerId);
      if (isFailed(customer)) throw new Error(`Stripe did not give a customer: ${reasonOf(customer)}`);
      // Stripe ends the subscriptions of a customer that is deleted.
      if (customer.isGone) continue;
      const all = await this.reading.subscriptionsOf(customerId);
      if (isFailed(all)) throw new Error(`Stripe did not list subscriptions: ${reasonOf(all)}`);
      const live = all.find(
        (one) => one.type === 'subscription' && accountSubscription(one.id, one.content)?.liveness === 'live',
      );
      if (live) return { live };
      const isUnpaid = all.some((one) => one.type === 'subscription' && one.content.status === 'incomplete');
      if (isUnpaid || (await this.hasOpenCheckout(customerId))) found = 'payable';
    }
    return found;
  }

  private async hasOpenCheckout(customer: string): Promise<boolean> {
    const open = await this.stripe.background.read((stripe, options) =>
      stripe.checkout.sessions.list({ customer, status: 'open', limit: 1 }, options),
    );
    if (isFailed(open)) throw new Error(`Stripe did not list pages of Checkout: ${reasonOf(open)}`);
    return open.data.length > 0;
  }

  /** What is live is recorded as any other that Stripe reports, and lifecycle hears of it. */
  private async lookAgainLater(
    { organization_id, epoch }: Due,
    found: Exclude<Found, 'nothing'>,
  ): Promise<void> {
    if (found !== 'payable') await this.claims.request(found.live, 'reconciliation');
    await this.database.asWorker((sql) =>
      sql.query(
        `update purge_check set due_at = $3::timestamptz + make_interval(hours => ${AGAIN_HOURS}), tries = 0
         where organization_id = $1 and epoch = $2`,
        [organization_id, epoch, this.clock.now()],
      ),
    );
    this.observations.wake();
  }

  /** Not where the organization has come back meanwhile. */
  private async publish({ organization_id: organizationId, epoch }: Due): Promise<void> {
    await this.database.asWorker(async (transaction) => {
      const done = await transaction.query(
        'delete from purge_check where organization_id = $1 and epoch = $2 returning 1 as done',
        [organizationId, epoch],
      );
      if (done.length === 0) return;
      const actor = { type: 'service', id: 'billing' } as const;
      const envelope = { actor, occurredAt: this.clock.now(), requestId: null };
      await this.store
        .unit(transaction, organizationId, envelope)
        .execute(purgeCheckAggregate, organizationId, { organizationId, epoch });
    });
  }

  private async claim(): Promise<Due | undefined> {
    const [row] = await this.database.asWorker((sql) =>
      sql.query<Due>(
        `update purge_check set tries = tries + 1,
           due_at = $1::timestamptz + least($3, $2 * power(2, least(tries, 10))) * interval '1 second'
         where organization_id = (
           select organization_id from purge_check where due_at <= $1 order by due_at limit 1 for update skip locked)
         returning organization_id, epoch`,
        [this.clock.now(), LEASE_SECONDS, LONGEST_PAUSE],
      ),
    );
    return row;
  }
}
