import { Injectable } from '@nestjs/common';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, Ids } from '@vouchsafe/service-host';
import { logInAggregate } from '../session/session.aggregate.js';
import type { LogInFailure } from '../session/session.events.js';
import type { TakenAttempt } from './throttle.js';

/** An account that may exist or not: both go the same way, with the same queries and one hash (ASVS 6.3.8). */
export interface Candidate {
  readonly organizationId: OrganizationId;
  readonly userId: UserId | null;
  readonly attempt: TakenAttempt;
}

@Injectable()
export class RecordFailure {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * A denied proof, at log-in or within a session: counted already, and a fact for the audit log (ASVS 16.3.1), in a transaction of its
   * own.
   */
  async record(caller: Caller, failure: Candidate & { readonly reason: LogInFailure }): Promise<void> {
    const { organizationId, userId, reason } = failure;
    const { sourceIp, userAgent } = caller;
    await this.store.transact(organizationId, envelopeOf(caller, this.clock.now()), (unit) =>
      unit.execute(logInAggregate, this.ids.newId(), {
        organizationId,
        userId,
        reason,
        stops: failure.attempt.stops,
        sourceIp,
        userAgent,
      }),
    );
  }
}
