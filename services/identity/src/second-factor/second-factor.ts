import type { UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, problem } from '@vouchsafe/service-host';
import { secret } from '@vouchsafe/vault';
import { failureOf, recordFailure } from '../log-in/log-in.js';
import { forgetAttempts, sessionLimits, takeAttempt } from '../log-in/throttle.js';
import { createOnce } from '../idempotent.js';
import type { Identity } from '../identity.js';
import { postNotice } from '../letter/security-notice.js';
import { sealCell } from '../persistence/sealed-column.js';
import {
  accepted,
  assertRecentlyAuthenticated,
  envelopeOf,
  type Principal,
  principalOf,
} from '../request.js';
import type { LogInFailure } from '../session/session.events.js';
import { elevateSession, secondFactorRequired, type StartedSession } from '../session/sessions.js';
import { readAccount } from '../user/accounts.js';
import { userProblems } from '../user/user.problems.js';
import { authenticatorCell, hasSecondFactor, takeTotpCode } from './authenticators.js';
import { replaceRecoveryCodes } from './recovery-codes.js';
import { newTotpSecret, otpauthUri } from './totp.js';

export interface BegunEnrolment {
  readonly authenticatorId: string;
  /** Shown this once; a repetition of the request is answered without it (P22). */
  readonly secret?: string | undefined;
  readonly otpauthUri?: string | undefined;
}

/**
 * Makes an authenticator that counts from its first code on. A person who has a second factor must have proved it in this
 * session: a stolen password never adds another one (ASVS 6.3.4, 7.5.1).
 */
export async function beginTotpEnrolment(
  identity: Identity,
  caller: Caller,
  key: string | undefined,
): Promise<BegunEnrolment> {
  const who = principalOf(caller);
  assertRecentlyAuthenticated(identity, caller);
  const { organizationId, userId } = who;
  const operation = 'authenticator.begin-totp';
  return identity.store.transact(organizationId, envelopeOf(identity, caller), (unit) =>
    createOnce<BegunEnrolment>(identity, unit, { caller, operation, key, request: {} }, async () => {
      await assertMayEnrol(unit, who);
      const { email } = await readAccount(identity, unit, userId);
      const authenticatorId = identity.newId();
      const shared = newTotpSecret();
      // One enrolment at a time: what was begun before and never confirmed is void.
      await unit.query('delete from authenticator where user_id = $1 and enrolled_at is null', [userId]);
      await unit.query(
        `insert into authenticator (organization_id, authenticator_id, user_id, kind, secret_sealed, created_at)
       values ($1, $2, $3, 'totp', $4, $5)`,
        [
          organizationId,
          authenticatorId,
          userId,
          await sealCell(
            identity.vault,
            unit,
            authenticatorCell(organizationId, userId, authenticatorId),
            shared,
          ),
          identity.now(),
        ],
      );
      const uri = otpauthUri(shared, 'Vouchsafe', email ?? userId);
      return { body: { authenticatorId, secret: shared, otpauthUri: uri }, keep: { authenticatorId } };
    }),
  );
}

/** The first right code enrols it, lifts this session to two factors, and gives recovery codes where there are none. */
export async function confirmTotpEnrolment(
  identity: Identity,
  caller: Caller,
  authenticatorId: string,
  code: string,
): Promise<{ recoveryCodes: string[]; session: StartedSession }> {
  const who = principalOf(caller);
  const { organizationId, userId, sessionId } = who;
  const { aggregates, vault } = identity;
  return withCountedFailures(identity, caller, async (unit) => {
    await assertMayEnrol(unit, who);
    const pending = await unit.query(
      'select 1 from authenticator where authenticator_id = $1 and user_id = $2 and enrolled_at is null for update',
      [authenticatorId, userId],
    );
    if (pending.length === 0) throw problem('not-found');
    const check = await takeTotpCode(unit, vault, { userId, authenticatorId }, code, identity.now());
    if (check !== 'taken') return failureOf(check);
    const first = !(await hasSecondFactor(unit, userId));
    await unit.query('update authenticator set enrolled_at = $2 where authenticator_id = $1', [
      authenticatorId,
      identity.now(),
    ]);
    const recoveryCodes = first ? await replaceRecoveryCodes(unit, { organizationId, userId }) : [];
    accepted(
      await unit.execute(aggregates.user, userId, {
        type: 'enrol-second-factor',
        authenticatorId,
        recoveryCodes: recoveryCodes.length,
      }),
      userProblems,
    );
    const session = await elevateSession(identity, unit, sessionId, 'two-factor');
    await postNotice(identity, unit, userId, 'second-factor-enrolled');
    return { recoveryCodes, session };
  });
}

