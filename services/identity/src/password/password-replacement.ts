/** @promise P07 changes and resets passwords; only the hash is kept */
import { Injectable } from '@nestjs/common';
import { isRejected, type UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { type Secret, Vault } from '@vouchsafe/vault';
import { userAggregate } from '../user/user.aggregate.js';
import { EmailOutbox } from '../email/email-outbox.js';
import { voidLinks } from '../link-token.js';
import { hasSecondFactor } from '../second-factor/authenticators.js';
import { Sessions } from '../session/sessions.js';
import { readAccount } from '../user/accounts.js';
import type { UserRejection } from '../user/user.decider.js';
import { PasswordRules } from './password-rules.js';
import { type HashedPassword, StoredPasswords } from './stored-passwords.js';

/** What a change and a reset have in common. */
@Injectable()
export class PasswordReplacement {
  constructor(
    private readonly vault: Vault,
    private readonly rules: PasswordRules,
    private readonly passwords: StoredPasswords,
    private readonly sessions: Sessions,
    private readonly emails: EmailOutbox,
  ) {}

  /** @throws the problem `invalid-request`, about what stands at `pointer` */
  async assertGood(unit: UnitOfWork, userId: UserId, password: Secret, pointer: string): Promise<void> {
    const { email, name } = await readAccount(this.vault, unit, userId);
    const hasFactor = await hasSecondFactor(unit, userId);
    await this.rules.assertGood(unit, { email, name, hasSecondFactor: hasFactor }, password, pointer);
  }

  /** Ends every session but the one that survives. */
  async replace(
    unit: UnitOfWork,
    userId: UserId,
    hash: HashedPassword,
    {
      how,
      survivingSession,
    }: { readonly how: 'changed' | 'reset'; readonly survivingSession: string | null },
  ): Promise<UserRejection | null> {
    const recorded = await unit.execute(userAggregate, userId, {
      type: 'record-password-change',
      how,
    });
    if (isRejected(recorded)) return recorded;
    await this.passwords.store(unit, userId, hash);
    await this.sessions.endAll(unit, userId, 'password-changed', survivingSession);
    // A challenge begun with the old password is no way in.
    await unit.query('delete from log_in_challenge where user_id = $1', [userId]);
    await voidLinks(unit, 'reset-password', userId);
    await this.emails.notify(unit, userId, how === 'changed' ? 'password-changed' : 'password-reset');
    return null;
  }
}
