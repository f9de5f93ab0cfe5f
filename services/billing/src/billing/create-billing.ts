import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, createOnce, envelopeOf, Ids, organizationOf } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { billingAggregate } from './billing.aggregate.js';
import type { BillingRejection } from './billing.decider.js';

export const createdBilling = z.strictObject({ billingId: z.uuid() }).meta({ id: 'CreatedBilling' });

@Injectable()
export class CreateBilling {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @param key the request's Idempotency-Key: one billing for it, however often it is sent */
  create(
    caller: Caller,
    key: string | undefined,
  ): Promise<z.infer<typeof createdBilling> | BillingRejection> {
    const [organizationId, at] = [organizationOf(caller), this.clock.now()];
    const once = { organizationId, caller, operation: 'billing.create', key, request: {}, at };
    return this.store.transact(organizationId, envelopeOf(caller, at), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        const billingId = this.ids.newId();
        const created = await unit.execute(billingAggregate, billingId, {
          type: 'create',
          organizationId,
          billingId,
        });
        return isRejected(created) ? created : { body: { billingId } };
      }),
    );
  }
}
