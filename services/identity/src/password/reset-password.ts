import { Injectable } from '@nestjs/common';
import type { UserId } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, problem } from '@vouchsafe/service-host';
import { secret, Vault } from '@vouchsafe/vault';
import { claimedHashOf } from '../email-address.js';
import { takeLink } from '../link-token.js';
import { CountedProofs } from '../log-in/counted-proofs.js';
import { clearAttempts, logInLimits } from '../log-in/throttle.js';
import { asUser } from '../request.js';
import type { UserRejection } from '../user/user.decider.js';
import { PasswordReplacement } from './password-replacement.js';
import { StoredPasswords } from './stored-passwords.js';

@Injectable()
export class ResetPassword {
  constructor(
    private readonly proofs: CountedProofs,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly passwords: StoredPasswords,
    private readonly replacement: PasswordReplacement,
  ) {}

  /**
   * Sets a new password by an email's link and ends all sessions. A second factor stays: the link alone opens nothing that it
   * guards (ASVS 6.4.3).
   * @returns whose the link turned out to be
   */
  async reset(
    caller: Caller,
    { token, password }: { token: string; password: string },
  ): Promise<{ organizationId: string; userId: string } | UserRejection> {
    const [given, chosen] = [secret(token), secret(password)];
    const { organizationId, subjectId, attempt } = await this.proofs.countLink(given, 'reset-password');
    const userId = subjectId as UserId;
    const hash = await this.passwords.hash(chosen);
    const envelope = envelopeOf(caller, this.clock.now(), asUser(userId));
    return this.store.transact(organizationId, envelope, async (unit) => {
      // Refused for its quality, the password can be chosen again: the link is taken only with a good one.
      await this.replacement.assertGood(unit, userId, chosen, '/password');
      if (!(await takeLink(unit, given, 'reset-password', this.clock.now()))) throw problem('gone');
      const how = { how: 'reset', survivingSession: null } as const;
      const rejection = await this.replacement.replace(unit, userId, hash, how);
      if (rejection) return rejection;
      await this.clearFailuresOf(unit, userId, caller);
      await clearAttempts(unit, attempt);
      return { organizationId, userId };
    });
  }

  /** Failed guesses at the old password must not lock out the owner of the new one. */
  private async clearFailuresOf(unit: UnitOfWork, userId: UserId, caller: Caller): Promise<void> {
    const hash = await claimedHashOf(unit, userId);
    if (!hash) return;
    const limits = await logInLimits(this.vault, unit, hash, caller);
    await clearAttempts(unit, { keys: limits.map(({ key }) => key) });
  }
}
