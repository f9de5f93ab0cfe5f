import { Injectable } from '@nestjs/common';
import { one } from '@vouchsafe/database';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import {
  assertRecentlyAuthenticated,
  type Caller,
  Clock,
  createOnce,
  emailAddress,
  envelopeOf,
  Ids,
  problem,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { invitationAggregate } from './invitation.aggregate.js';
import { EmailOutbox } from '../email/email-outbox.js';
import { linkHours, makeLinkToken } from '../link-token.js';
import { role } from '../permission/role.js';
import { principalOf } from '../request.js';
import { readAccount } from '../user/accounts.js';
import type { InvitationRejection } from './invitation.decider.js';

export const newInvitation = z
  .strictObject({ email: emailAddress, role })
  .meta({ examples: [{ email: 'grace@example.com', role: 'member' }] });
export type NewInvitation = z.output<typeof newInvitation>;

export const createdInvitation = z.strictObject({ invitationId: z.uuid(), expiresAt: z.iso.datetime() });
export type CreatedInvitation = z.infer<typeof createdInvitation>;

/** These emails go to people who have not asked for them: an organization can send so many in a day. */
const MOST_INVITATIONS_A_DAY = 500;

@Injectable()
export class InvitePerson {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly emails: EmailOutbox,
  ) {}

  /**
   * Invites a person; the answer does not disclose whether the address has an account elsewhere (ASVS 6.3.8). Giving a role by an
   * email requires as recent a proof of identity as giving it directly (ASVS 7.5.1).
   */
  async invite(
    caller: Caller,
    { email, role: granted }: NewInvitation,
    key: string | undefined,
  ): Promise<CreatedInvitation | InvitationRejection> {
    const { organizationId, userId } = principalOf(caller);
    const at = this.clock.now();
    assertRecentlyAuthenticated(caller, at);
    const request = { email, role: granted };
    const once = { organizationId, caller, operation: 'invitation.create', key, request, at };
    return this.store.transact(organizationId, envelopeOf(caller, at), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        await assertFewInvitations(unit, at);
        const invitationId = this.ids.newId();
        const expiresAt = new Date(at.getTime() + linkHours['accept-invitation'] * 3_600_000);
        const { role: byRole } = await readAccount(this.vault, unit, userId);
        const created = await unit.execute(invitationAggregate, invitationId, {
          type: 'create',
          organizationId,
          invitationId,
          email,
          role: granted,
          expiresAt,
          invitedBy: userId,
          byRole,
        });
        if (isRejected(created)) return created;
        await this.postInvitation(unit, { invitationId, email, at });
        return { body: { invitationId, expiresAt: expiresAt.toISOString() } };
      }),
    );
  }

  private async postInvitation(
    unit: UnitOfWork,
    { invitationId, email, at }: { readonly invitationId: string; readonly email: string; readonly at: Date },
  ): Promise<void> {
    const { organizationId } = unit;
    const [organization] = await unit.query<{ name: string }>('select name from organization');
    const link = { organizationId, purpose: 'accept-invitation', subjectId: invitationId, at } as const;
    const token = await makeLinkToken(unit, link);
    await this.emails.post(unit, {
      organizationId,
      subjectId: invitationId,
      content: {
        kind: 'invitation',
        email,
        organization: organization?.name ?? '',
        token: token.reveal(),
      },
      idempotencyKey: `invitation:${invitationId}`,
    });
  }
}

async function assertFewInvitations(unit: UnitOfWork, at: Date): Promise<void> {
  const day = new Date(at.getTime() - 24 * 3_600_000);
  const { sent } = await one<{ sent: number }>(
    unit,
    'select count(*)::int as sent from invitation where created_at > $1',
    [day],
  );
  if (sent >= MOST_INVITATIONS_A_DAY) {
    throw problem('too-many-requests', {
      detail: `An organization can send ${MOST_INVITATIONS_A_DAY} invitations a day`,
      headers: { 'retry-after': '3600' },
    });
  }
}
