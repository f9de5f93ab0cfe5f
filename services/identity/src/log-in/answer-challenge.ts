import type { UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, problem } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';
import { z } from 'zod';
import { acceptance, consentOf } from '../consent/consents.js';
import type { Identity } from '../identity.js';
import { postNotice } from '../letter/security-notice.js';
import { accepted, asUser, envelopeOf } from '../request.js';
import { takeTotpCode } from '../second-factor/authenticators.js';
import { remainingRecoveryCodes, takeRecoveryCode } from '../second-factor/recovery-codes.js';
import type { LogInFailure, SessionLevel } from '../session/session.events.js';
import { endSession } from '../session/sessions.js';
import { userProblems } from '../user/user.problems.js';
import { type Challenge, completeChallenge, openChallenge } from './challenges.js';
import { beginSession, candidateOf, failureOf, type LogInOutcome, recordFailure } from './log-in.js';

const totpCode = z.string().regex(/^[0-9]{6}$/, 'Six digits');
export const recoveryCode = z.string().min(1).max(100);

export const givenTotp = z
  .strictObject({ totp: totpCode })
  .meta({ id: 'GivenTotp', examples: [{ totp: '123456' }] });

export const challengeAnswer = z
  .union([
    givenTotp,
    z.strictObject({ recoveryCode }).meta({ id: 'GivenRecoveryCode' }),
    z.strictObject({ accept: acceptance }).meta({ id: 'GivenConsent' }),
  ])
  .meta({ examples: [{ totp: '123456' }] });
export type ChallengeAnswer = z.infer<typeof challengeAnswer>;

/** Answers what a log-in asked; a right answer leads to the session, or to the next question. */
export async function answerChallenge(
  identity: Identity,
  caller: Caller,
  challengeId: Secret,
  answer: ChallengeAnswer,
): Promise<LogInOutcome> {
  const challenge = await openChallenge(identity, challengeId);
  const candidate = await candidateOf(identity, caller, challenge);
  const { organizationId, userId } = challenge;
  const outcome = await identity.store.transact(
    organizationId,
    envelopeOf(identity, caller, asUser(userId)),
    async (unit) => {
      const proof = await prove(identity, unit, caller, challenge, answer);
      if ('failure' in proof) return proof;
      // Two right answers at once, by two codes: one log-in.
      if (!(await completeChallenge(unit, challengeId, identity.now()))) throw problem('gone');
      if (challenge.sessionId) await endSession(identity, unit, challenge.sessionId, 'replaced');
      return beginSession(identity, unit, caller, { ...candidate, userId, level: proof.level });
    },
  );
  if (!('failure' in outcome)) return outcome;
  await recordFailure(identity, caller, { ...candidate, reason: outcome.failure });
  throw problem('wrong-credentials');
}

type Proof = { readonly level: SessionLevel } | { readonly failure: LogInFailure };

async function prove(
  identity: Identity,
  unit: UnitOfWork,
  caller: Caller,
  challenge: Challenge,
  answer: ChallengeAnswer,
): Promise<Proof> {
  const { userId } = challenge;
  if ('accept' in answer) {
    // Accepting documents proves nothing: it takes a challenge that is past its factors.
    if (challenge.next !== 'accept-documents')
      throw problem('conflict', { detail: 'Another answer is asked for' });
    const consent = consentOf(identity, caller, answer.accept);
    accepted(
      await unit.execute(identity.aggregates.user, userId, { type: 'accept-documents', consent }),
      userProblems,
    );
    return { level: challenge.level };
  }
  if (challenge.next === 'accept-documents')
    throw problem('conflict', { detail: 'Another answer is asked for' });
  if ('totp' in answer) {
    const check = await takeTotpCode(unit, identity.vault, { userId }, answer.totp, identity.now());
    if (check === 'taken') return { level: 'two-factor' };
    return failureOf(check);
  }
  if (!(await takeRecoveryCode(unit, userId, answer.recoveryCode, identity.now()))) {
    return { failure: 'wrong-recovery-code' };
  }
  const remaining = await remainingRecoveryCodes(unit, userId);
  accepted(
    await unit.execute(identity.aggregates.user, userId, { type: 'use-recovery-code', remaining }),
    userProblems,
  );
  await postNotice(identity, unit, userId, 'recovery-code-used');
  return { level: 'two-factor' };
}
