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
import type { Settlement } from './settlement.js';
import { storedNames } from '../stored-names.js';

/** One event in a stream of its own, in the service that had set the fact aside. */
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

/** Publishes what was done about a service's dead letters, as a fact of the service's own contract. */
export function settledPublishing(contract: Contract<typeof deadLetterSettled>): Publishing {
  return publishing<Settled>(settledEvents, ({ data }) => [publication(contract, data)]);
}

/** For a service that does not keep the audit log itself: it publishes what was settled, and audit records it. */
export function publishSettled(store: EventStore) {
  return async (
    transaction: Parameters<RecordSettled>[0],
    message: DeadLetter,
    fate: DeadLetterSettled['fate'],
    settlement: Settlement,
  ): Promise<void> => {
    const envelope = {
      actor: { type: 'staff', id: 'operator' },
      occurredAt: settlement.at,
      requestId: null,
    } as const;
    const { organizationId, messageId } = message;
    await store
      .unit(transaction, organizationId, envelope)
      .execute(settledAggregate, messageId.replaceAll('/', '-'), settledOf(message, fate, settlement));
  };
}

export function settledOf(
  { organizationId, messageId, type, time, deadLetteredAt, attempts }: DeadLetter,
  fate: DeadLetterSettled['fate'],
  { by, reason, at }: Settlement,
): DeadLetterSettled {
  return {
    ...{ fate, messageId, attempts, by, reason, messageType: type },
    organizationId: organizationId as DeadLetterSettled['organizationId'],
    publishedAt: time.toISOString(),
    parkedAt: deadLetteredAt.toISOString(),
    settledAt: at.toISOString(),
  };
}
