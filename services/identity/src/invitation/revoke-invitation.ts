import { Injectable } from '@nestjs/common';
import { isRejected, type UserId } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf } from '@vouchsafe/service-host';
import { invitationAggregate } from './invitation.aggregate.js';
import { voidLinks } from '../link-token.js';
import { principalOf } from '../request.js';
import type { InvitationRejection } from './invitation.decider.js';
import type { RevocationReason } from './invitation.events.js';

@Injectable()
export class RevokeInvitation {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  async revoke(caller: Caller, invitationId: string): Promise<InvitationRejection | null> {
    const { organizationId } = principalOf(caller);
    return this.store.transact(organizationId, envelopeOf(caller, this.clock.now()), async (unit) => {
      const revoked = await unit.execute(invitationAggregate, invitationId, {
        type: 'revoke',
        reason: 'revoked',
      });
      if (isRejected(revoked)) return revoked;
      await voidLinks(unit, 'accept-invitation', invitationId);
      return null;
    });
  }
}

/** What somebody has asked for falls with the right to ask for it. */
export async function revokeInvitationsOf(
  unit: UnitOfWork,
  inviter: UserId,
  reason: Exclude<RevocationReason, 'revoked'>,
): Promise<void> {
  const open = await unit.query<{ invitation_id: string }>(
    `select invitation_id from invitation where invited_by = $1 and status = 'open'`,
    [inviter],
  );
  for (const { invitation_id } of open) {
    // Rejected where somebody else has revoked it meanwhile: it opens nothing in either case.
    await unit.execute(invitationAggregate, invitation_id, { type: 'revoke', reason });
    await voidLinks(unit, 'accept-invitation', invitation_id);
  }
}
