import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '@vouchsafe/database';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf } from '@vouchsafe/service-host';
import { type Secret, Vault } from '@vouchsafe/vault';
import { accountByEmailHash, emailHash } from '../email-address.js';
import { Operator } from '../operator.js';
import { PasswordHasher } from '../password/argon2.js';
import { passwordHashOf } from '../password/stored-passwords.js';
import { asUser } from '../request.js';
import { hasSecondFactor } from '../second-factor/authenticators.js';
import type { LogInFailure } from '../session/session.events.js';
import { BeginSession, type LogInOutcome } from './begin-session.js';
import { Challenges } from './challenges.js';
import { CountedProofs } from './counted-proofs.js';
import type { Candidate } from './record-failure.js';
import { giveBackAttempt, logInLimits } from './throttle.js';

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
    private readonly proofs: CountedProofs,
  ) {}

  async logIn(caller: Caller, email: string, password: Secret): Promise<LogInOutcome> {
    return this.proofs.count<LogInOutcome>(
      caller,
      (sql) => this.findCandidate(sql, caller, email),
      (candidate) => this.prove(caller, candidate, password),
    );
  }

  private async prove(
    caller: Caller,
    candidate: Candidate,
    password: Secret,
  ): Promise<LogInOutcome | { readonly failure: LogInFailure }> {
    const { organizationId, userId } = candidate;
    const stored = await this.database.forOrganization(organizationId, (sql) => passwordHashOf(sql, userId));
    const right = await this.hasher.verify(stored, password);
    if (!right || userId === null || stored === null) {
      return { failure: userId === null ? 'unknown-account' : 'wrong-password' };
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

  private async findCandidate(sql: Sql, caller: Caller, email: string) {
    const hash = await emailHash(this.vault, sql, email);
    const limits = await logInLimits(this.vault, sql, hash, caller);
    const account = await accountByEmailHash(sql, hash);
    // What belongs to no customer stands in the operator's log.
    const nobody = { organizationId: this.operator.organizationId, userId: null };
    return { ...(account ?? nobody), limits };
  }
}

async function replaceHash(unit: UnitOfWork, userId: string, stored: string, stronger: string) {
  await unit.query('update password set hash = $3 where user_id = $1 and hash = $2', [
    userId,
    stored,
    stronger,
  ]);
}
