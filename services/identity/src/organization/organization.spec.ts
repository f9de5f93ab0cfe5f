import { describe, expect, it } from '@jest/globals';
import { fold, given, isRejected, type OrganizationId, type UserId } from '@vouchsafe/event-sourcing';
import fc from 'fast-check';
import type { Role } from '../permission/role.js';
import { organizationChange } from './change-organization.js';
import type { OrganizationEvent } from './organization.events.js';
import { organization, type OrganizationCommand } from './organization.decider.js';

const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01' as OrganizationId;
const person = (number: number) => `5b0c7cbd-6b3c-4f0a-9a0e-00000000000${number}` as UserId;
const [ada, grace, edsger] = [person(1), person(2), person(3)];

const registered: OrganizationEvent[] = [
  { type: 'organization-registered', data: { organizationId, name: 'Example Ltd', ownerId: ada } },
  { type: 'member-joined', data: { organizationId, userId: ada, role: 'owner', how: 'sign-up' } },
];
const active: OrganizationEvent[] = [
  ...registered,
  { type: 'organization-activated', data: { organizationId } },
];
const joined = (userId: UserId, role: Role): OrganizationEvent => ({
  type: 'member-joined',
  data: { organizationId, userId, role, how: 'invitation' },
});

describe('an organization', () => {
  it('begins with its first owner', () => {
    given(organization, [])
      .when({ type: 'register', organizationId, name: 'Example Ltd', ownerId: ada })
      .then(registered);
  });

  it('does nothing before the email address is verified', () => {
    const commands: OrganizationCommand[] = [
      { type: 'rename', name: 'Other' },
      { type: 'require-second-factor', required: true },
      { type: 'add-member', userId: grace, role: 'member', invitedBy: ada },
    ];
    for (const command of commands) {
      given(organization, registered).when(command).then({ rejected: 'not-active' });
    }
  });

  it('is activated once, however often the link is opened', () => {
    given(organization, registered)
      .when({ type: 'activate' })
      .then([{ type: 'organization-activated', data: { organizationId } }]);
    given(organization, active).when({ type: 'activate' }).then([]);
  });

  it('says nothing when nothing changes', () => {
    given(organization, active).when({ type: 'rename', name: 'Example Ltd' }).then([]);
    given(organization, active).when({ type: 'require-second-factor', required: false }).then([]);
    given(organization, active).when({ type: 'change-role', userId: ada, role: 'owner', by: ada }).then([]);
  });

  it('keeps its last owner', () => {
    given(organization, active)
      .when({ type: 'remove-member', userId: ada, by: ada })
      .then({ rejected: 'last-owner' });
    given(organization, [...active, joined(grace, 'owner')])
      .when({ type: 'remove-member', userId: ada, by: ada })
      .then([{ type: 'member-removed', data: { organizationId, userId: ada, role: 'owner' } }]);
  });

  it('lets nobody hand out or take away more than they hold (ASVS 8.2.1)', () => {
    const history = [...active, joined(grace, 'admin'), joined(edsger, 'member')];
    given(organization, history)
      .when({ type: 'change-role', userId: edsger, role: 'owner', by: grace })
      .then({ rejected: 'beyond-own-role' });
    given(organization, history)
      .when({ type: 'remove-member', userId: ada, by: grace })
      .then({ rejected: 'beyond-own-role' });
    given(organization, history)
      .when({ type: 'change-role', userId: edsger, role: 'auditor', by: grace })
      .then([
        {
          type: 'member-role-changed',
          data: { organizationId, userId: edsger, from: 'member', to: 'auditor' },
        },
      ]);
  });

  it('lets in whom somebody asked who may ask today, not only at the time of asking', () => {
    const history: OrganizationEvent[] = [...active, joined(grace, 'owner')];
    const join = { type: 'add-member' as const, userId: edsger, role: 'owner' as const, invitedBy: grace };
    given(organization, history)
      .when(join)
      .then([joined(edsger, 'owner')]);
    const demoted = { organizationId, userId: grace, from: 'owner' as const, to: 'admin' as const };
    const changed: OrganizationEvent = { type: 'member-role-changed', data: demoted };
    given(organization, [...history, changed])
      .when(join)
      .then({ rejected: 'inviter-may-not' });
    const removed = { organizationId, userId: grace, role: 'owner' as const };
    const gone: OrganizationEvent = { type: 'member-removed', data: removed };
    given(organization, [...history, gone])
      .when(join)
      .then({ rejected: 'inviter-may-not' });
  });

  it('lets everybody but the last owner leave', () => {
    given(organization, [...active, joined(edsger, 'member')])
      .when({ type: 'remove-member', userId: edsger, by: edsger })
      .then([{ type: 'member-removed', data: { organizationId, userId: edsger, role: 'member' } }]);
  });

  it('has an owner after any history', () => {
    const people = [ada, grace, edsger, person(4)];
    const anyone = fc.constantFrom(...people);
    const role = fc.constantFrom<Role>('owner', 'admin', 'member', 'auditor', 'billing');
    const command: fc.Arbitrary<OrganizationCommand> = fc.oneof(
      fc.record({ type: fc.constant('add-member' as const), userId: anyone, role, invitedBy: anyone }),
      fc.record({ type: fc.constant('change-role' as const), userId: anyone, role, by: anyone }),
      fc.record({ type: fc.constant('remove-member' as const), userId: anyone, by: anyone }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        let state = fold(organization, active);
        for (const next of commands) {
          const decision = organization.decide(state, next);
          if (!isRejected(decision)) state = fold(organization, decision, state);
        }
        expect(state.status === 'active' && [...state.members.values()]).toContain('owner');
      }),
    );
  });
});

describe('a change of an organization', () => {
  it('changes something', () => {
    const { error } = organizationChange.safeParse({});
    expect(error?.issues.map(({ message }) => message)).toEqual([
      'must have name, requireSecondFactor, or both',
    ]);
    expect(organizationChange.safeParse({ requireSecondFactor: false }).success).toBe(true);
  });
});
