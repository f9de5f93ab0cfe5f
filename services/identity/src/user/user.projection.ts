import { inlineProjection } from '@vouchsafe/event-store';
import { sealCell } from '../persistence/sealed-column.js';
import { dayOf } from '../unused-account/note-use.js';
import type { UserEvent } from './user.events.js';

/** `account` and `consent`; personal values are sealed again, bound to their new place (docs/vault.md, 'Sealed values'). */
export const userProjection = inlineProjection<UserEvent>({
  name: 'user',
  on: {
    'user-registered': async (sql, { data, envelope }, vault) => {
      const { organizationId, userId } = data;
      const cell = accountCell(organizationId, userId);
      await sql.query(
        `insert into account (organization_id, user_id, email_sealed, name_sealed, registered_at, last_used_on)
         values ($1, $2, $3, $4, $5, $6)`,
        [
          organizationId,
          userId,
          await sealCell(vault, sql, cell('email_sealed'), data.email),
          await sealCell(vault, sql, cell('name_sealed'), data.name),
          envelope.occurredAt,
          dayOf(envelope.occurredAt),
        ],
      );
    },
    'email-verified': async (sql, { data, envelope }) => {
      await sql.query('update account set email_verified_at = $2 where user_id = $1', [
        data.userId,
        envelope.occurredAt,
      ]);
    },
    'user-renamed': async (sql, { data }, vault) => {
      const cell = accountCell(data.organizationId, data.userId)('name_sealed');
      await sql.query('update account set name_sealed = $2 where user_id = $1', [
        data.userId,
        await sealCell(vault, sql, cell, data.name),
      ]);
    },
    'consent-recorded': async (sql, { data }, vault) => {
      const { organizationId, userId, document, version, sha256, acceptedAt, sourceIp, userAgent } = data;
      const cell = consentCell(organizationId, userId, document, version);
      await sql.query(
        `insert into consent (organization_id, user_id, document, version, sha256, accepted_at, source_ip_sealed, user_agent_sealed)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          organizationId,
          userId,
          document,
          version,
          sha256,
          acceptedAt,
          await sealCell(vault, sql, cell('source_ip_sealed'), sourceIp),
          await sealCell(vault, sql, cell('user_agent_sealed'), userAgent),
        ],
      );
    },
  },
});

export function accountCell(organizationId: string, userId: string) {
  return (column: 'email_sealed' | 'name_sealed') => ({
    scope: { organizationId, subjectId: userId },
    table: 'account',
    column,
    row: userId,
  });
}

export function consentCell(organizationId: string, userId: string, document: string, version: string) {
  return (column: 'source_ip_sealed' | 'user_agent_sealed') => ({
    scope: { organizationId, subjectId: userId },
    table: 'consent',
    column,
    row: `${userId}/${document}/${version}`,
  });
}
