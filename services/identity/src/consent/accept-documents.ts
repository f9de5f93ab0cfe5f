import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf } from '@vouchsafe/service-host';
import type { z } from 'zod';
import { userAggregate } from '../user/user.aggregate.js';
import { principalOf } from '../request.js';
import type { UserRejection } from '../user/user.decider.js';
import { type acceptance, Consents } from './consents.js';

@Injectable()
export class AcceptDocuments {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly consents: Consents,
  ) {}

  /** Once nothing is outstanding any more, the person's sessions can do everything again. */
  async accept(caller: Caller, accept: z.infer<typeof acceptance>): Promise<UserRejection | null> {
    const { organizationId, userId } = principalOf(caller);
    const consent = this.consents.of(caller, accept);
    return this.store.transact(organizationId, envelopeOf(caller, this.clock.now()), async (unit) => {
      const accepted = await unit.execute(userAggregate, userId, {
        type: 'accept-documents',
        consent,
      });
      if (isRejected(accepted)) return accepted;
      if ((await this.consents.outstanding(unit, userId)).length === 0)
        await unit.query('update session set awaits_documents = false where user_id = $1', [userId]);
      return null;
    });
  }
}
