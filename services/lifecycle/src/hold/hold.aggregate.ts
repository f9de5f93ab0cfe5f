import type { Transaction } from '@vouchsafe/database';
import { aggregate, inlineProjection } from '@vouchsafe/event-store';
import { hold } from './hold.decider.js';
import { type HoldEvent, holdEvents } from './hold.events.js';

/** The register. */
const holdProjection = inlineProjection<HoldEvent>({
  name: 'legal-hold',
  on: {
    'hold-placed': async (sql, { organizationId, data, envelope }) => {
      await sql.query(
        `insert into legal_hold (hold_id, held_organization_id, organization_id, status, placed_at, review_due_at)
         values ($1, $2, $3, 'pending', $4, $5)`,
        [data.holdId, data.heldOrganizationId, organizationId, envelope.occurredAt, data.reviewDueAt],
      );
    },
    'hold-in-force': (sql, { data }) => setStatus(sql, data.holdId, 'in-force'),
    'hold-reviewed': async (sql, { data }) => {
      await sql.query('update legal_hold set review_due_at = $2 where hold_id = $1', [
        data.holdId,
        data.reviewDueAt,
      ]);
    },
    'hold-release-requested': (sql, { data }) => setStatus(sql, data.holdId, 'releasing'),
    'hold-released': (sql, { data }) => setStatus(sql, data.holdId, 'released'),
  },
});

async function setStatus(sql: Transaction, holdId: string, status: string): Promise<void> {
  await sql.query('update legal_hold set status = $2 where hold_id = $1', [holdId, status]);
}

export const holdAggregate = aggregate({
  category: 'hold',
  catalog: holdEvents,
  decider: hold,
  inline: [holdProjection],
});
