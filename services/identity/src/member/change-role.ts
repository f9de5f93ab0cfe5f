import { Injectable } from '@nestjs/common';
import { isRejected, type UserId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { assertRecentlyAuthenticated, type Caller, Clock, envelopeOf } from '@vouchsafe/service-host';
import { revokeInvitationsOf } from '../invitation/revoke-invitation.js';
import type { OrganizationRejection } from '../organization/organization.decider.js';
import { changeAtVersion } from '../organization/versioned-organization.js';
import { losesPermissions } from '../permission/permissions.js';
import type { Role } from '../permission/role.js';
import { principalOf } from '../request.js';
import { Sessions } from '../session/sessions.js';

@Injectable()
export class ChangeRole {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly sessions: Sessions,
  ) {}

  /**
   * Gives a member another role; who loses something by it loses the sessions that carried it
   * and the invitations that were based on it (ASVS 7.4.2, 8.3.2).
   */
  async change(
    caller: Caller,
    { userId, role }: { readonly userId: UserId; readonly role: Role },
    ifMatch: string | undefined,
  ): Promise<{ readonly version: number } | OrganizationRejection> {
    const { organizationId, userId: by } = principalOf(caller);
    const at = this.clock.now();
    assertRecentlyAuthenticated(caller, at);
    return this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      const command = { type: 'change-role', userId, role, by } as const;
      const changed = await changeAtVersion(unit, command, ifMatch);
      if (isRejected(changed)) return changed;
      for (const { type, data } of changed.events) {
        if (type === 'member-role-changed' && 'from' in data && losesPermissions(data.from, data.to)) {
          await this.sessions.endAll(unit, userId, 'role-changed');
          await revokeInvitationsOf(unit, userId, 'inviter-demoted');
        }
      }
      return { version: changed.version };
    });
  }
}
