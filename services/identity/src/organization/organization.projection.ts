import { inlineProjection } from '@vouchsafe/event-store';
import type { OrganizationEvent } from './organization.events.js';

/** `organization` and `member`, in the append's own transaction: permission checks read them (docs/event-store.md, 'Projections'). */
export const organizationProjection = inlineProjection<OrganizationEvent>({
  name: 'organization',
  on: {
    'organization-registered': async (sql, { data, envelope }) => {
      await sql.query(
        `insert into organization (organization_id, name, status, registered_at) values ($1, $2, 'pending', $3)`,
        [data.organizationId, data.name, envelope.occurredAt],
      );
    },
    'organization-activated': async (sql, { data }) => {
      await sql.query(`update organization set status = 'active' where organization_id = $1`, [
        data.organizationId,
      ]);
    },
    'organization-renamed': async (sql, { data }) => {
      await sql.query('update organization set name = $2 where organization_id = $1', [
        data.organizationId,
        data.name,
      ]);
    },
    'second-factor-requirement-changed': async (sql, { data }) => {
      await sql.query('update organization set second_factor_required = $2 where organization_id = $1', [
        data.organizationId,
        data.required,
      ]);
    },
    'member-joined': async (sql, { data, envelope }) => {
      await sql.query(
        'insert into member (organization_id, user_id, role, joined_at) values ($1, $2, $3, $4)',
        [data.organizationId, data.userId, data.role, envelope.occurredAt],
      );
    },
    'member-role-changed': async (sql, { data }) => {
      await sql.query('update member set role = $2 where user_id = $1', [data.userId, data.to]);
    },
    'member-removed': async (sql, { data }) => {
      await sql.query('delete from member where user_id = $1', [data.userId]);
    },
  },
});
