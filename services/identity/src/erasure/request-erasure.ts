/** @promise P10 takes the request, ends access, and shows how far the services are */
import { Injectable } from '@nestjs/common';
import { isRejected, type UserId } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import {
  assertRecentlyAuthenticated,
  type Caller,
  Clock,
  createOnce,
  envelopeOf,
  Ids,
  problem,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { addressOf, emailHash } from '../email-address.js';
import { invitationCell } from '../invitation/invitation.projection.js';
import { EndMembership } from '../member/end-membership.js';
import type { OrganizationRejection } from '../organization/organization.decider.js';
import { openCells } from '../persistence/sealed-column.js';
import { principalOf } from '../request.js';
import { erasureAggregate } from './erasure.aggregate.js';
import type { ErasureRejection } from './erasure.decider.js';
import { type ErasureView, viewOf } from './erasure-view.js';

@Injectable()
export class RequestErasure {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly membership: EndMembership,
  ) {}

  /**
   * Asks every service to erase a current or former member (P10). Access ends with it; keys are destroyed by each service
   * on its own. Asked again, it is the same erasure.
   */
  async request(
    caller: Caller,
    userId: UserId,
    key: string | undefined,
  ): Promise<ErasureView | ErasureRejection | OrganizationRejection> {
    const { organizationId, userId: by } = principalOf(caller);
    const at = this.clock.now();
    assertRecentlyAuthenticated(caller, at);
    const once = { organizationId, caller, operation: 'member.erase', key, request: { userId }, at };
    return this.store.transact(organizationId, envelopeOf(caller, at), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        const { state } = await unit.load(erasureAggregate, userId);
        if (state.status !== 'absent') return { body: await viewOf(unit, state, caller) };
        const known = await unit.query('select from account where user_id = $1', [userId]);
        if (known.length === 0) throw problem('not-found');
        const subjects = await subjectsOf(this.vault, unit, userId);
        const member = await unit.query('select from member where user_id = $1', [userId]);
        const rejection = member.length > 0 ? await this.membership.end(unit, userId, { by }) : null;
        if (rejection) return rejection;
        const erasureId = this.ids.newId();
        const request = { type: 'request', organizationId, userId, erasureId, subjects } as const;
        const requested = await unit.execute(erasureAggregate, userId, request);
        return isRejected(requested) ? requested : { body: await viewOf(unit, requested.state, caller) };
      }),
    );
  }
}

/**
 * The ids under which values of the person are sealed: their own, and those of the invitations to the same address, which stand for
 * a person who had no account yet.
 */
async function subjectsOf(vault: Vault, unit: UnitOfWork, userId: UserId): Promise<string[]> {
  const { organizationId } = unit;
  const address = await addressOf(vault, unit, { organizationId, userId });
  if (address === null) return [userId];
  const invitations = await unit.query<{ invitation_id: string }>(
    'select invitation_id from invitation where email_hash = $1',
    [await emailHash(vault, unit, address)],
  );
  // Of before the hash was kept: accepted ones alone, for housekeeping erases the others by itself.
  const unhashed = await unit.query<{ invitation_id: string; email_sealed: string | null }>(
    `select invitation_id, email_sealed from invitation where email_hash is null and status = 'accepted'`,
  );
  const addresses = await openCells(
    vault,
    unit,
    unhashed.map(({ invitation_id, email_sealed }) => ({
      ...invitationCell(organizationId, invitation_id),
      stored: email_sealed,
    })),
  );
  const theirs = unhashed.filter((_, nth) => addresses[nth]?.toLowerCase() === address.toLowerCase());
  return [userId, ...[...invitations, ...theirs].map(({ invitation_id }) => invitation_id)];
}
