/** @promise P15 records the consents of whoever accepts an invitation, in the same transaction */
import { one } from '@vouchsafe/database';
import type { UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, problem } from '@vouchsafe/service-host';
import { secret } from '@vouchsafe/vault';
import { z } from 'zod';
import { acceptance, consentOf, requiredDocuments } from '../consent/consents.js';
import { emailAddress, emailHash } from '../email-address.js';
import { createOnce } from '../idempotent.js';
import type { Identity } from '../identity.js';
import { postLetter } from '../letter/letter-outbox.js';
import { findLink, linkHours, linkToken, makeLinkToken, takeLink, voidLinks } from '../link-token.js';
import { organizationProblems } from '../organization/organization.problems.js';
import { assertGoodPassword, givenPassword } from '../password/password-rules.js';
import { role } from '../permission/role.js';
import { accepted, asUser, assertRecentlyAuthenticated, envelopeOf, principalOf } from '../request.js';
import { secondFactorRequired } from '../session/sessions.js';
import { claimEmail, hashed, personName, type SignUpAnswer, storePassword } from '../sign-up/sign-up.js';
import { readAccount } from '../user/accounts.js';
import { userProblems } from '../user/user.problems.js';
import type { RevocationReason } from './invitation.events.js';
import { invitationProblems } from './invitation.problems.js';

export const newInvitation = z
  .strictObject({ email: emailAddress, role })
  .meta({ examples: [{ email: 'grace@example.com', role: 'member' }] });

export const acceptedInvitation = z
  .strictObject({
    token: linkToken,
    name: personName,
    password: givenPassword,
    accept: acceptance,
  })
  .meta({
    examples: [
      {
        token: 'Vx4b0nM2q7y9sRkE1uTzPfWc3dGh6jLoAi5QeXrYtNs',
        name: 'Grace Hopper',
        password: 'nine quiet rivers by night',
        accept: [
          { document: 'terms-of-service', version: '2026-01' },
          { document: 'privacy-policy', version: '2026-01' },
        ],
      },
    ],
  });

export interface CreatedInvitation {
  readonly invitationId: string;
  readonly expiresAt: string;
}

/**
 * Asks somebody to join; the answer does not tell whether the address has an account elsewhere (ASVS 6.3.8). To hand out a
 * role by a letter takes as recent a proof as to hand it out directly (ASVS 7.5.1).
 */
export async function invite(
  identity: Identity,
  caller: Caller,
  { email, role: granted }: z.output<typeof newInvitation>,
  key: string | undefined,
): Promise<CreatedInvitation> {
  const { organizationId, userId } = principalOf(caller);
  assertRecentlyAuthenticated(identity, caller);
  return identity.store.transact(organizationId, envelopeOf(identity, caller), (unit) =>
    createOnce(
      identity,
      unit,
      { caller, operation: 'invitation.create', key, request: { email, role: granted } },
      async () => {
        const [invitationId, at] = [identity.newId(), identity.now()];
        await assertFewInvitations(unit, at);
        const expiresAt = new Date(at.getTime() + linkHours['accept-invitation'] * 3_600_000);
        const { role: byRole } = await readAccount(identity, unit, userId);
        accepted(
          await unit.execute(identity.aggregates.invitation, invitationId, {
            type: 'create',
            organizationId,
            invitationId,
            email,
            role: granted,
            expiresAt,
            invitedBy: userId,
            byRole,
          }),
          invitationProblems,
        );
        const [organization] = await unit.query<{ name: string }>('select name from organization');
        const token = await makeLinkToken(unit, {
          organizationId,
          purpose: 'accept-invitation',
          subjectId: invitationId,
          at,
        });
        await postLetter(unit, identity.vault, {
          letterId: identity.newId(),
          organizationId,
          subjectId: invitationId,
          content: {
            kind: 'invitation',
            email,
            organization: organization?.name ?? '',
            token: token.reveal(),
          },
          idempotencyKey: `invitation:${invitationId}`,
          at,
        });
        unit.afterCommit(() => identity.lettersWaiting());
        return { body: { invitationId, expiresAt: expiresAt.toISOString() } };
      },
    ),
  );
}

/** Letters go to people who have not asked for them: an organization has a day's number of them. */
const MOST_INVITATIONS_A_DAY = 500;

