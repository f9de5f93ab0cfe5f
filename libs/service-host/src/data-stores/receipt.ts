import {
  type Contract,
  type ErasureReceipt,
  erasureReceipt,
  type holdConfirmation,
  type OrganizationErasureReceipt,
  organizationErasureReceipt,
  publication,
} from '@vouchsafe/contracts';
import { decider, type DomainEvent, eventCatalog } from '@vouchsafe/event-sourcing';
import { aggregate, type Publishing, publishing } from '@vouchsafe/event-store';
import { holdConfirmationEvents, type HoldConfirmed } from './hold-confirmation.js';

/** Stream `erasure-receipt-<erasure id>` of each service: one event, when its part is done (P10). */
const personEvents = eventCatalog({
  'subject-erased': { version: 1, visibility: 'published', schema: erasureReceipt },
});

/** Stream `organization-erasure-receipt-<erasure id>`, in the operator's organization (P31). */
const organizationEvents = eventCatalog({
  'organization-erased': { version: 1, visibility: 'published', schema: organizationErasureReceipt },
});

interface SubjectErased extends DomainEvent {
  readonly type: 'subject-erased';
  readonly data: ErasureReceipt;
}
interface OrganizationErased extends DomainEvent {
  readonly type: 'organization-erased';
  readonly data: OrganizationErasureReceipt;
}
interface Given {
  readonly given: boolean;
}
type Never = { readonly rejected: never };

/** Given once, however often the work is repeated. */
export const personReceipt = aggregate({
  category: 'erasure-receipt',
  catalog: personEvents,
  decider: decider<Given, ErasureReceipt, SubjectErased, Never>({
    initial: { given: false },
    decide: ({ given }, receipt) => (given ? [] : [{ type: 'subject-erased', data: receipt }]),
    evolve: () => ({ given: true }),
  }),
});

export const organizationReceipt = aggregate({
  category: 'organization-erasure-receipt',
  catalog: organizationEvents,
  decider: decider<Given, OrganizationErasureReceipt, OrganizationErased, Never>({
    initial: { given: false },
    decide: ({ given }, receipt) => (given ? [] : [{ type: 'organization-erased', data: receipt }]),
    evolve: () => ({ given: true }),
  }),
});

/** What leaves a service of its receipts and of its confirmations of holds: the facts of its own contracts. */
export function receiptPublishing(facts: {
  readonly subjectErased: Contract<typeof erasureReceipt>;
  readonly organizationErased: Contract<typeof organizationErasureReceipt>;
  readonly holdConfirmed: Contract<typeof holdConfirmation>;
}): readonly Publishing[] {
  return [
    publishing<SubjectErased>(personEvents, ({ data }) => [publication(facts.subjectErased, data)]),
    publishing<OrganizationErased>(organizationEvents, ({ data }) => [
      publication(facts.organizationErased, data),
    ]),
    publishing<HoldConfirmed>(holdConfirmationEvents, ({ data }) => [publication(facts.holdConfirmed, data)]),
  ];
}
