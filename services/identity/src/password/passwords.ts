/** @promise P07 changes and resets passwords; only the hash is kept */
import type { UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, problem } from '@vouchsafe/service-host';
import { type Secret, secret } from '@vouchsafe/vault';
import type { Identity } from '../identity.js';
import { postLetter } from '../letter/letter-outbox.js';
import { postNotice } from '../letter/security-notice.js';
import { findLink, takeLink, voidLinks } from '../link-token.js';
import { forgetAttempts, logInLimits } from '../log-in/throttle.js';
import { accepted, asUser, envelopeOf, principalOf } from '../request.js';
import { hasSecondFactor } from '../second-factor/authenticators.js';
import { withCountedFailures } from '../second-factor/second-factor.js';
import { endSessions, secondFactorRequired } from '../session/sessions.js';
import { hashed, type HashedPassword, storePassword } from '../sign-up/sign-up.js';
import { readAccount } from '../user/accounts.js';
import { userProblems } from '../user/user.problems.js';
import { assertGoodPassword } from './password-rules.js';

/** Changes the caller's own password, who must know the present one; every other session ends (ASVS 6.2.3, 7.4.3). */
export async function changePassword(
  identity: Identity,
  caller: Caller,
  { currentPassword, newPassword }: { currentPassword: string; newPassword: string },
): Promise<void> {
  const { organizationId, userId, sessionId } = principalOf(caller);
  const chosen = secret(newPassword);
  // Hashing takes its time outside of the transaction, which would hold a connection for as long.
  const stored = await identity.database.forOrganization(organizationId, async (sql) => {
    const [row] = await sql.query<{ hash: string }>('select hash from password where user_id = $1', [userId]);
    return row?.hash ?? null;
  });
  const right = await identity.hasher.verify(stored, secret(currentPassword));
  const hash = right ? await hashed(identity, chosen) : null;
  await withCountedFailures(identity, caller, async (unit) => {
    if (hash === null) return { failure: 'wrong-password' as const };
    await assertGoodFor(identity, unit, userId, chosen, '/newPassword');
    await replacePassword(identity, unit, userId, hash, 'changed', sessionId);
    return {};
  });
}

/** Always the same answer, after the same work: the outbox finds out later whether there is an account (ASVS 6.3.8). */
export async function requestPasswordReset(identity: Identity, email: string): Promise<void> {
  const { database, vault, operatorOrganizationId: organizationId } = identity;
  const letterId = identity.newId();
  await database.forOrganization(organizationId, async (sql) => {
    await postLetter(sql, vault, {
      letterId,
      organizationId,
      subjectId: null,
      content: { kind: 'password-reset-requested', email },
      idempotencyKey: `password-reset-requested:${letterId}`,
      at: identity.now(),
    });
    sql.afterCommit(() => identity.lettersWaiting());
  });
}

/**
 * Sets a new password by a letter's link and ends all sessions. A second factor stays: the link alone opens nothing that it
 * guards (ASVS 6.4.3).
 * @returns whose the link turned out to be
 */
export async function resetPassword(
  identity: Identity,
  caller: Caller,
  { token, password }: { token: string; password: string },
): Promise<{ organizationId: string; userId: string }> {
  const [given, chosen] = [secret(token), secret(password)];
  const found = await identity.database.beforeOrganization((sql) => findLink(sql, given, 'reset-password'));
  if (!found) throw problem('gone');
  const userId = found.subjectId as UserId;
  const hash = await hashed(identity, chosen);
  const envelope = envelopeOf(identity, caller, asUser(userId));
  await identity.store.transact(found.organizationId, envelope, async (unit) => {
    // Refused for its quality, the password can be chosen again: the link is taken only with a good one.
    await assertGoodFor(identity, unit, userId, chosen, '/password');
    if (!(await takeLink(unit, given, 'reset-password', identity.now()))) throw problem('gone');
    await replacePassword(identity, unit, userId, hash, 'reset', null);
    await forgetFailuresOf(identity, unit, userId, caller);
  });
  return { organizationId: found.organizationId, userId };
}

/** What was guessed at the old password is no reason to keep the owner of the new one out. */
async function forgetFailuresOf(
  { vault }: Identity,
  unit: UnitOfWork,
  userId: UserId,
  caller: Caller,
): Promise<void> {
  const [row] = await unit.query<{ email_hash: Buffer }>(
    'select email_hash from email_address where user_id = $1',
    [userId],
  );
  if (!row) return;
  const limits = await logInLimits(vault, unit, row.email_hash, caller);
  await forgetAttempts(unit, { keys: limits.map(({ key }) => key) });
}

async function replacePassword(
  identity: Identity,
  unit: UnitOfWork,
  userId: UserId,
  hash: HashedPassword,
  how: 'changed' | 'reset',
  survivingSession: string | null,
): Promise<void> {
  accepted(
    await unit.execute(identity.aggregates.user, userId, { type: 'record-password-change', how }),
    userProblems,
  );
  await storePassword(identity, unit, userId, hash);
  await endSessions(identity, unit, userId, 'password-changed', survivingSession);
  // A challenge begun with the old password is no way in.
  await unit.query('delete from log_in_challenge where user_id = $1', [userId]);
  await voidLinks(unit, 'reset-password', userId);
  await postNotice(identity, unit, userId, how === 'changed' ? 'password-changed' : 'password-reset');
}

async function assertGoodFor(
  identity: Identity,
  unit: UnitOfWork,
  userId: UserId,
  password: Secret,
  pointer: string,
): Promise<void> {
  const { email, name } = await readAccount(identity, unit, userId);
  const [organization] = await unit.query<{ name: string; second_factor_required: boolean }>(
    'select name, second_factor_required from organization',
  );
  const required = secondFactorRequired(
    identity,
    unit.organizationId,
    organization?.second_factor_required ?? false,
  );
  assertGoodPassword(identity.breached, {
    password,
    secondFactor: required || (await hasSecondFactor(unit, userId)),
    context: [email ?? '', name ?? '', organization?.name ?? ''],
    pointer,
  });
}
