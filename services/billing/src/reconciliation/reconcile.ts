/** @promise P31 what no webhook reported is found by a daily comparison with Stripe */
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { askingHolds, HeldError, Ids, LOGGER, Metrics, type ServiceLogger } from '@vouchsafe/service-host';
import { Counter } from 'prom-client';
import type { Stripe } from 'stripe';
import { Customers } from '../customer/customers.js';
import { Inbox } from '../inbox/inbox.js';
import { Claims } from '../observation/claims.js';
import { ObservationWorker } from '../observation/observation-worker.js';
import { ReadStripeObject } from '../observation/read-object.js';
import { RecordObservation } from '../observation/record-observation.js';
import type { StripeObject } from '../observation/stripe-object.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed, type StripeFailure } from '../stripe/stripe-failure.js';
import { objectOf, readEvent } from '../webhook/webhook-event.js';

/** Stripe lists its events for so many days. */
const EVENT_DAYS = 30;
/** What was created before events were listed last was among them; a day more, whatever the clocks say. */
const OVERLAP_DAYS = 1;
/** Customers of ours that are held in memory at a time. */
const CUSTOMERS_AT_ONCE = 500;

export interface Reconciled {
  readonly customers: number;
  /** Customers at Stripe that we had no record of. */
  readonly adopted: number;
  /** Events that no webhook had brought. */
  readonly events: number;
  /** Objects that are otherwise at Stripe than we knew. */
  readonly objects: number;
}

/** Stripe did not answer, or the service stops. */
type Interrupted = StripeFailure | 'stopped';

/** Asked at each page and before each customer: a comparison takes long where there are many. */
type GoesOn = () => Promise<boolean>;

type ListedCustomer = Pick<Stripe.Customer, 'id' | 'metadata'>;

type Page<Item> = Pick<Stripe.ApiList<Item>, 'data' | 'has_more'>;

interface KnownCustomer {
  readonly organization_id: string;
  readonly customer_id: string;
}

/** Compares what we know with what Stripe has, and requests a read of whatever differs. */
@Injectable()
export class Reconcile {
  private readonly repairs: Counter<'what'>;

  constructor(
    private readonly database: Database,
    private readonly stripe: StripeApi,
    private readonly customers: Customers,
    private readonly reading: ReadStripeObject,
    private readonly recording: RecordObservation,
    private readonly claims: Claims,
    private readonly inbox: Inbox,
    private readonly worker: ObservationWorker,
    private readonly ids: Ids,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'info' | 'warn'>,
    { registry }: Metrics,
  ) {
    this.repairs = new Counter({
      name: 'billing_reconciliation_repairs_total',
      help: 'Differences that the comparison found and no webhook reported',
      labelNames: ['what'],
      registers: [registry],
    });
    for (const what of [
      'event',
      'subscription',
      'invoice',
      'payment_method',
      'customer',
      'unrecorded_customer',
      'left_over_customer',
    ])
      this.repairs.inc({ what }, 0);
  }

  /** @returns what was repaired, or why it ended early: then it is done again from the beginning */
  async run(goesOn: GoesOn = () => Promise.resolve(true)): Promise<Reconciled | Interrupted> {
    const adopted = await this.adoptCustomers(goesOn);
    if (isInterrupted(adopted)) return adopted;
    const events = await this.missedEvents(goesOn);
    if (isInterrupted(events)) return events;
    const compared = await this.compareCustomers(goesOn);
    if (isInterrupted(compared)) return compared;
    this.worker.wake();
    const reconciled = { ...adopted, ...compared, events: events.missed };
    const said = `Compared with Stripe: ${adopted.adopted} customers without a record, ${events.missed} missed events, ${compared.objects} changed objects`;
    if (adopted.adopted + events.missed + compared.objects > 0) this.logger.warn(said);
    else this.logger.info(said);
    return reconciled;
  }

