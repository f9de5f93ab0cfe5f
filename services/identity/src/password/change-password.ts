import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import type { Caller } from '@vouchsafe/service-host';
import { secret } from '@vouchsafe/vault';
import { CountedProofs } from '../log-in/counted-proofs.js';
import { principalOf } from '../request.js';
import type { UserRejection } from '../user/user.decider.js';
import { PasswordHasher } from './argon2.js';
import { PasswordReplacement } from './password-replacement.js';
import { type HashedPassword, passwordHashOf, StoredPasswords } from './stored-passwords.js';

@Injectable()
export class ChangePassword {
  constructor(
    private readonly database: Database,
    private readonly hasher: PasswordHasher,
    private readonly passwords: StoredPasswords,
    private readonly replacement: PasswordReplacement,
    private readonly proofs: CountedProofs,
  ) {}

  /** Changes the caller's own password, who must know the present one; every other session ends (ASVS 6.2.3, 7.4.3). */
  async change(
    caller: Caller,
    { currentPassword, newPassword }: { currentPassword: string; newPassword: string },
  ): Promise<UserRejection | null> {
    const { organizationId, userId, sessionId } = principalOf(caller);
    const chosen = secret(newPassword);
    const hashed = async () => {
      const stored = await this.database.forOrganization(organizationId, (sql) =>
        passwordHashOf(sql, userId),
      );
      const right = await this.hasher.verify(stored, secret(currentPassword));
      return right ? this.passwords.hash(chosen) : null;
    };
    return this.proofs.countInSession<UserRejection | null, HashedPassword | null>(
      caller,
      hashed,
      async (unit, hash) => {
        if (hash === null) return { failure: 'wrong-password' };
        await this.replacement.assertGood(unit, userId, chosen, '/newPassword');
        return this.replacement.replace(unit, userId, hash, { how: 'changed', survivingSession: sessionId });
      },
    );
  }
}
