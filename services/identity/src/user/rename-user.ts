import { Injectable } from '@nestjs/common';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf } from '@vouchsafe/service-host';
import { userAggregate } from './user.aggregate.js';
import { principalOf } from '../request.js';

@Injectable()
export class RenameUser {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  rename(caller: Caller, name: string) {
    const { organizationId, userId } = principalOf(caller);
    return this.store.transact(organizationId, envelopeOf(caller, this.clock.now()), (unit) =>
      unit.execute(userAggregate, userId, { type: 'rename', name }),
    );
  }
}
