/** @promise P10 the name and address for invoices that an erased person gave are removed at Stripe, too */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { EventStore } from '@vouchsafe/event-store';
import {
  Clock,
  type Erasure,
  Ids,
  LOGGER,
  type PersonRemoval,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import { customerAggregate } from '../customer/customer.aggregate.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed } from '../stripe/stripe-failure.js';

/**
 * What can be changed at Stripe about a person is: the customer's name and address. Invoices that were sent keep them, as the law of
 * accounting asks (docs/billing.md). No receipt is given while Stripe has not answered.
 */
@Injectable()
export class RemovePerson implements PersonRemoval, OnApplicationBootstrap {
  private started = false;

  constructor(
    private readonly store: EventStore,
    private readonly stripe: StripeApi,
    private readonly clock: Clock,
    private readonly ids: Ids,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'warn'>,
  ) {}

  onApplicationBootstrap(): void {
    this.started = true;
  }

  async remove({ organizations, subjects }: Erasure): Promise<void> {
    for (const organizationId of organizations) {
      const customerId = await this.customerNamedBy(organizationId, subjects);
      if (customerId === undefined) continue;
      const changed = await this.stripe.write(this.ids.newId(), (client, options) =>
        client.customers.update(customerId, { name: '', email: '' }, options),
      );
      // A customer that is deleted there has no name any more.
      if (!isFailed(changed) || (changed.failed === 'refused' && changed.reason === 'not-found')) continue;
      const because = changed.failed === 'refused' ? `refused: ${changed.reason}` : changed.because;
      // Stripe unavailable never stops a start: it is tried again before the receipt.
      if (this.started) throw new Error(`Stripe did not remove a name: ${because}`);
      this.logger.warn(
        { because, object: customerId },
        'A name at Stripe could not be removed yet; retrying',
      );
    }
  }

  private customerNamedBy(organizationId: string, subjects: readonly string[]): Promise<string | undefined> {
    const envelope = {
      actor: { type: 'service', id: 'billing' },
      occurredAt: this.clock.now(),
      requestId: null,
    } as const;
    return this.store.transact(organizationId, envelope, async (unit) => {
      const { state } = await unit.load(customerAggregate, organizationId);
      const isNamed = state.status === 'created' && state.details && subjects.includes(state.details.userId);
      return isNamed ? state.customerId : undefined;
    });
  }
}
