import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, problem } from '@vouchsafe/service-host';
import { type Secret, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { userAggregate } from '../user/user.aggregate.js';
import { acceptance, Consents } from '../consent/consents.js';
import { EmailOutbox } from '../email/email-outbox.js';
import { asUser } from '../request.js';
import { failureOf, takeTotpCode } from '../second-factor/authenticators.js';
import { remainingRecoveryCodes, takeRecoveryCode } from '../second-factor/recovery-codes.js';
import { givenTotp } from '../second-factor/totp.js';
import type { LogInFailure, SessionLevel } from '../session/session.events.js';
import { Sessions } from '../session/sessions.js';
import type { UserRejection } from '../user/user.decider.js';
import { BeginSession, type LogInOutcome } from './begin-session.js';
import { type Challenge, Challenges, completeChallenge } from './challenges.js';
import { CountedProofs } from './counted-proofs.js';
import { logInLimits, type TakenAttempt } from './throttle.js';

const recoveryCode = z
  .string()
  .min(1)
  .max(100)
  .describe('One of the codes shown at enrolment, in place of `totp`');

export const challengeAnswer = z
  .union(
    [
      givenTotp,
      z.strictObject({ recoveryCode }).meta({ id: 'GivenRecoveryCode' }),
      z.strictObject({ accept: acceptance }).meta({ id: 'GivenConsent' }),
    ],
    'must have exactly one field: `totp` (six digits), `recoveryCode` (a string) or `accept` (a list of documents and versions)',
  )
  .meta({ examples: [{ totp: '123456' }] });
export type ChallengeAnswer = z.infer<typeof challengeAnswer>;

type Proof = { readonly level: SessionLevel } | { readonly failure: LogInFailure } | UserRejection;

@Injectable()
export class AnswerChallenge {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly consents: Consents,
    private readonly challenges: Challenges,
    private readonly sessions: Sessions,
    private readonly emails: EmailOutbox,
    private readonly beginSession: BeginSession,
    private readonly proofs: CountedProofs,
  ) {}

  /** Answers what a log-in asked; a right answer leads to the session, or to the next question. */
  async answer(
    caller: Caller,
    challengeId: Secret,
    answer: ChallengeAnswer,
  ): Promise<LogInOutcome | UserRejection> {
    const challenge = await this.challenges.open(challengeId);
    const { organizationId, userId, emailHash } = challenge;
    return this.proofs.count<LogInOutcome | UserRejection>(
      caller,
      // One of the account's attempts is taken, as by its password.
      async (sql) => ({
        ...{ organizationId, userId },
        limits: await logInLimits(this.vault, sql, emailHash, caller),
      }),
      ({ attempt }) => this.complete(caller, challenge, answer, attempt),
    );
  }

  private complete(
    caller: Caller,
    challenge: Challenge,
    answer: ChallengeAnswer,
    attempt: TakenAttempt,
  ): Promise<LogInOutcome | UserRejection | { readonly failure: LogInFailure }> {
    const { organizationId, userId } = challenge;
    const envelope = envelopeOf(caller, this.clock.now(), asUser(userId));
    return this.store.transact(organizationId, envelope, async (unit) => {
      const proof = await this.prove(unit, caller, challenge, answer);
      if ('failure' in proof || isRejected(proof)) return proof;
      // Two right answers at once, by two codes: one log-in.
      if (!(await completeChallenge(unit, challenge.challengeId, this.clock.now()))) throw problem('gone');
      if (challenge.sessionId) await this.sessions.end(unit, challenge.sessionId, 'replaced');
      return this.beginSession.begin(unit, caller, { userId, level: proof.level, attempt });
    });
  }

  private async prove(
    unit: UnitOfWork,
    caller: Caller,
    challenge: Challenge,
    answer: ChallengeAnswer,
  ): Promise<Proof> {
    const { userId } = challenge;
    // Accepting documents proves nothing: it takes a challenge that is past its factors.
    if ('accept' in answer !== (challenge.next === 'accept-documents'))
      throw problem('conflict', { detail: 'The log-in expects another answer: `next` said which' });
    if ('accept' in answer) {
      const consent = this.consents.of(caller, answer.accept);
      const accepted = await unit.execute(userAggregate, userId, {
        type: 'accept-documents',
        consent,
      });
      return isRejected(accepted) ? accepted : { level: challenge.level };
    }
    if ('totp' in answer) {
      const check = await takeTotpCode(unit, this.vault, { userId }, answer.totp, this.clock.now());
      return check === 'taken' ? { level: 'two-factor' } : failureOf(check);
    }
    if (!(await takeRecoveryCode(unit, userId, answer.recoveryCode, this.clock.now()))) {
      return { failure: 'wrong-recovery-code' };
    }
    const remaining = await remainingRecoveryCodes(unit, userId);
    const used = await unit.execute(userAggregate, userId, { type: 'use-recovery-code', remaining });
    if (isRejected(used)) return used;
    await this.emails.notify(unit, userId, 'recovery-code-used');
    return { level: 'two-factor' };
  }
}
