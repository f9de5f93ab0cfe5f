import { aggregate, inlineProjection } from '@vouchsafe/event-store';
import { noteUncounted } from '../statistics/note-uncounted.js';
import { purge } from './purge.decider.js';
import { type PurgeEvent, purgeEvents } from './purge.events.js';

/** The due table of what follows on the receipts. */
const purgeProjection = inlineProjection<PurgeEvent>({
  name: 'purge',
  on: {
    'purge-receipt-received': async (sql, { data, organizationId, envelope }) => {
      await sql.query(
        `insert into purge (erasure_id, organization_id, due_at) values ($1, $2, $3)
         on conflict (erasure_id) do update set due_at = excluded.due_at`,
        [data.erasureId, organizationId, envelope.occurredAt],
      );
    },
    // Nothing names the organization any more: its purge stands for it.
    'production-erased': async (sql, { data, organizationId, envelope }) => {
      const { erasureId: countedAs } = data;
      await noteUncounted(sql, 'deleted', { organizationId, countedAs, at: envelope.occurredAt });
    },
    'deletion-certified': async (sql, { data }) => {
      await sql.query('update purge set due_at = null where erasure_id = $1', [data.erasureId]);
    },
  },
});

export const purgeAggregate = aggregate({
  category: 'purge',
  catalog: purgeEvents,
  decider: purge,
  inline: [purgeProjection],
});
