import { Injectable } from '@nestjs/common';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf } from '@vouchsafe/service-host';
import { principalOf } from '../request.js';
import { Sessions } from './sessions.js';

@Injectable()
export class EndOtherSessions {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly sessions: Sessions,
  ) {}

  /** Ends all of the caller's sessions but the one that asks. */
  async end(caller: Caller): Promise<void> {
    const { organizationId, userId, sessionId } = principalOf(caller);
    await this.store.transact(organizationId, envelopeOf(caller, this.clock.now()), (unit) =>
      this.sessions.endAll(unit, userId, 'ended-by-user', sessionId),
    );
  }
}
