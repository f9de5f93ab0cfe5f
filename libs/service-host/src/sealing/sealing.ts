import { type Contract, publication, type valuesSealed } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { decider, eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import {
  aggregate,
  type EventStore,
  type Publishing,
  publishing,
  type SealedOf,
  takeUntold,
} from '@vouchsafe/event-store';
import { z } from 'zod';

/** Stream `sealing-run-<run id>-<organization id>`: what a retention run did to an organization's events; more than once where it went on. */
const sealingEvents = eventCatalog({
  'values-sealed': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({ organizationId, runId: z.uuid(), events: z.int().positive() }),
  },
});
type SealingEvent = EventOf<typeof sealingEvents>;

const sealingRun = aggregate({
  category: 'sealing-run',
  catalog: sealingEvents,
  decider: decider<null, SealedOf, SealingEvent, { readonly rejected: never }>({
    initial: null,
    decide: (_, { runId, events, ...of }) => [
      {
        type: 'values-sealed',
        data: { runId, events, organizationId: organizationId.parse(of.organizationId) },
      },
    ],
    evolve: () => null,
  }),
});

/** What leaves a service of its retention runs: the fact of its own contract, for the organization's audit log. */
export function sealingPublishing(contract: Contract<typeof valuesSealed>): Publishing {
  return publishing<SealingEvent>(sealingEvents, ({ data, envelope: { actor, occurredAt, requestId } }) => [
    publication(contract, { ...data, actor, requestId, occurredAt: occurredAt.toISOString() }),
  ]);
}

/** Publishes to each organization's audit log what retention runs have done, also killed ones. @returns for how many organizations */
export async function tellSealed(
  { database, store }: { readonly database: Database; readonly store: EventStore },
  at: Date,
): Promise<number> {
  return database.asWorker(async (transaction) => {
    const untold = await takeUntold(transaction);
    const actor = { type: 'staff', id: 'operator' } as const;
    for (const sealed of untold) {
      await store
        .unit(transaction, sealed.organizationId, { actor, occurredAt: at, requestId: null })
        .execute(sealingRun, `${sealed.runId}-${sealed.organizationId}`, sealed);
    }
    return untold.length;
  });
}
