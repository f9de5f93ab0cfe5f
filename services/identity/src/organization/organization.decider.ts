import { decider, type OrganizationId, unreachable, type UserId } from '@vouchsafe/event-sourcing';
import { mayGrant, mayInvite } from '../permission/permissions.js';
import type { Role } from '../permission/role.js';
import type { OrganizationEvent } from './organization.events.js';

export type Organization =
  | { readonly status: 'absent' }
  | {
      readonly status: 'pending' | 'active';
      readonly organizationId: OrganizationId;
      readonly name: string;
      readonly secondFactorRequired: boolean;
      readonly members: ReadonlyMap<UserId, Role>;
    };

export type OrganizationCommand =
  | {
      readonly type: 'register';
      readonly organizationId: OrganizationId;
      readonly name: string;
      readonly ownerId: UserId;
    }
  | { readonly type: 'activate' }
  | { readonly type: 'rename'; readonly name: string }
  | { readonly type: 'require-second-factor'; readonly required: boolean }
  | {
      readonly type: 'add-member';
      readonly userId: UserId;
      readonly role: Role;
      readonly invitedBy: UserId;
    }
  | {
      readonly type: 'change-role';
      readonly userId: UserId;
      readonly role: Role;
      readonly by: UserId;
    }
  | { readonly type: 'remove-member'; readonly userId: UserId; readonly by: UserId };

export type OrganizationRejection = {
  readonly rejected:
    | 'already-registered'
    | 'not-active'
    | 'no-such-member'
    | 'already-a-member'
    | 'last-owner'
    | 'beyond-own-role'
    | 'inviter-may-not';
};

/** An organization and its members. Time and ids come in with the command. */
export const organization = decider<
  Organization,
  OrganizationCommand,
  OrganizationEvent,
  OrganizationRejection
>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    if (command.type === 'register') {
      if (state.status !== 'absent') return { rejected: 'already-registered' };
      const { organizationId, name, ownerId } = command;
      return [
        { type: 'organization-registered', data: { organizationId, name, ownerId } },
        { type: 'member-joined', data: { organizationId, userId: ownerId, role: 'owner', how: 'sign-up' } },
      ];
    }
    if (state.status === 'absent') return { rejected: 'not-active' };
    const { organizationId } = state;
    if (command.type === 'activate') {
      return state.status === 'active' ? [] : [{ type: 'organization-activated', data: { organizationId } }];
    }
    // Nothing but verification works before the owner's email address is verified (docs/identity.md, 'Sign-up').
    if (state.status === 'pending') return { rejected: 'not-active' };
    switch (command.type) {
      case 'rename':
        return command.name === state.name
          ? []
          : [{ type: 'organization-renamed', data: { organizationId, name: command.name } }];
      case 'require-second-factor':
        return command.required === state.secondFactorRequired
          ? []
          : [
              {
                type: 'second-factor-requirement-changed',
                data: { organizationId, required: command.required },
              },
            ];
      case 'add-member': {
        if (state.members.has(command.userId)) return { rejected: 'already-a-member' };
        const { userId, role, invitedBy } = command;
        // Decided with the inviter's role of today: whoever has left or was demoted brings nobody in, not even themselves.
        const inviter = state.members.get(invitedBy);
        if (!inviter || !mayInvite(inviter, role)) return { rejected: 'inviter-may-not' };
        return [{ type: 'member-joined', data: { organizationId, userId, role, how: 'invitation' } }];
      }
      case 'change-role': {
        const from = state.members.get(command.userId);
        const own = state.members.get(command.by);
        if (!from || !own) return { rejected: 'no-such-member' };
        if (!mayGrant(own, from) || !mayGrant(own, command.role)) return { rejected: 'beyond-own-role' };
        if (from === command.role) return [];
        if (from === 'owner' && owners(state.members) === 1) return { rejected: 'last-owner' };
        const { userId, role: to } = command;
        return [{ type: 'member-role-changed', data: { organizationId, userId, from, to } }];
      }
      case 'remove-member': {
        const role = state.members.get(command.userId);
        const own = state.members.get(command.by);
        if (!role || !own) return { rejected: 'no-such-member' };
        // Everybody may leave; to remove somebody else takes a role that holds as much.
        if (command.by !== command.userId && !mayGrant(own, role)) return { rejected: 'beyond-own-role' };
        if (role === 'owner' && owners(state.members) === 1) return { rejected: 'last-owner' };
        return [{ type: 'member-removed', data: { organizationId, userId: command.userId, role } }];
      }
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => {
    if (event.type === 'organization-registered') {
      const { organizationId, name } = event.data;
      return { status: 'pending', organizationId, name, secondFactorRequired: false, members: new Map() };
    }
    if (state.status === 'absent') return state;
    switch (event.type) {
      case 'organization-activated':
        return { ...state, status: 'active' };
      case 'organization-renamed':
        return { ...state, name: event.data.name };
      case 'second-factor-requirement-changed':
        return { ...state, secondFactorRequired: event.data.required };
      case 'member-joined':
        return { ...state, members: new Map(state.members).set(event.data.userId, event.data.role) };
      case 'member-role-changed':
        return { ...state, members: new Map(state.members).set(event.data.userId, event.data.to) };
      case 'member-removed': {
        const members = new Map(state.members);
        members.delete(event.data.userId);
        return { ...state, members };
      }
      default:
        return unreachable(event);
    }
  },
});

function owners(members: ReadonlyMap<UserId, Role>): number {
  return [...members.values()].filter((role) => role === 'owner').length;
}
