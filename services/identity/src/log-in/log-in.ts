import { one, prepared, type Sql } from '@vouchsafe/database';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, problem } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';
import { outstandingDocuments } from '../consent/consents.js';
import { accountByEmailHash, emailHash } from '../email-address.js';
import type { Identity } from '../identity.js';
import { asUser, envelopeOf } from '../request.js';
import { type CodeCheck, hasSecondFactor } from '../second-factor/authenticators.js';
import type { LogInFailure, SessionLevel } from '../session/session.events.js';
import { endSession, secondFactorRequired, type StartedSession, startSession } from '../session/sessions.js';
import { type Challenge, type ChallengeNext, makeChallenge } from './challenges.js';
import { forgetAttempts, giveBackAttempt, logInLimits, takeAttempt, type TakenAttempt } from './throttle.js';

/** How a log-in goes on: with a session, with a question, or with a session that can do nothing but answer the question. */
export type LogInOutcome = { readonly organizationId: string; readonly userId: string } & (
  | { readonly session: StartedSession; readonly next: null; readonly secondFactor: boolean }
  | { readonly session: StartedSession | null; readonly next: ChallengeNext; readonly challengeId: Secret }
);

/** An account that may exist or not: both go the same way, with the same queries and one hash (ASVS 6.3.8). */
interface Candidate {
  readonly organizationId: OrganizationId;
  readonly userId: UserId | null;
  readonly attempt: TakenAttempt;
}

export async function logIn(
  identity: Identity,
  caller: Caller,
  email: string,
  password: Secret,
): Promise<LogInOutcome> {
  const candidate = await findCandidate(identity, caller, email);
  const stored = await identity.database.forOrganization(candidate.organizationId, (sql) =>
    passwordHashOf(sql, candidate.userId),
  );
  const right = await identity.hasher.verify(stored, password);
  const { organizationId, userId } = candidate;
  if (!right || userId === null || stored === null) {
    const reason = userId === null ? 'unknown-account' : 'wrong-password';
    await recordFailure(identity, caller, { ...candidate, reason });
    throw problem('wrong-credentials');
  }
  // Parameters rise over the years; the password is only here now (ASVS 11.4.2). Hashed outside of the transaction, which
  // would hold a connection for as long.
  const stronger = identity.hasher.isOutdated(stored) ? await identity.hasher.hash(password) : null;
  return identity.store.transact(
    organizationId,
    envelopeOf(identity, caller, asUser(userId)),
    async (unit) => {
      if (stronger !== null) {
        await unit.query('update password set hash = $3 where user_id = $1 and hash = $2', [
          userId,
          stored,
          stronger,
        ]);
      }
      // Where there is a second factor, the password alone opens nothing (ASVS 6.3.3).
      if (await hasSecondFactor(unit, userId)) {
        await giveBackAttempt(unit, candidate.attempt);
        const challengeId = await makeChallenge(identity, unit, userId, {
          next: 'totp',
          level: 'single-factor',
        });
        return { organizationId, userId, session: null, next: 'totp', challengeId };
      }
      return beginSession(identity, unit, caller, { ...candidate, userId, level: 'single-factor' });
    },
  );
}

/**
 * Starts a session for a person who has proved who they are. Where something is outstanding, the session can do nothing but
 * that, and a challenge says what it is.
 */
export async function beginSession(
  identity: Identity,
  unit: UnitOfWork,
  caller: Caller,
  {
    userId,
    level,
    attempt,
  }: { readonly userId: UserId; readonly level: SessionLevel; readonly attempt: TakenAttempt },
): Promise<LogInOutcome> {
  const { organizationId } = unit;
  const { sourceIp, userAgent } = caller;
  const [{ second_factor_required: byOrganization }, outstanding] = await Promise.all([
    one<{ second_factor_required: boolean }>(unit, requiresSecondFactor, [organizationId, userId]),
    outstandingDocuments(identity, unit, userId),
  ]);
  const mustEnrol =
    level === 'single-factor' && secondFactorRequired(identity, organizationId, byOrganization);
  const awaitsDocuments = outstanding.length > 0;
  // The browser that logs in anew gives up the session that it had (ASVS 7.2.4).
  if (caller.sessionId !== null && caller.organizationId === organizationId) {
    await endSession(identity, unit, caller.sessionId, 'replaced');
  }
  const session = await startSession(identity, unit, { userId, level, awaitsDocuments, sourceIp, userAgent });
  await forgetAttempts(unit, attempt);
  if (!mustEnrol && !awaitsDocuments) {
    return { organizationId, userId, session, next: null, secondFactor: level === 'two-factor' };
  }
  const next = mustEnrol ? 'enrol-second-factor' : 'accept-documents';
  const { sessionId } = session;
  const challengeId = await makeChallenge(identity, unit, userId, { next, level, sessionId });
  return { organizationId, userId, session, next, challengeId };
}

/** A password that is too short alone needs a second factor, whoever has dropped it (ASVS 6.2.1). */
const requiresSecondFactor =
  prepared(`select second_factor_required or exists (select from password where user_id = $2 and not good_alone)
    as second_factor_required
  from organization where organization_id = $1`);

/**
 * A denied proof, at log-in or within a session: counted already, and a fact for the audit log (ASVS 16.3.1), in a transaction of its
 * own.
 */
export async function recordFailure(
  identity: Identity,
  caller: Caller,
  failure: Candidate & { readonly reason: LogInFailure },
): Promise<void> {
  const { organizationId, userId, reason } = failure;
  const { sourceIp, userAgent } = caller;
  await identity.store.transact(organizationId, envelopeOf(identity, caller), async (unit) => {
    return unit.execute(identity.aggregates.logInAttempt, identity.newId(), {
      organizationId,
      userId,
      reason,
      stops: failure.attempt.stops,
      sourceIp,
      userAgent,
    });
  });
}

/** Why a code was not taken. */
export function failureOf(check: Exclude<CodeCheck, 'taken'>): { readonly failure: LogInFailure } {
  return { failure: check === 'used' ? 'used-code' : 'wrong-code' };
}

/** The candidate whom a challenge is about; one of the account's attempts is taken. */
export async function candidateOf(
  identity: Identity,
  caller: Caller,
  { organizationId, userId }: Pick<Challenge, 'organizationId' | 'userId'>,
): Promise<Candidate> {
  return identity.database.forOrganization(organizationId, async (sql) => {
    const [row] = await sql.query<{ email_hash: Buffer }>(
      'select email_hash from email_address where user_id = $1',
      [userId],
    );
    // The account went away between password and code.
    if (!row) throw problem('gone');
    const limits = await logInLimits(identity.vault, sql, row.email_hash, caller);
    return { organizationId, userId, attempt: await takeAttempt(sql, limits, identity.now()) };
  });
}

async function findCandidate(identity: Identity, caller: Caller, email: string): Promise<Candidate> {
  return identity.database.beforeOrganization(async (sql) => {
    const hash = await emailHash(identity.vault, sql, email);
    const limits = await logInLimits(identity.vault, sql, hash, caller);
    const attempt = await takeAttempt(sql, limits, identity.now());
    const account = await accountByEmailHash(sql, hash);
    // What belongs to no customer stands in the operator's log.
    const nobody = { organizationId: identity.operatorOrganizationId as OrganizationId, userId: null };
    return { ...(account ?? nobody), attempt };
  });
}

async function passwordHashOf(sql: Sql, userId: UserId | null): Promise<string | null> {
  const [row] = await sql.query<{ hash: string }>(prepared('select hash from password where user_id = $1'), [
    userId,
  ]);
  return row?.hash ?? null;
}
