import { type Contract, type ErasureReceipt, erasureReceipt, publication } from '@vouchsafe/contracts';
import { decider, type DomainEvent, eventCatalog } from '@vouchsafe/event-sourcing';
import { aggregate, type Publishing, publishing } from '@vouchsafe/event-store';

/** Stream `erasure-receipt-<erasure id>` of each service: one event, when its part is done (P10). */
const receiptEvents = eventCatalog({
  'subject-erased': { version: 1, visibility: 'published', schema: erasureReceipt },
});

interface SubjectErased extends DomainEvent {
  readonly type: 'subject-erased';
  readonly data: ErasureReceipt;
}

/** Given once, however often the work is repeated. */
export const receiptAggregate = aggregate({
  category: 'erasure-receipt',
  catalog: receiptEvents,
  decider: decider<{ readonly given: boolean }, ErasureReceipt, SubjectErased, { readonly rejected: never }>({
    initial: { given: false },
    decide: ({ given }, receipt) => (given ? [] : [{ type: 'subject-erased', data: receipt }]),
    evolve: () => ({ given: true }),
  }),
});

/** What leaves a service of its receipts: the fact of its own contract. */
export function receiptPublishing(contract: Contract<typeof erasureReceipt>): Publishing {
  return publishing<SubjectErased>(receiptEvents, ({ data }) => [publication(contract, data)]);
}
