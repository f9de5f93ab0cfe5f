import { Injectable } from '@nestjs/common';
import { isRejected, type UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { apiKeyAggregate } from '../api-key/api-key.aggregate.js';
import { ApiKey } from '../api-key/api-key.entity.js';
import { revokeInvitationsOf } from '../invitation/revoke-invitation.js';
import type { OrganizationRejection } from '../organization/organization.decider.js';
import { changeAtVersion } from '../organization/versioned-organization.js';
import { Sessions } from '../session/sessions.js';

@Injectable()
export class EndMembership {
  constructor(private readonly sessions: Sessions) {}

  /** The last owner stays; whoever goes loses all access with it. */
  async end(
    unit: UnitOfWork,
    userId: UserId,
    { by, ifMatch }: { readonly by: UserId; readonly ifMatch?: string | undefined },
  ): Promise<OrganizationRejection | null> {
    const removed = await changeAtVersion(unit, { type: 'remove-member', userId, by }, ifMatch);
    if (isRejected(removed)) return removed;
    await this.endAccess(unit, userId);
    return null;
  }

  /** Sessions, keys, open invitations, credentials and the claim on the email address. */
  async endAccess(unit: UnitOfWork, userId: UserId): Promise<void> {
    await this.sessions.endAll(unit, userId, 'member-removed');
    await this.revokeKeysOf(unit, userId);
    await revokeInvitationsOf(unit, userId, 'inviter-removed');
    for (const table of ['password', 'authenticator', 'recovery_code', 'email_address', 'log_in_challenge']) {
      await unit.query(`delete from ${table} where user_id = $1`, [userId]);
    }
    await unit.query('delete from link_token where subject_id = $1', [userId]);
  }

  private async revokeKeysOf(unit: UnitOfWork, userId: UserId): Promise<void> {
    const entityManager = await unit.entityManager();
    for (const { apiKeyId } of await entityManager.find(ApiKey, { createdBy: userId, revokedAt: null })) {
      // Rejected where somebody else has revoked it meanwhile: it is dead in either case.
      await unit.execute(apiKeyAggregate, apiKeyId, { type: 'revoke', reason: 'creator-removed' });
    }
  }
}
