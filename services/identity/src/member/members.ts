import type { UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import type { Caller } from '@vouchsafe/service-host';
import { ApiKey } from '../api-key/api-key.entity.js';
import { apiKeyProblems } from '../api-key/api-key.problems.js';
import type { Identity } from '../identity.js';
import { revokeInvitationsOf } from '../invitation/invitations.js';
import { changeOrganization } from '../organization/change-organization.js';
import { losesPermissions } from '../permission/permissions.js';
import type { Role } from '../permission/role.js';
import { accepted, assertRecentlyAuthenticated, envelopeOf, principalOf } from '../request.js';
import { endSessions } from '../session/sessions.js';

/**
 * Gives a member another role; who loses something by it loses the sessions that carried it
 * and the invitations that were based on it (ASVS 7.4.2, 8.3.2).
 */
export async function changeRole(
  identity: Identity,
  caller: Caller,
  userId: UserId,
  role: Role,
  ifMatch: string | undefined,
): Promise<number> {
  const { organizationId, userId: by } = principalOf(caller);
  assertRecentlyAuthenticated(identity, caller);
  return identity.store.transact(organizationId, envelopeOf(identity, caller), async (unit) => {
    const { events, version } = await changeOrganization(
      identity,
      unit,
      { type: 'change-role', userId, role, by },
      ifMatch,
    );
    for (const { type, data } of events) {
      if (type === 'member-role-changed' && 'from' in data && losesPermissions(data.from, data.to)) {
        await endSessions(identity, unit, userId, 'role-changed');
        await revokeInvitationsOf(identity, unit, userId, 'inviter-demoted');
      }
    }
    return version;
  });
}

/**
 * Removes a member: sessions end, API keys and open invitations are revoked, credentials and the claim on the email address go. What the log says of
 * the person stays, until it is erased.
 */
export async function removeMember(
  identity: Identity,
  caller: Caller,
  userId: UserId,
  ifMatch: string | undefined,
): Promise<void> {
  const { organizationId, userId: by } = principalOf(caller);
  assertRecentlyAuthenticated(identity, caller);
  await identity.store.transact(organizationId, envelopeOf(identity, caller), (unit) =>
    endMembership(identity, unit, userId, { by, ifMatch }),
  );
}

/** The last owner stays; whoever goes loses all access with it. */
export async function endMembership(
  identity: Identity,
  unit: UnitOfWork,
  userId: UserId,
  { by, ifMatch }: { readonly by: UserId; readonly ifMatch?: string | undefined },
): Promise<void> {
  await changeOrganization(identity, unit, { type: 'remove-member', userId, by }, ifMatch);
  await endAccess(identity, unit, userId);
}

/** Sessions, keys, open invitations, credentials and the claim on the email address. */
export async function endAccess(identity: Identity, unit: UnitOfWork, userId: UserId): Promise<void> {
  await endSessions(identity, unit, userId, 'member-removed');
  await revokeKeysOf(identity, unit, userId);
  await revokeInvitationsOf(identity, unit, userId, 'inviter-removed');
  for (const table of ['password', 'authenticator', 'recovery_code', 'email_address', 'log_in_challenge']) {
    await unit.query(`delete from ${table} where user_id = $1`, [userId]);
  }
  await unit.query('delete from link_token where subject_id = $1', [userId]);
}

async function revokeKeysOf(identity: Identity, unit: UnitOfWork, userId: UserId): Promise<void> {
  const entityManager = await unit.entityManager();
  for (const { apiKeyId } of await entityManager.find(ApiKey, { createdBy: userId, revokedAt: null })) {
    accepted(
      await unit.execute(identity.aggregates.apiKey, apiKeyId, {
        type: 'revoke',
        reason: 'creator-removed',
      }),
      apiKeyProblems,
    );
  }
}
