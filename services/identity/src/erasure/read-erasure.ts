import { Injectable } from '@nestjs/common';
import type { UserId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, organizationOf } from '@vouchsafe/service-host';
import { erasureAggregate } from './erasure.aggregate.js';
import { type ErasureView, viewOf } from './erasure-view.js';

@Injectable()
export class ReadErasure {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  read(caller: Caller, userId: UserId): Promise<ErasureView> {
    const envelope = envelopeOf(caller, this.clock.now());
    return this.store.transact(organizationOf(caller), envelope, async (unit) => {
      const { state } = await unit.load(erasureAggregate, userId);
      return viewOf(unit, state, caller);
    });
  }
}