export async function removeAuthenticator(
  identity: Identity,
  caller: Caller,
  authenticatorId: string,
): Promise<void> {
  const who = principalOf(caller);
  assertRecentlyAuthenticated(identity, caller);
  const { organizationId, userId } = who;
  await identity.store.transact(organizationId, envelopeOf(identity, caller), async (unit) => {
    await assertMayEnrol(unit, who);
    const [organization] = await unit.query<{ second_factor_required: boolean; good_alone: boolean | null }>(
      `select second_factor_required, (select good_alone from password where user_id = $1) as good_alone
       from organization`,
      [userId],
    );
    accepted(
      await unit.execute(identity.aggregates.user, userId, {
        type: 'remove-second-factor',
        authenticatorId,
        requiredByOrganization: secondFactorRequired(
          identity,
          organizationId,
          organization?.second_factor_required ?? false,
        ),
        passwordIsGoodAlone: organization?.good_alone ?? true,
      }),
      userProblems,
    );
    await unit.query('delete from authenticator where authenticator_id = $1 and user_id = $2', [
      authenticatorId,
      userId,
    ]);
    if (!(await hasSecondFactor(unit, userId))) {
      await unit.query('delete from recovery_code where user_id = $1', [userId]);
    }
    await postNotice(identity, unit, userId, 'second-factor-removed');
  });
}

export async function renewRecoveryCodes(
  identity: Identity,
  caller: Caller,
): Promise<{ recoveryCodes: string[] }> {
  const who = principalOf(caller);
  assertRecentlyAuthenticated(identity, caller);
  const { organizationId, userId } = who;
  return identity.store.transact(organizationId, envelopeOf(identity, caller), async (unit) => {
    await assertMayEnrol(unit, who);
    const recoveryCodes = await replaceRecoveryCodes(unit, { organizationId, userId });
    accepted(
      await unit.execute(identity.aggregates.user, userId, {
        type: 'issue-recovery-codes',
        count: recoveryCodes.length,
      }),
      userProblems,
    );
    await postNotice(identity, unit, userId, 'recovery-codes-issued');
    return { recoveryCodes };
  });
}

/** A recent proof for sensitive operations: a code where there is a second factor, else the password (ASVS 7.5.1). */
export async function stepUp(
  identity: Identity,
  caller: Caller,
  proof: { readonly password: string } | { readonly totp: string },
): Promise<{ authenticatedAt: string; session: StartedSession }> {
  const { organizationId, userId, sessionId } = principalOf(caller);
  const stored = await identity.database.forOrganization(organizationId, (sql) =>
    sql.query<{ hash: string }>('select hash from password where user_id = $1', [userId]),
  );
  const passwordIsRight =
    'password' in proof && (await identity.hasher.verify(stored[0]?.hash ?? null, secret(proof.password)));
  return withCountedFailures(identity, caller, async (unit) => {
    const authenticatedAt = identity.now().toISOString();
    if ('password' in proof) {
      if (await hasSecondFactor(unit, userId)) {
        throw problem('second-factor-required', { detail: 'Confirm with a code of your second factor' });
      }
      if (!passwordIsRight) return { failure: 'wrong-password' as const };
      return { authenticatedAt, session: await elevateSession(identity, unit, sessionId, 'single-factor') };
    }
    const check = await takeTotpCode(unit, identity.vault, { userId }, proof.totp, identity.now());
    if (check !== 'taken') return failureOf(check);
    return { authenticatedAt, session: await elevateSession(identity, unit, sessionId, 'two-factor') };
  });
}

/** Codes and passwords are guessed within a session as well as at log-in: a session has so many attempts (ASVS 6.3.1). */
export async function withCountedFailures<Result extends object>(
  identity: Identity,
  caller: Caller,
  work: (unit: UnitOfWork) => Promise<Result | { readonly failure: LogInFailure }>,
): Promise<Result> {
  const { organizationId, userId, sessionId } = principalOf(caller);
  const attempt = await identity.database.beforeOrganization(async (sql) =>
    takeAttempt(sql, await sessionLimits(identity.vault, sql, sessionId), identity.now()),
  );
  const result = await identity.store.transact(organizationId, envelopeOf(identity, caller), async (unit) => {
    const outcome = await work(unit);
    if (!('failure' in outcome)) await forgetAttempts(unit, attempt);
    return outcome;
  });
  if (!('failure' in result)) return result;
  await recordFailure(identity, caller, { organizationId, userId, attempt, reason: result.failure });
  throw problem('wrong-credentials');
}

async function assertMayEnrol(unit: UnitOfWork, { userId, sessionId }: Principal): Promise<void> {
  if (!(await hasSecondFactor(unit, userId))) return;
  const [session] = await unit.query<{ level: string }>('select level from session where session_id = $1', [
    sessionId,
  ]);
  if (session?.level !== 'two-factor') throw problem('second-factor-required');
}
