import { Injectable } from '@nestjs/common';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, problem } from '@vouchsafe/service-host';
import { principalOf } from '../request.js';
import { Sessions } from './sessions.js';

@Injectable()
export class EndSession {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly sessions: Sessions,
  ) {}

  /** Ends a session of the caller's. @returns whether it is the one that asks */
  async end(caller: Caller, id: string): Promise<boolean> {
    const { organizationId, userId, sessionId } = principalOf(caller);
    const own = id === sessionId;
    await this.store.transact(organizationId, envelopeOf(caller, this.clock.now()), async (unit) => {
      const rows = await unit.query('select 1 from session where session_id = $1 and user_id = $2', [
        id,
        userId,
      ]);
      const reason = own ? 'logged-out' : 'ended-by-user';
      const ended = rows.length === 1 && (await this.sessions.end(unit, id, reason));
      if (!ended) throw problem('not-found');
    });
    return own;
  }
}
