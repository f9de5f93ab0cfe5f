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
    const rows = await this.database.asWorker((sql) =>
      sql.query<{ organization_id: OrganizationId }>('select organization_id from stripe_key'),
    );
    const actor = { type: 'service', id: this.database.service } as const;
    for (const { organization_id: organizationId } of rows)
      await this.execute(organizationId, { actor, occurredAt: this.clock.now(), requestId: null });
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
