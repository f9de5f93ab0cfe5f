import { aggregate, inlineProjection, type RecordedEvent } from '@vouchsafe/event-store';
import type { Transaction } from '@vouchsafe/database';
import { intent } from './intent.decider.js';
import { type IntentEvent, intentEvents } from './intent.events.js';

/** While the request itself is at it, no worker is. */
export const LEASE_SECONDS = 90;

/** The table `intent`: what a worker must still carry out. */
const openIntents = inlineProjection<IntentEvent>({
  name: 'intent',
  on: {
    'intent-opened': insert,
    'intent-taken-up': insert,
    'intent-set-aside': (sql, { data }) => remove(sql, data.intentId),
    'intent-refused': (sql, { data }) => remove(sql, data.intentId),
    'intent-completed': (sql, { data }) => remove(sql, data.intentId),
  },
});

async function insert(sql: Transaction, { data, envelope }: RecordedEvent<IntentEvent>): Promise<void> {
  await sql.query(
    `insert into intent (organization_id, intent_id, due_at) values ($1, $2, $3::timestamptz + $4 * interval '1 second')`,
    [data.organizationId, data.intentId, envelope.occurredAt, LEASE_SECONDS],
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
