import { Injectable } from '@nestjs/common';
import type { UserId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { assertRecentlyAuthenticated, type Caller, Clock, envelopeOf } from '@vouchsafe/service-host';
import type { OrganizationRejection } from '../organization/organization.decider.js';
import { principalOf } from '../request.js';
import { EndMembership } from './end-membership.js';

@Injectable()
export class RemoveMember {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly membership: EndMembership,
  ) {}

  /**
   * Removes a member: sessions end, API keys and open invitations are revoked, credentials and the claim on the email address go. What the log says of
   * the person stays, until it is erased.
   */
  async remove(
    caller: Caller,
    userId: UserId,
    ifMatch: string | undefined,
  ): Promise<OrganizationRejection | null> {
    const { organizationId, userId: by } = principalOf(caller);
    const at = this.clock.now();
    assertRecentlyAuthenticated(caller, at);
    return this.store.transact(organizationId, envelopeOf(caller, at), (unit) =>
      this.membership.end(unit, userId, { by, ifMatch }),
    );
  }
}