  private async compareCustomers(
    goesOn: GoesOn,
  ): Promise<{ customers: number; objects: number } | Interrupted> {
    let [customers, objects] = [0, 0];
    for (let after = ''; ;) {
      const some = await this.database.asWorker((sql) =>
        sql.query<KnownCustomer>(
          `select organization_id, customer_id from customer where replaced_at is null and customer_id > $1
           order by customer_id limit ${CUSTOMERS_AT_ONCE}`,
          [after],
        ),
      );
      for (const customer of some) {
        if (!(await goesOn())) return 'stopped';
        const repaired = await this.compare(customer);
        if (isFailed(repaired)) return repaired;
        objects += repaired.objects;
      }
      customers += some.length;
      const last = some.at(-1);
      if (!last) return { customers, objects };
      after = last.customer_id;
    }
  }

  /** A failover may have lost the record of a customer, and Stripe forgets after a day that it was made already. */
  private async adoptCustomers(goesOn: GoesOn): Promise<{ adopted: number } | Interrupted> {
    const now = await this.now();
    const unrecorded: ListedCustomer[] = [];
    const listed = await this.pages(
      (stripe, from, options) => stripe.customers.list(from, options),
      async (page) => {
        for (const { id, metadata } of await this.customers.unrecorded(page))
          unrecorded.push({ id, metadata });
      },
      goesOn,
    );
    if (isInterrupted(listed)) return listed;
    let adopted = 0;
    // The oldest first: of two, it is the one that a lost record was about.
    for (const one of unrecorded.toReversed()) {
      if (!(await this.customers.adopt(one))) continue;
      this.repairs.inc({ what: 'unrecorded_customer' });
      adopted += 1;
    }
    const failure = await this.deleteLeftOver(unrecorded);
    if (failure) return failure;
    await this.database.asWorker((sql) =>
      sql.query('update reconciliation set customers_listed_at = $1', [now]),
    );
    return { adopted };
  }

  /** What a legal hold keeps stays, and is looked at again by the next comparison. @returns why Stripe did not delete one */
  private async deleteLeftOver(unrecorded: readonly ListedCustomer[]): Promise<StripeFailure | undefined> {
    for (const { customerId, organizationId } of await this.customers.leftOver(unrecorded)) {
      const deleted = await askingHolds(this.database, { organizations: [organizationId] })
        .outside(() =>
          this.stripe.background.write(this.ids.newId(), (stripe, options) =>
            stripe.customers.del(customerId, {}, options),
          ),
        )
        .catch(heldBack);
      if (deleted === 'held') {
        this.logger.info({ object: customerId }, 'A legal hold keeps a customer of a deleted organization');
        continue;
      }
      if (isFailed(deleted)) return deleted;
      this.repairs.inc({ what: 'left_over_customer' });
      this.logger.warn(
        { object: customerId },
        'Deleted at Stripe a customer of an organization that was deleted',
      );
    }
    return undefined;
  }

  /** The events since they were listed last go the way of a webhook, each once. */
  private async missedEvents(goesOn: GoesOn): Promise<{ missed: number } | Interrupted> {
    const [now, gte] = [await this.now(), await this.eventsSince()];
    let missed = 0;
    const listed = await this.pages(
      (stripe, from, options) => stripe.events.list({ created: { gte }, ...from }, options),
      async (page) => {
        for (const one of page) if (await this.isMissed(one)) missed += 1;
      },
      goesOn,
    );
    if (isInterrupted(listed)) return listed;
    await this.database.asWorker((sql) =>
      sql.query('update reconciliation set events_listed_at = $1', [now]),
    );
    return { missed };
  }

  private async isMissed(listed: Stripe.Event): Promise<boolean> {
    const event = readEvent(listed);
    if (!event) this.logger.warn('Stripe lists an event whose form is unknown');
    if (!event || event.account !== undefined || event.livemode !== this.stripe.settings.livemode)
      return false;
    if (!(await this.inbox.add(event, objectOf(event), 'reconciliation'))) return false;
    this.repairs.inc({ what: 'event' });
    return true;
  }

