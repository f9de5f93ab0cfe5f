import { decider, isErased, type OrganizationId, unreachable, type UserId } from '@vouchsafe/event-sourcing';
import { mayInvite } from '../permission/permissions.js';
import type { Role } from '../permission/role.js';
import type { InvitationEvent, RevocationReason } from './invitation.events.js';

export type Invitation =
  | { readonly status: 'absent' | 'accepted' | 'revoked' }
  | {
      readonly status: 'open';
      readonly organizationId: OrganizationId;
      readonly invitationId: string;
      /** `null` once it is erased. */
      readonly email: string | null;
      readonly role: Role;
      /** `null` for an invitation of before this was recorded: nobody can be asked any more, so it is accepted no more. */
      readonly invitedBy: UserId | null;
      readonly expiresAt: Date;
    };

export type InvitationCommand =
  | {
      readonly type: 'create';
      readonly organizationId: OrganizationId;
      readonly invitationId: string;
      readonly email: string;
      readonly role: Role;
      readonly expiresAt: Date;
      readonly invitedBy: UserId;
      readonly byRole: Role;
    }
  | { readonly type: 'accept'; readonly userId: UserId; readonly at: Date }
  | { readonly type: 'revoke'; readonly reason: RevocationReason };

export type InvitationRejection = {
  readonly rejected: 'already-created' | 'beyond-own-role' | 'not-open' | 'expired';
};

export const invitation = decider<Invitation, InvitationCommand, InvitationEvent, InvitationRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    if (command.type === 'create') {
      if (state.status !== 'absent') return { rejected: 'already-created' };
      const { organizationId, invitationId, email, role, expiresAt, invitedBy, byRole } = command;
      if (!mayInvite(byRole, role)) return { rejected: 'beyond-own-role' };
      return [
        {
          type: 'invitation-created',
          data: {
            organizationId,
            invitationId,
            invitedBy,
            email,
            role,
            expiresAt: expiresAt.toISOString(),
          },
        },
      ];
    }
    if (state.status !== 'open') return { rejected: 'not-open' };
    const { organizationId, invitationId, role } = state;
    switch (command.type) {
      case 'accept':
        if (command.at >= state.expiresAt) return { rejected: 'expired' };
        return [
          {
            type: 'invitation-accepted',
            data: { organizationId, invitationId, userId: command.userId, role },
          },
        ];
      case 'revoke':
        return [
          { type: 'invitation-revoked', data: { organizationId, invitationId, reason: command.reason } },
        ];
      default:
        return unreachable(command);
    }
  },
  evolve: (_, event) => {
    switch (event.type) {
      case 'invitation-created': {
        const { organizationId, invitationId, invitedBy, email, role, expiresAt } = event.data;
        return {
          status: 'open',
          organizationId,
          invitationId,
          email: isErased(email) ? null : email,
          role,
          invitedBy,
          expiresAt: new Date(expiresAt),
        };
      }
      case 'invitation-accepted':
        return { status: 'accepted' };
      case 'invitation-revoked':
        return { status: 'revoked' };
      default:
        return unreachable(event);
    }
  },
});
