import { Injectable } from '@nestjs/common';
import { isErased } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, organizationOf } from '@vouchsafe/service-host';
import { z } from 'zod';
import { customerAggregate } from './customer.aggregate.js';

export const customerView = z
  .strictObject({
    customerId: z.string().nullable().describe('Id of the customer at Stripe; null before the first order'),
    name: z.string().nullable().describe('Name on invoices; null where it is not known'),
    email: z.string().nullable().describe('Address for invoices; null where it is not known'),
  })
  .meta({ id: 'BillingCustomer' });

@Injectable()
export class ReadCustomer {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  read(caller: Caller): Promise<z.infer<typeof customerView>> {
    const organizationId = organizationOf(caller);
    return this.store.transact(organizationId, envelopeOf(caller, this.clock.now()), async (unit) => {
      const { state } = await unit.load(customerAggregate, organizationId);
      if (state.status === 'absent') return { customerId: null, name: null, email: null };
      const { customerId, details } = state;
      return { customerId, name: open(details?.name), email: open(details?.email) };
    });
  }

  /** The details that one of these people gave; none where somebody else did. */
  detailsBy(
    caller: Caller,
    people: readonly string[],
  ): Promise<Pick<z.infer<typeof customerView>, 'name' | 'email'>[]> {
    const organizationId = organizationOf(caller);
    return this.store.transact(organizationId, envelopeOf(caller, this.clock.now()), async (unit) => {
      const { state } = await unit.load(customerAggregate, organizationId);
      const details = state.status === 'absent' ? null : state.details;
      return details && people.includes(details.userId)
        ? [{ name: open(details.name), email: open(details.email) }]
        : [];
    });
  }
}

function open(value: unknown): string | null {
  return typeof value === 'string' && !isErased(value) ? value : null;
}