  /** A whole list at Stripe, newest first; one page is in memory at a time. */
  private async pages<Item extends { readonly id: string }>(
    list: (
      stripe: Stripe,
      from: Stripe.PaginationParams,
      options: Stripe.RequestOptions,
    ) => Promise<Page<Item>>,
    take: (page: readonly Item[]) => Promise<void>,
    goesOn: GoesOn,
  ): Promise<'all' | Interrupted> {
    for (let after: string | undefined; ;) {
      if (!(await goesOn())) return 'stopped';
      const from = { limit: 100, ...(after !== undefined && { starting_after: after }) };
      const page = await this.stripe.background.read((stripe, options) => list(stripe, from, options));
      if (isFailed(page)) return page;
      await take(page.data);
      after = page.data.at(-1)?.id;
      if (!page.has_more || after === undefined) return 'all';
    }
  }

  /** By the database's clock. */
  private async now(): Promise<string> {
    const [row] = await this.database.asWorker((sql) =>
      sql.query<{ at: string }>('select clock_timestamp()::text as at'),
    );
    if (!row) throw new Error('The database has no time');
    return row.at;
  }

  /** Unix seconds. */
  private async eventsSince(): Promise<number> {
    const [row] = await this.database.asWorker((sql) =>
      sql.query<{ since: number }>(
        `select extract(epoch from greatest(
             clock_timestamp() - make_interval(days => $1), events_listed_at - make_interval(days => $2)))::bigint::float8 as since
         from reconciliation`,
        [EVENT_DAYS, OVERLAP_DAYS],
      ),
    );
    if (!row) throw new Error('The row of the last comparison is gone');
    return row.since;
  }

  private async compare({
    customer_id: customerId,
  }: KnownCustomer): Promise<{ objects: number } | StripeFailure> {
    const customer = await this.reading.latest('customer', customerId);
    if (isFailed(customer)) {
      if (customer.failed === 'unavailable') return customer;
      this.logger.warn(
        { object: customerId, because: customer.reason },
        'Stripe does not know a customer of ours; its objects are not compared',
      );
      return { objects: 0 };
    }
    const lists = [
      await this.reading.subscriptionsOf(customerId),
      await this.reading.invoicesOf(customerId),
      ...(customer.type === 'customer' && customer.content.isDeleted
        ? []
        : [await this.reading.paymentMethodsOf(customerId)]),
    ];
    const there: StripeObject[] = [customer];
    for (const list of lists) {
      if (!isFailed(list)) there.push(...list);
      else if (list.failed === 'unavailable') return list;
    }
    const differing = [...(await this.differing(there)), ...(await this.notListed(customerId, there))];
    for (const { type, id } of differing) {
      await this.claims.request({ type, id }, 'reconciliation');
      this.repairs.inc({ what: type });
    }
    return { objects: differing.length };
  }

  private differing(there: readonly StripeObject[]): Promise<StripeObject[]> {
    return this.database.asWorker(async (transaction) => {
      const known = await transaction.query<{ object_id: string; content_hash: string | null }>(
        'select object_id, content_hash from stripe_object where object_id = any ($1)',
        [there.map(({ id }) => id)],
      );
      const hashes = new Map(known.map(({ object_id, content_hash }) => [object_id, content_hash]));
      const differing: StripeObject[] = [];
      for (const object of there)
        if (hashes.get(object.id) !== (await this.recording.hashOf(transaction, object)))
          differing.push(object);
      return differing;
    });
  }

  /** What we hold for live or attached, and is in no list: detached payment methods, subscriptions of a deleted customer. */
  private async notListed(
    customerId: string,
    there: readonly StripeObject[],
  ): Promise<{ readonly type: 'subscription' | 'payment_method'; readonly id: string }[]> {
    return this.database.asWorker((sql) =>
      sql.query(
        `select 'subscription' as type, subscription_id as id from subscription
           where customer_id = $1 and ended_at is null and subscription_id <> all ($2)
         union all
         select 'payment_method', payment_method_id from payment_method join stripe_customer using (customer_id)
           where customer_id = $1 and detached_at is null and not is_deleted and payment_method_id <> all ($2)`,
        [customerId, there.map(({ id }) => id)],
      ),
    );
  }
}

function heldBack(error: unknown): 'held' {
  if (error instanceof HeldError) return 'held';
  throw error;
}

function isInterrupted(outcome: object | string): outcome is Interrupted {
  return typeof outcome === 'string' ? outcome === 'stopped' : isFailed(outcome);
}
