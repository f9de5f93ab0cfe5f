/** @promise P10 begins the erasure of a person: access ends, and every service is told whose keys to destroy */
import { Injectable } from '@nestjs/common';
import { isRejected, type OrganizationId, type UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { Vault } from '@vouchsafe/vault';
import { addressOf, emailHash } from '../email-address.js';
import { invitationCell } from '../invitation/invitation.projection.js';
import { EndMembership } from '../member/end-membership.js';
import type { OrganizationRejection } from '../organization/organization.decider.js';
import { openCells } from '../persistence/sealed-column.js';
import { erasureAggregate } from './erasure.aggregate.js';
import type { ErasureRejection, PersonErasure } from './erasure.decider.js';

@Injectable()
export class BeginErasure {
  constructor(
    private readonly vault: Vault,
    private readonly membership: EndMembership,
  ) {}

  /** Of an account of the organization that no erasure was asked for yet. */
  async begin(
    unit: UnitOfWork,
    {
      organizationId,
      userId,
      erasureId,
      by,
    }: {
      readonly organizationId: OrganizationId;
      readonly userId: UserId;
      readonly erasureId: string;
      readonly by: UserId;
    },
  ): Promise<{ readonly state: PersonErasure } | ErasureRejection | OrganizationRejection> {
    const subjects = await this.subjectsOf(unit, userId);
    const member = await unit.query('select from member where user_id = $1', [userId]);
    const rejection = member.length > 0 ? await this.membership.end(unit, userId, { by }) : null;
    if (rejection) return rejection;
    const request = { type: 'request', organizationId, userId, erasureId, subjects } as const;
    const requested = await unit.execute(erasureAggregate, userId, request);
    return isRejected(requested) ? requested : { state: requested.state };
  }

  /**
   * The ids under which values of the person are sealed: their own, and those of the invitations to the same address, which stand for
   * a person who had no account yet.
   */
  async subjectsOf(unit: UnitOfWork, userId: UserId): Promise<string[]> {
    const { organizationId } = unit;
    const address = await addressOf(this.vault, unit, { organizationId, userId });
    if (address === null) return [userId];
    const invitations = await unit.query<{ invitation_id: string }>(
      'select invitation_id from invitation where organization_id = $1 and email_hash = $2',
      [organizationId, await emailHash(this.vault, unit, address)],
    );
    // Of before the hash was kept: accepted ones alone, for housekeeping erases the others by itself.
    const unhashed = await unit.query<{ invitation_id: string; email_sealed: string | null }>(
      `select invitation_id, email_sealed from invitation
       where organization_id = $1 and email_hash is null and status = 'accepted'`,
      [organizationId],
    );
    const addresses = await openCells(
      this.vault,
      unit,
      unhashed.map(({ invitation_id, email_sealed }) => ({
        ...invitationCell(organizationId, invitation_id),
        stored: email_sealed,
      })),
    );
    const theirs = unhashed.filter((_, nth) => addresses[nth]?.toLowerCase() === address.toLowerCase());
    return [userId, ...[...invitations, ...theirs].map(({ invitation_id }) => invitation_id)];
  }
}
