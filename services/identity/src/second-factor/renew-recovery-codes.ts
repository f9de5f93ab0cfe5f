import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { assertRecentlyAuthenticated, type Caller, Clock, envelopeOf } from '@vouchsafe/service-host';
import { userAggregate } from '../user/user.aggregate.js';
import { EmailOutbox } from '../email/email-outbox.js';
import { principalOf } from '../request.js';
import type { UserRejection } from '../user/user.decider.js';
import { assertMayEnrol } from './authenticators.js';
import { replaceRecoveryCodes } from './recovery-codes.js';

@Injectable()
export class RenewRecoveryCodes {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly emails: EmailOutbox,
  ) {}

  async renew(caller: Caller): Promise<{ recoveryCodes: string[] } | UserRejection> {
    const who = principalOf(caller);
    const at = this.clock.now();
    assertRecentlyAuthenticated(caller, at);
    const { organizationId, userId } = who;
    return this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      await assertMayEnrol(unit, who);
      const recoveryCodes = await replaceRecoveryCodes(unit, { organizationId, userId });
      const issued = await unit.execute(userAggregate, userId, {
        type: 'issue-recovery-codes',
        count: recoveryCodes.length,
      });
      if (isRejected(issued)) return issued;
      await this.emails.notify(unit, userId, 'recovery-codes-issued');
      return { recoveryCodes };
    });
  }
}
