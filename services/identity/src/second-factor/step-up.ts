import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { type Caller, Clock, problem } from '@vouchsafe/service-host';
import { secret, Vault } from '@vouchsafe/vault';
import { CountedProofs } from '../log-in/counted-proofs.js';
import { PasswordHasher } from '../password/argon2.js';
import { passwordHashOf } from '../password/stored-passwords.js';
import { principalOf } from '../request.js';
import { Sessions, type StartedSession } from '../session/sessions.js';
import { failureOf, hasSecondFactor, takeTotpCode } from './authenticators.js';

@Injectable()
export class StepUp {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly hasher: PasswordHasher,
    private readonly sessions: Sessions,
    private readonly proofs: CountedProofs,
  ) {}

  /** A recent proof for sensitive operations: a code where there is a second factor, else the password (ASVS 7.5.1). */
  async stepUp(
    caller: Caller,
    proof: { readonly password: string } | { readonly totp: string },
  ): Promise<{ authenticatedAt: string; session: StartedSession }> {
    const { organizationId, userId, sessionId } = principalOf(caller);
    const verified = async () => {
      if (!('password' in proof)) return false;
      const stored = await this.database.forOrganization(organizationId, (sql) =>
        passwordHashOf(sql, userId),
      );
      return this.hasher.verify(stored, secret(proof.password));
    };
    return this.proofs.countInSession(caller, verified, async (unit, passwordIsRight) => {
      const authenticatedAt = this.clock.now().toISOString();
      if ('password' in proof) {
        if (await hasSecondFactor(unit, userId)) {
          throw problem('second-factor-required', {
            detail: 'Confirm your identity with a code of your second factor',
          });
        }
        if (!passwordIsRight) return { failure: 'wrong-password' as const };
        return { authenticatedAt, session: await this.sessions.elevate(unit, sessionId, 'single-factor') };
      }
      const check = await takeTotpCode(unit, this.vault, { userId }, proof.totp, this.clock.now());
      if (check !== 'taken') return failureOf(check);
      return { authenticatedAt, session: await this.sessions.elevate(unit, sessionId, 'two-factor') };
    });
  }
}
