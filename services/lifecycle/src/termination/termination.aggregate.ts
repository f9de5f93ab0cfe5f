import { aggregate, inlineProjection } from '@vouchsafe/event-store';
import { noteUncounted } from '../statistics/note-uncounted.js';
import { termination } from './termination.decider.js';
import { type TerminationEvent, terminationEvents } from './termination.events.js';

/** The due table: what happened to a termination makes it due, and whoever takes it on says when it is due again. */
const terminationProjection = inlineProjection<TerminationEvent>({
  name: 'termination',
  on: {
    'organization-deactivated': async (sql, { data, envelope }) => {
      await sql.query(
        `insert into termination (organization_id, due_at, untold_since) values ($1, $2, $2)
         on conflict (organization_id) do update set due_at = excluded.due_at, untold_since = excluded.untold_since`,
        [data.organizationId, envelope.occurredAt],
      );
      await noteUncounted(sql, 'ended', { organizationId: data.organizationId, at: envelope.occurredAt });
    },
    'termination-moved': async (sql, { data, envelope }) => {
      await sql.query('update termination set due_at = $2 where organization_id = $1', [
        data.organizationId,
        envelope.occurredAt,
      ]);
    },
    'termination-notice-due': async (sql, { data }) => {
      if (data.certificateId === null) return;
      await sql.query(
        `insert into certificate (certificate_id, organization_id, epoch) values ($1, $2, $3) on conflict do nothing`,
        [data.certificateId, data.organizationId, data.epoch],
      );
    },
    'termination-notice-sent': async (sql, { data, envelope }) => {
      await sql.query('update termination set due_at = $2, untold_since = null where organization_id = $1', [
        data.organizationId,
        envelope.occurredAt,
      ]);
    },
    'organization-reactivated': async (sql, { data }) => {
      await sql.query(
        'update termination set due_at = null, untold_since = null where organization_id = $1',
        [data.organizationId],
      );
    },
  },
});

export const terminationAggregate = aggregate({
  category: 'termination',
  catalog: terminationEvents,
  decider: termination,
  inline: [terminationProjection],
});
