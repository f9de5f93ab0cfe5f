import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { type Caller, Clock, problem } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { userAggregate } from '../user/user.aggregate.js';
import { EmailOutbox } from '../email/email-outbox.js';
import { CountedProofs } from '../log-in/counted-proofs.js';
import { principalOf } from '../request.js';
import { Sessions, type StartedSession } from '../session/sessions.js';
import type { UserRejection } from '../user/user.decider.js';
import { assertMayEnrol, failureOf, hasSecondFactor, takeTotpCode } from './authenticators.js';
import { replaceRecoveryCodes } from './recovery-codes.js';

interface ConfirmedEnrolment {
  readonly recoveryCodes: string[];
  readonly session: StartedSession;
}

@Injectable()
export class ConfirmEnrolment {
  constructor(
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly sessions: Sessions,
    private readonly emails: EmailOutbox,
    private readonly proofs: CountedProofs,
  ) {}

  /** The first right code enrols it, lifts this session to two factors, and gives recovery codes where there are none. */
  async confirm(
    caller: Caller,
    authenticatorId: string,
    code: string,
  ): Promise<ConfirmedEnrolment | UserRejection> {
    const who = principalOf(caller);
    const { organizationId, userId, sessionId } = who;
    const nothing = () => Promise.resolve(null);
    return this.proofs.countInSession<ConfirmedEnrolment | UserRejection, null>(
      caller,
      nothing,
      async (unit) => {
        await assertMayEnrol(unit, who);
        const pending = await unit.query(
          'select 1 from authenticator where authenticator_id = $1 and user_id = $2 and enrolled_at is null for update',
          [authenticatorId, userId],
        );
        if (pending.length === 0) throw problem('not-found');
        const mine = { userId, authenticatorId };
        const check = await takeTotpCode(unit, this.vault, mine, code, this.clock.now());
        if (check !== 'taken') return failureOf(check);
        const first = !(await hasSecondFactor(unit, userId));
        await unit.query('update authenticator set enrolled_at = $2 where authenticator_id = $1', [
          authenticatorId,
          this.clock.now(),
        ]);
        const recoveryCodes = first ? await replaceRecoveryCodes(unit, { organizationId, userId }) : [];
        const enrolled = await unit.execute(userAggregate, userId, {
          type: 'enrol-second-factor',
          authenticatorId,
          recoveryCodes: recoveryCodes.length,
        });
        if (isRejected(enrolled)) return enrolled;
        const session = await this.sessions.elevate(unit, sessionId, 'two-factor');
        await this.emails.notify(unit, userId, 'second-factor-enrolled');
        return { recoveryCodes, session };
      },
    );
  }
}
