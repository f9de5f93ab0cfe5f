/** @promise P31 a hold is in force when every service has confirmed it */
import { Injectable } from '@nestjs/common';
import { serviceNames } from '@vouchsafe/contracts';
import type { Transaction } from '@vouchsafe/database';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { Clock } from '@vouchsafe/service-host';
import { Operator } from '../organization/operator.js';
import { holdAggregate } from './hold.aggregate.js';
import type { HoldCommand } from './hold.decider.js';

@Injectable()
export class Holds {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly operator: Operator,
  ) {}

  async noteConfirmation(
    transaction: Transaction,
    holdId: string,
    confirmation: Omit<Extract<HoldCommand, { readonly type: 'note-confirmation' }>, 'type' | 'services'>,
  ): Promise<void> {
    const noted = await this.unit(transaction).execute(holdAggregate, holdId, {
      ...{ type: 'note-confirmation', services: serviceNames },
      ...confirmation,
    });
    // Never skipped: another service keeps what lifecycle does not know of.
    if (isRejected(noted)) throw new Error(`A confirmation of ${confirmation.service} for an unknown hold`);
  }

  /** In the operator's organization, where the streams of holds are. */
  unit(transaction: Transaction): UnitOfWork {
    const actor = { type: 'service', id: 'lifecycle' } as const;
    const envelope = { actor, occurredAt: this.clock.now(), requestId: null };
    return this.store.unit(transaction, this.operator.organizationId, envelope);
  }
}
