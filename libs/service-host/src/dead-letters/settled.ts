import {
  type Contract,
  type DeadLetterSettled,
  deadLetterSettled,
  publication,
  storedNames as contractNames,
} from '@vouchsafe/contracts';
import { decider, type DomainEvent, eventCatalog } from '@vouchsafe/event-sourcing';
import { aggregate, type EventStore, type Publishing, publishing } from '@vouchsafe/event-store';
import type { DeadLetter, RecordSettled } from '@vouchsafe/messaging';
import type { Order } from './order.js';
import { storedNames } from '../stored-names.js';

/** One event in a stream of its own, of the service that had dead-lettered the fact. */
const settledEvents = eventCatalog({
  [contractNames.deadLetterSettled]: { version: 1, visibility: 'published', schema: deadLetterSettled },
});

interface Settled extends DomainEvent {
  readonly type: typeof contractNames.deadLetterSettled;
  readonly data: DeadLetterSettled;
}

const settledAggregate = aggregate({
  category: storedNames.deadLetter,
  catalog: settledEvents,
  decider: decider<null, DeadLetterSettled, Settled, { readonly rejected: never }>({
    initial: null,
    decide: (_, settled) => [{ type: contractNames.deadLetterSettled, data: settled }],
    evolve: () => null,
  }),
});

/** What leaves a service of what was done about its dead letters: the fact of its own contract. */
export function settledPublishing(contract: Contract<typeof deadLetterSettled>): Publishing {
  return publishing<Settled>(settledEvents, ({ data }) => [publication(contract, data)]);
}

/** For a service that does not keep the audit log itself: it publishes what was settled, and audit records it. */
export function publishSettled(store: EventStore) {
  return async (
    transaction: Parameters<RecordSettled>[0],
    message: DeadLetter,
    fate: DeadLetterSettled['fate'],
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
  { organizationId, messageId, type, time, deadLetteredAt, attempts }: DeadLetter,
  fate: DeadLetterSettled['fate'],
  { by, reason, at }: Order,
): DeadLetterSettled {
  return {
    ...{ fate, messageId, attempts, by, reason, messageType: type },
    organizationId: organizationId as DeadLetterSettled['organizationId'],
    publishedAt: time.toISOString(),
    parkedAt: deadLetteredAt.toISOString(),
    settledAt: at.toISOString(),
  };
}
