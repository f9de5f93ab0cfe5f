import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { assertRecentlyAuthenticated, type Caller, Clock, envelopeOf } from '@vouchsafe/service-host';
import { userAggregate } from '../user/user.aggregate.js';
import { EmailOutbox } from '../email/email-outbox.js';
import { Operator } from '../operator.js';
import { principalOf } from '../request.js';
import type { UserRejection } from '../user/user.decider.js';
import { assertMayEnrol, hasSecondFactor } from './authenticators.js';

@Injectable()
export class RemoveAuthenticator {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly operator: Operator,
    private readonly emails: EmailOutbox,
  ) {}

  async remove(caller: Caller, authenticatorId: string): Promise<UserRejection | null> {
    const who = principalOf(caller);
    const at = this.clock.now();
    assertRecentlyAuthenticated(caller, at);
    const { organizationId, userId } = who;
    return this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      await assertMayEnrol(unit, who);
      const [organization] = await unit.query<{
        second_factor_required: boolean;
        good_alone: boolean | null;
      }>(
        `select second_factor_required, (select good_alone from password where user_id = $1) as good_alone
         from organization`,
        [userId],
      );
      const removed = await unit.execute(userAggregate, userId, {
        type: 'remove-second-factor',
        authenticatorId,
        requiredByOrganization: this.operator.requiresSecondFactor(
          organizationId,
          organization?.second_factor_required ?? false,
        ),
        passwordIsGoodAlone: organization?.good_alone ?? true,
      });
      if (isRejected(removed)) return removed;
      await unit.query('delete from authenticator where authenticator_id = $1 and user_id = $2', [
        authenticatorId,
        userId,
      ]);
      if (!(await hasSecondFactor(unit, userId))) {
        await unit.query('delete from recovery_code where user_id = $1', [userId]);
      }
      await this.emails.notify(unit, userId, 'second-factor-removed');
      return null;
    });
  }
}
