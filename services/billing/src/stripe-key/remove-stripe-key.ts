import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, organizationOf } from '@vouchsafe/service-host';
import { stripeKeyAggregate } from './stripe-key.aggregate.js';
import { CUSTOMER_STRIPE_KEYS, type CustomerStripeKeys } from './customer-stripe-keys.js';

@Injectable()
export class RemoveStripeKey implements OnApplicationBootstrap {
  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(CUSTOMER_STRIPE_KEYS) private readonly keys: CustomerStripeKeys,
  ) {}

  /** Switched off, a deployment forgets what it kept while it was on. */
  async onApplicationBootstrap(): Promise<void> {
    if (this.keys === 'on') return;
    const actor = { type: 'service', id: this.database.service } as const;
    for (const organizationId of await this.stored()) {
      const envelope = { actor, occurredAt: this.clock.now(), requestId: null };
      await this.store.transact(organizationId, envelope, async (unit) => {
        await unit.execute(stripeKeyAggregate, organizationId, { type: 'remove', organizationId });
        // A row that was put back by SQL or by a partial restore has no event that could remove it.
        await unit.query('delete from stripe_key where organization_id = $1', [organizationId]);
      });
    }
    if ((await this.stored()).length > 0) throw new Error('Stripe keys of customers could not be removed');
  }

  private async stored(): Promise<OrganizationId[]> {
    const rows = await this.database.asWorker((sql) =>
      sql.query<{ organization_id: OrganizationId }>('select organization_id from stripe_key'),
    );
    return rows.map(({ organization_id }) => organization_id);
  }

  remove(caller: Caller) {
    return this.execute(organizationOf(caller), envelopeOf(caller, this.clock.now()));
  }

  private execute(organizationId: OrganizationId, envelope: ReturnType<typeof envelopeOf>) {
    return this.store.transact(organizationId, envelope, (unit) =>
      unit.execute(stripeKeyAggregate, organizationId, { type: 'remove', organizationId }),
    );
  }
}
