import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isRejected, type OrganizationId, type UserId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { Clock, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { canonicalJson } from '@vouchsafe/transparency-log';
import { Vault } from '@vouchsafe/vault';
import type { Stripe } from 'stripe';
import { metadataOf } from '../intent/order.js';
import { storedNames } from '../stored-names.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { StripeCustomerRow } from '../stripe-customer/stripe-customer.entity.js';
import { isFailed, isStuck, type StripeFailure } from '../stripe/stripe-failure.js';
import { customerAggregate } from './customer.aggregate.js';
import { CustomerRow } from './customer.entity.js';

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
    return isFailed(created) ? created : { customerId: await this.record(need, created.id, replaces) };
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
    need: Need,
    isOld: boolean,
    replaces: string | null,
  ): Promise<Stripe.Customer | StripeFailure> {
    const { organizationId } = need;
    for (let nth = 1; ; nth += 1) {
      const found = isOld || nth > 1 ? await this.findAtStripe(need) : undefined;
      if (found) return found;
      const key = await this.keyOf(organizationId, nth, replaces);
      const created = await this.stripe.write(
        key,
        (stripe, options) => stripe.customers.create({ metadata: metadataOf(organizationId) }, options),
        nth === 1 ? 'several' : 'one',
      );
      if (!isStuck(created)) return created;
    }
  }

  /** Among the customers of the days since it was needed first; by metadata, and not by Search, which is late. */
  private findAtStripe({
    organizationId,
    openedAt,
  }: Need): Promise<Stripe.Customer | StripeFailure | undefined> {
    const gte = Math.floor(Date.parse(openedAt) / 1000) - 25 * 3600;
    const found = this.stripe.read(async (stripe, options) => {
      for await (const one of stripe.customers.list({ created: { gte }, limit: 100 }, options))
        if (one.metadata[storedNames.organization] === organizationId) return { one };
      return { one: undefined };
    });
    return found.then((answer) => (isFailed(answer) ? answer : answer.one));
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
    { organizationId, userId, requestId }: Need,
    customerId: string,
    replaces: string | null,
  ): Promise<string> {
    const envelope = {
      actor: { type: 'user', id: userId },
      occurredAt: this.clock.now(),
      requestId,
    } as const;
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
