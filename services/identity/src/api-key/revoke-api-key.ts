import { Injectable } from '@nestjs/common';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, organizationOf } from '@vouchsafe/service-host';
import { apiKeyAggregate } from './api-key.aggregate.js';

@Injectable()
export class RevokeApiKey {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  revoke(caller: Caller, apiKeyId: string) {
    return this.store.transact(organizationOf(caller), envelopeOf(caller, this.clock.now()), (unit) =>
      unit.execute(apiKeyAggregate, apiKeyId, { type: 'revoke', reason: 'revoked' }),
    );
  }
}
