import {
  type Contract,
  type ParkedMessageSettled,
  parkedMessageSettled,
  publication,
} from '@vouchsafe/contracts';
import { decider, type DomainEvent, eventCatalog } from '@vouchsafe/event-sourcing';
import { aggregate, type EventStore, type Publishing, publishing } from '@vouchsafe/event-store';
import type { ParkedMessage, RecordSettled } from '@vouchsafe/messaging';
import type { Order } from './order.js';

/** Stream `parked-message-<source>-<lane>-<number>` of the service that had parked it: one event. */
const settledEvents = eventCatalog({
  'parked-message-settled': { version: 1, visibility: 'published', schema: parkedMessageSettled },
});

interface Settled extends DomainEvent {
  readonly type: 'parked-message-settled';
  readonly data: ParkedMessageSettled;
}

const settledAggregate = aggregate({
  category: 'parked-message',
  catalog: settledEvents,
  decider: decider<null, ParkedMessageSettled, Settled, { readonly rejected: never }>({
    initial: null,
    decide: (_, settled) => [{ type: 'parked-message-settled', data: settled }],
    evolve: () => null,
  }),
});

/** What leaves a service of what was done about its parked messages: the fact of its own contract. */
export function settledPublishing(contract: Contract<typeof parkedMessageSettled>): Publishing {
  return publishing<Settled>(settledEvents, ({ data }) => [publication(contract, data)]);
}

/** For a service that does not keep the audit log itself: it publishes what was settled, and audit records it. */
export function publishSettled(store: EventStore) {
  return async (
    transaction: Parameters<RecordSettled>[0],
    message: ParkedMessage,
    fate: ParkedMessageSettled['fate'],
    order: Order,
  ): Promise<void> => {
    const envelope = {
      actor: { type: 'staff', id: 'operator' },
      occurredAt: order.at,
      requestId: null,
    } as const;
    const { organizationId, messageId } = message;
    await store
      .unit(transaction, organizationId, envelope)
      .execute(settledAggregate, messageId.replaceAll('/', '-'), settledOf(message, fate, order));
  };
}

export function settledOf(
  { organizationId, messageId, type, time, parkedAt, attempts }: ParkedMessage,
  fate: ParkedMessageSettled['fate'],
  { by, reason, at }: Order,
): ParkedMessageSettled {
  return {
    ...{ fate, messageId, attempts, by, reason, messageType: type },
    organizationId: organizationId as ParkedMessageSettled['organizationId'],
    publishedAt: time.toISOString(),
    parkedAt: parkedAt.toISOString(),
    settledAt: at.toISOString(),
  };
}