async function assertFewInvitations(unit: UnitOfWork, at: Date): Promise<void> {
  const day = new Date(at.getTime() - 24 * 3_600_000);
  const { sent } = await one<{ sent: number }>(
    unit,
    'select count(*)::int as sent from invitation where created_at > $1',
    [day],
  );
  if (sent >= MOST_INVITATIONS_A_DAY) {
    throw problem('too-many-requests', {
      detail: `An organization sends ${MOST_INVITATIONS_A_DAY} invitations a day`,
      headers: { 'retry-after': '3600' },
    });
  }
}

/**
 * Makes the account that an invitation promised: once, whatever races. The letter's link proves the email address; consents
 * are recorded in the same transaction (P15).
 */
export async function acceptInvitation(
  identity: Identity,
  caller: Caller,
  { token, name, password, accept }: z.output<typeof acceptedInvitation>,
  key: string | undefined,
): Promise<SignUpAnswer> {
  const [given, chosen] = [secret(token), secret(password)];
  const found = await identity.database.beforeOrganization((sql) =>
    findLink(sql, given, 'accept-invitation'),
  );
  if (!found) throw problem('gone');
  const { organizationId, subjectId: invitationId } = found;
  const { aggregates, vault } = identity;
  const consent = consentOf(identity, caller, accept);
  const userId = identity.newId() as UserId;
  const stored = await hashed(identity, chosen);
  const envelope = envelopeOf(identity, caller, asUser(userId));
  return identity.store.transact(organizationId, envelope, async (unit) => {
    const request = { invitationId, name, accept, password };
    return createOnce(identity, unit, { caller, operation: 'invitation.accept', key, request }, async () => {
      const { state } = await unit.load(aggregates.invitation, invitationId);
      if (state.status !== 'open' || state.email === null || state.invitedBy === null) throw problem('gone');
      const [organization] = await unit.query<{ name: string; second_factor_required: boolean }>(
        'select name, second_factor_required from organization',
      );
      const required = organization?.second_factor_required ?? false;
      assertGoodPassword(identity.breached, {
        password: chosen,
        secondFactor: secondFactorRequired(identity, organizationId, required),
        context: [state.email, name, organization?.name ?? ''],
        pointer: '/password',
      });
      if (!(await takeLink(unit, given, 'accept-invitation', identity.now()))) throw problem('gone');
      const at = identity.now();
      accepted(
        await unit.execute(aggregates.invitation, invitationId, { type: 'accept', userId, at }),
        invitationProblems,
      );
      accepted(
        await unit.execute(aggregates.organization, organizationId, {
          type: 'add-member',
          userId,
          role: state.role,
          invitedBy: state.invitedBy,
        }),
        organizationProblems,
      );
      accepted(
        await unit.execute(aggregates.user, userId, {
          type: 'register',
          organizationId,
          userId,
          email: state.email,
          name,
          consent,
          required: requiredDocuments(identity),
          emailVerified: true,
        }),
        userProblems,
      );
      await claimEmail(unit, await emailHash(vault, unit, state.email), userId);
      await storePassword(identity, unit, userId, stored);
      return { body: { organizationId, userId } };
    });
  });
}

export async function revokeInvitation(
  identity: Identity,
  caller: Caller,
  invitationId: string,
): Promise<void> {
  const { organizationId } = principalOf(caller);
  await identity.store.transact(organizationId, envelopeOf(identity, caller), async (unit) => {
    const result = await unit.execute(identity.aggregates.invitation, invitationId, {
      type: 'revoke',
      reason: 'revoked',
    });
    accepted(result, { ...invitationProblems, 'not-open': 'not-found' });
    await voidLinks(unit, 'accept-invitation', invitationId);
  });
}

/** What somebody has asked for falls with the right to ask for it. */
export async function revokeInvitationsOf(
  identity: Identity,
  unit: UnitOfWork,
  inviter: UserId,
  reason: Exclude<RevocationReason, 'revoked'>,
): Promise<void> {
  const open = await unit.query<{ invitation_id: string }>(
    `select invitation_id from invitation where invited_by = $1 and status = 'open'`,
    [inviter],
  );
  for (const { invitation_id } of open) {
    accepted(
      await unit.execute(identity.aggregates.invitation, invitation_id, { type: 'revoke', reason }),
      invitationProblems,
    );
    await voidLinks(unit, 'accept-invitation', invitation_id);
  }
}
