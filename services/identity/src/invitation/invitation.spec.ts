import { describe, it } from '@jest/globals';
import { given, type OrganizationId, type UserId } from '@vouchsafe/event-sourcing';
import type { InvitationEvent } from './invitation.events.js';
import { invitation } from './invitation.decider.js';

const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01' as OrganizationId;
const invitationId = '5b0c7cbd-6b3c-4f0a-9a0e-000000000009';
const userId = '5b0c7cbd-6b3c-4f0a-9a0e-000000000001' as UserId;
const invitedBy = '5b0c7cbd-6b3c-4f0a-9a0e-000000000002' as UserId;
const expiresAt = new Date('2026-11-29T10:00:00Z');
const created: InvitationEvent = {
  type: 'invitation-created',
  data: {
    organizationId,
    invitationId,
    invitedBy,
    email: 'grace@example.com',
    role: 'admin',
    expiresAt: expiresAt.toISOString(),
  },
};
const create = {
  type: 'create' as const,
  organizationId,
  invitationId,
  email: 'grace@example.com',
  role: 'admin' as const,
  expiresAt,
  invitedBy,
};

describe('an invitation', () => {
  it('gives no more than the inviter holds (ASVS 8.2.1)', () => {
    given(invitation, [])
      .when({ ...create, byRole: 'owner' })
      .then([created]);
    given(invitation, [])
      .when({ ...create, role: 'owner', byRole: 'admin' })
      .then({ rejected: 'beyond-own-role' });
    given(invitation, [])
      .when({ ...create, role: 'auditor', byRole: 'auditor' })
      .then({ rejected: 'beyond-own-role' });
  });

  it('is accepted once, in time', () => {
    const accepted: InvitationEvent = {
      type: 'invitation-accepted',
      data: { organizationId, invitationId, userId, role: 'admin' },
    };
    const inTime = new Date(expiresAt.getTime() - 1);
    given(invitation, [created]).when({ type: 'accept', userId, at: inTime }).then([accepted]);
    given(invitation, [created])
      .when({ type: 'accept', userId, at: expiresAt })
      .then({ rejected: 'expired' });
    given(invitation, [created, accepted])
      .when({ type: 'accept', userId, at: inTime })
      .then({ rejected: 'not-open' });
  });

  it('is not accepted after it was withdrawn', () => {
    const reason = 'inviter-removed';
    const revoked: InvitationEvent = {
      type: 'invitation-revoked',
      data: { organizationId, invitationId, reason },
    };
    given(invitation, [created]).when({ type: 'revoke', reason }).then([revoked]);
    given(invitation, [created, revoked])
      .when({ type: 'accept', userId, at: new Date(0) })
      .then({ rejected: 'not-open' });
  });
});
