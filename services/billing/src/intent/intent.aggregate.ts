import { aggregate, inlineProjection, type RecordedEvent } from '@vouchsafe/event-store';
import type { Transaction } from '@vouchsafe/database';
import { intent } from './intent.decider.js';
import { type IntentEvent, intentEvents } from './intent.events.js';
import { targetOf } from './target.js';

/** While the request itself is at it, no worker is. */
export const LEASE_SECONDS = 90;

/** The table `intent`: what a worker must still carry out, and what was set aside, which is never due. */
const openIntents = inlineProjection<IntentEvent>({
  name: 'intent',
  on: {
    'intent-opened': (sql, event) => due(sql, event, targetOf(event.data.operation, event.data.asked)),
    // Its row is there, unless it was set aside before such rows were kept.
    'intent-taken-up': (sql, event) => due(sql, event, null),
    'intent-set-aside': async (sql, { data }) => {
      await sql.query('update intent set due_at = null where intent_id = $1', [data.intentId]);
    },
    'intent-refused': (sql, { data }) => remove(sql, data.intentId),
    'intent-completed': (sql, { data }) => remove(sql, data.intentId),
  },
});

async function due(
  sql: Transaction,
  { data, envelope }: RecordedEvent<IntentEvent>,
  target: string | null,
): Promise<void> {
  await sql.query(
    `insert into intent (organization_id, intent_id, due_at, target) values ($1, $2, $3::timestamptz + $4 * interval '1 second', $5)
     on conflict (intent_id) do update set due_at = excluded.due_at, tries = 0, customer_id = null`,
    [data.organizationId, data.intentId, envelope.occurredAt, LEASE_SECONDS, target],
  );
}

async function remove(sql: Transaction, intentId: string): Promise<void> {
  await sql.query('delete from intent where intent_id = $1', [intentId]);
}

export const intentAggregate = aggregate({
  category: 'intent',
  catalog: intentEvents,
  decider: intent,
  inline: [openIntents],
});
