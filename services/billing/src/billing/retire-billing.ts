import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, organizationOf } from '@vouchsafe/service-host';
import { billingAggregate } from './billing.aggregate.js';
import type { BillingRejection } from './billing.decider.js';

@Injectable()
export class RetireBilling {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  async retire(caller: Caller, billingId: string): Promise<BillingRejection | null> {
    return this.store.transact(organizationOf(caller), envelopeOf(caller, this.clock.now()), async (unit) => {
      const retired = await unit.execute(billingAggregate, billingId, { type: 'retire' });
      return isRejected(retired) ? retired : null;
    });
  }
}
