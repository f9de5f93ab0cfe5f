import { isErased } from '@vouchsafe/event-sourcing';
import { inlineProjection } from '@vouchsafe/event-store';
import { emailHash } from '../email-address.js';
import { sealCell } from '../persistence/sealed-column.js';
import type { InvitationEvent } from './invitation.events.js';

export const invitationProjection = inlineProjection<InvitationEvent>({
  name: 'invitation',
  on: {
    'invitation-created': async (sql, { data, envelope }, vault) => {
      const { organizationId, invitationId, invitedBy, email, role, expiresAt } = data;
      await sql.query(
        `insert into invitation (organization_id, invitation_id, invited_by, email_sealed, email_hash, role, status, created_at,
           expires_at)
         values ($1, $2, $3, $4, $5, $6, 'open', $7, $8)`,
        [
          organizationId,
          invitationId,
          invitedBy,
          await sealCell(vault, sql, invitationCell(organizationId, invitationId), email),
          isErased(email) ? null : await emailHash(vault, sql, email),
          role,
          envelope.occurredAt,
          expiresAt,
        ],
      );
    },
    'invitation-accepted': async (sql, { data }) => {
      await sql.query(`update invitation set status = 'accepted' where invitation_id = $1`, [
        data.invitationId,
      ]);
    },
    'invitation-revoked': async (sql, { data }) => {
      await sql.query(`update invitation set status = 'revoked' where invitation_id = $1`, [
        data.invitationId,
      ]);
    },
  },
});

export function invitationCell(organizationId: string, invitationId: string) {
  return {
    scope: { organizationId, subjectId: invitationId },
    table: 'invitation',
    column: 'email_sealed',
    row: invitationId,
  };
}
