import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, problem } from '@vouchsafe/service-host';
import { type Secret, Vault } from '@vouchsafe/vault';
import { accountByEmailHash, emailHash } from '../email-address.js';
import { Operator } from '../operator.js';
import { PasswordHasher } from '../password/argon2.js';
import { passwordHashOf } from '../password/stored-passwords.js';
import { asUser } from '../request.js';
import { hasSecondFactor } from '../second-factor/authenticators.js';
import { BeginSession, type LogInOutcome } from './begin-session.js';
import { Challenges } from './challenges.js';
import { type Candidate, RecordFailure } from './record-failure.js';
import { giveBackAttempt, logInLimits, takeAttempt } from './throttle.js';

@Injectable()
export class LogIn {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly operator: Operator,
    private readonly hasher: PasswordHasher,
    private readonly challenges: Challenges,
    private readonly beginSession: BeginSession,
    private readonly recordFailure: RecordFailure,
  ) {}

  async logIn(caller: Caller, email: string, password: Secret): Promise<LogInOutcome> {
    const candidate = await this.findCandidate(caller, email);
    const { organizationId, userId } = candidate;
    const stored = await this.database.forOrganization(organizationId, (sql) => passwordHashOf(sql, userId));
    const right = await this.hasher.verify(stored, password);
    if (!right || userId === null || stored === null) {
      const reason = userId === null ? 'unknown-account' : 'wrong-password';
      await this.recordFailure.record(caller, { ...candidate, reason });
      throw problem('wrong-credentials');
    }
    // Parameters rise over the years; the password is only here now (ASVS 11.4.2). Hashed outside of the transaction, which
    // would hold a connection for as long.
    const stronger = this.hasher.isOutdated(stored) ? await this.hasher.hash(password) : null;
    const envelope = envelopeOf(caller, this.clock.now(), asUser(userId));
    return this.store.transact(organizationId, envelope, async (unit) => {
      if (stronger !== null) await replaceHash(unit, userId, stored, stronger);
      // Where there is a second factor, the password alone opens nothing (ASVS 6.3.3).
      if (await hasSecondFactor(unit, userId)) {
        await giveBackAttempt(unit, candidate.attempt);
        const asked = { next: 'totp', level: 'single-factor' } as const;
        const challengeId = await this.challenges.make(unit, userId, asked);
        return { organizationId, userId, session: null, next: 'totp', challengeId };
      }
      return this.beginSession.begin(unit, caller, { ...candidate, userId, level: 'single-factor' });
    });
  }

  private async findCandidate(caller: Caller, email: string): Promise<Candidate> {
    return this.database.beforeOrganization(async (sql) => {
      const hash = await emailHash(this.vault, sql, email);
      const limits = await logInLimits(this.vault, sql, hash, caller);
      const attempt = await takeAttempt(sql, limits, this.clock.now());
      const account = await accountByEmailHash(sql, hash);
      // What belongs to no customer stands in the operator's log.
      const nobody = { organizationId: this.operator.organizationId, userId: null };
      return { ...(account ?? nobody), attempt };
    });
  }
}

async function replaceHash(unit: UnitOfWork, userId: string, stored: string, stronger: string) {
  await unit.query('update password set hash = $3 where user_id = $1 and hash = $2', [
    userId,
    stored,
    stronger,
  ]);
}
