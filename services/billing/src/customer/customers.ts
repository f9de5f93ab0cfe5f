import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import {
  isErased,
  isRejected,
  organizationId as organizationIdOf,
  type OrganizationId,
  type UserId,
} from '@vouchsafe/event-sourcing';
import { type Envelope, EventStore } from '@vouchsafe/event-store';
import { Clock, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { canonicalJson } from '@vouchsafe/transparency-log';
import { refusedAmong, Vault } from '@vouchsafe/vault';
import type { Stripe } from 'stripe';
import { metadataOf } from '../intent/order.js';
import { storedNames } from '../stored-names.js';
import { KEY_HOURS, StripeApi } from '../stripe/stripe-api.js';
import { StripeCustomerRow } from '../stripe-customer/stripe-customer.entity.js';
import { isFailed, isStuck, outcomeUnknown, type StripeFailure } from '../stripe/stripe-failure.js';
import { customerAggregate } from './customer.aggregate.js';
import type { CustomerDetails } from './customer.decider.js';
import { CustomerRow } from './customer.entity.js';

const HOUR = 3600;

/** For whose intent a customer is needed. */
interface Need {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly requestId: string | null;
  readonly openedAt: string;
}

/** The customers at Stripe: one for each organization. */
@Injectable()
export class Customers {
  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly stripe: StripeApi,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  /** @returns the id of the organization's customer, where it has one */
  find(organizationId: string): Promise<string | undefined> {
    return this.database.forOrganization(organizationId, async (transaction) => {
      const entityManager = await transaction.entityManager();
      return (await entityManager.findOne(CustomerRow, { organizationId, replacedAt: null }))?.customerId;
    });
  }

  /** What is recorded for invoices; null where nothing is, and where the person who gave it is erased. */
  detailsOf(organizationId: OrganizationId): Promise<CustomerDetails | null> {
    const envelope = {
      actor: { type: 'service', id: 'billing' },
      occurredAt: this.clock.now(),
      requestId: null,
    } as const;
    return this.store.transact(organizationId, envelope, async (unit) => {
      const { state } = await unit.load(customerAggregate, organizationId);
      if (state.status === 'absent' || state.details === null) return null;
      const { name, email } = state.details;
      return isErased(name) || isErased(email) ? null : { name, email };
    });
  }

  /**
   * Makes the customer at the first need. Its key at Stripe is the organization's, not the intent's: two first requests at once get the
   * same customer.
   */
  async ensure(
    need: Need,
    { isOld }: { readonly isOld: boolean },
  ): Promise<{ readonly customerId: string } | StripeFailure> {
    const known = await this.find(need.organizationId);
    if (known !== undefined && !(await this.isDeleted(need.organizationId, known)))
      return { customerId: known };
    const replaces = known ?? null;
    const created = await this.create(need, isOld, replaces);
    if (isFailed(created)) return created;
    const { organizationId, userId, requestId } = need;
    const by = { actor: { type: 'user', id: userId }, requestId } as const;
    return { customerId: await this.record(organizationId, by, created.id, replaces) };
  }

  /** As Stripe told us: somebody deleted the customer in the dashboard. */
  private isDeleted(organizationId: string, customerId: string): Promise<boolean> {
    return this.database.forOrganization(organizationId, async (transaction) => {
      const entityManager = await transaction.entityManager();
      return (await entityManager.count(StripeCustomerRow, { customerId, isDeleted: true })) > 0;
    });
  }

  /** As an order is carried out: a key with which Stripe has failed for good is followed by the next one. */
  private async create(
    { organizationId, openedAt }: Need,
    isOld: boolean,
    replaces: string | null,
  ): Promise<Stripe.Customer | StripeFailure> {
    const needed = Math.floor(Date.parse(openedAt) / 1000) - 25 * HOUR;
    const forgotten = await this.forgottenSince();
    const metadata = { ...metadataOf(organizationId), [storedNames.mark]: await this.markOf(organizationId) };
    for (let nth = 1; ; nth += 1) {
      const since = [...(isOld || nth > 1 ? [needed] : []), ...(forgotten === undefined ? [] : [forgotten])];
      const found =
        since.length > 0 ? await this.findAtStripe(organizationId, Math.min(...since)) : undefined;
      const made = found ?? (await this.createAtStripe(organizationId, nth, replaces, metadata));
      if (!found && isStuck(made)) continue;
      return nth > 1 && isFailed(made) ? outcomeUnknown(made) : made;
    }
  }

  private async createAtStripe(
    organizationId: string,
    nth: number,
    replaces: string | null,
    metadata: Record<string, string>,
  ): Promise<Stripe.Customer | StripeFailure> {
    const key = await this.keyOf(organizationId, nth, replaces);
    return this.stripe
      .for(organizationId)
      .write(
        key,
        (stripe, options) => stripe.customers.create({ metadata }, options),
        nth === 1 ? 'several' : 'one',
      );
  }

  /**
   * Since when customers may have been made whose record was lost in a failover and whose key Stripe has forgotten: no comparison has
   * looked for them (Reconcile). Unix seconds; undefined where Stripe still knows the key of each such customer.
   */
  private async forgottenSince(): Promise<number | undefined> {
    const [row] = await this.database.asWorker((sql) =>
      sql.query<{ since: number | null; is_recent: boolean | null }>(
        `select extract(epoch from customers_listed_at)::bigint::float8 as since,
           customers_listed_at > clock_timestamp() - make_interval(hours => $1) as is_recent
         from reconciliation`,
        [KEY_HOURS],
      ),
    );
    return row?.is_recent ? undefined : Math.max((row?.since ?? 0) - HOUR, 0);
  }

  /** Among the customers since a time; by metadata, and not by Search, which is late. The oldest: the others were made by mistake. */
  private async findAtStripe(
    organizationId: OrganizationId,
    gte: number,
  ): Promise<Stripe.Customer | StripeFailure | undefined> {
    const found = await this.stripe.for(organizationId).read(async (stripe, options) => {
      const naming: Stripe.Customer[] = [];
      for await (const one of stripe.customers.list({ created: { gte }, limit: 100 }, options))
        if (one.metadata[storedNames.organization] === organizationId) naming.push(one);
      return naming;
    });
    if (isFailed(found)) return found;
    for (const one of found.toReversed()) if (await this.isOurs(one)) return one;
    return undefined;
  }

  /**
   * Takes a customer for that of the organization which it names, where there is no record of one: a failover lost it.
   * @returns whether it was so
   */
  async adopt(customer: Pick<Stripe.Customer, 'id' | 'metadata'>): Promise<boolean> {
    const { id, metadata } = customer;
    const named = organizationIdOf.safeParse(metadata[storedNames.organization]);
    if (!named.success || (await this.find(named.data)) !== undefined) return false;
    if (!(await this.isOurs(customer))) return false;
    const by = { actor: { type: 'service', id: 'billing' }, requestId: null } as const;
    return (await this.record(named.data, by, id, null)) === id;
  }

  /** Whether it is that of an organization of ours whose data is not deleted. */
  async isOurs(customer: Pick<Stripe.Customer, 'metadata'>): Promise<boolean> {
    const organizationId = await this.madeFor(customer);
    if (organizationId === null) return false;
    return (await this.database.asWorker((sql) => refusedAmong(sql, [organizationId]))).size === 0;
  }

  /** Those among these that name an organization, and that no record names. */
  async unrecorded<Listed extends Pick<Stripe.Customer, 'id' | 'metadata'>>(
    customers: readonly Listed[],
  ): Promise<Listed[]> {
    const rows = await this.database.asWorker((sql) =>
      sql.query<{ customer_id: string }>('select customer_id from customer where customer_id = any ($1)', [
        customers.map(({ id }) => id),
      ]),
    );
    const recorded = new Set(rows.map(({ customer_id }) => customer_id));
    return customers.filter(
      ({ id, metadata }) => !recorded.has(id) && metadata[storedNames.organization] !== undefined,
    );
  }

  /**
   * The customers among these, which have no record, of organizations whose data is deleted: a failover lost it, or there were two (P31).
   * Those that have a record are deleted with it (CustomersStore).
   */
  async leftOver(
    unrecorded: readonly Pick<Stripe.Customer, 'id' | 'metadata'>[],
  ): Promise<{ readonly customerId: string; readonly organizationId: OrganizationId }[]> {
    const named = unrecorded.flatMap(
      ({ metadata }) => organizationIdOf.safeParse(metadata[storedNames.organization]).data ?? [],
    );
    const refused = await this.database.asWorker((sql) => refusedAmong(sql, named));
    const leftOver = [];
    for (const customer of unrecorded) {
      if (!refused.has(customer.metadata[storedNames.organization] ?? '')) continue;
      const organizationId = await this.madeFor(customer);
      if (organizationId !== null) leftOver.push({ customerId: customer.id, organizationId });
    }
    return leftOver;
  }

  /** Null where this system has not made it: an account of Stripe's may be used by several, and each marks its own. */
  private async madeFor({ metadata }: Pick<Stripe.Customer, 'metadata'>): Promise<OrganizationId | null> {
    const named = organizationIdOf.safeParse(metadata[storedNames.organization]);
    return named.success && metadata[storedNames.mark] === (await this.markOf(named.data))
      ? named.data
      : null;
  }

  private async markOf(organizationId: OrganizationId): Promise<string> {
    const mark = await this.database.forOrganization(organizationId, (sql) =>
      this.vault.keyedHash(sql, storedNames.customerMark, organizationId),
    );
    return mark.toString('base64url');
  }

  private async keyOf(organizationId: string, nth: number, replaces: string | null): Promise<string> {
    const value = canonicalJson([organizationId, 'customer.create', nth, replaces]);
    const key = await this.database.forOrganization(organizationId, (sql) =>
      this.vault.keyedHash(sql, storedNames.stripeKey, value),
    );
    return key.toString('base64url');
  }

  /** @returns the customer that counts: that which was recorded first */
  private record(
    organizationId: OrganizationId,
    by: Pick<Envelope, 'actor' | 'requestId'>,
    customerId: string,
    replaces: string | null,
  ): Promise<string> {
    const envelope = { ...by, occurredAt: this.clock.now() };
    return this.store.transact(organizationId, envelope, async (unit) => {
      const command = { type: 'create', organizationId, customerId, replaces } as const;
      const created = await unit.execute(customerAggregate, organizationId, command);
      if (!isRejected(created)) return customerId;
      const { state } = await unit.load(customerAggregate, organizationId);
      if (state.status === 'absent') throw new Error('A customer that was recorded is not there');
      this.logger.error(
        { object: state.customerId, other: customerId },
        'An organization has two customers at Stripe',
      );
      return state.customerId;
    });
  }
}
