import { holdConfirmation, type HoldConfirmation } from '@vouchsafe/contracts';
import { decider, type DomainEvent, eventCatalog } from '@vouchsafe/event-sourcing';
import { aggregate } from '@vouchsafe/event-store';

/** Stream `hold-confirmation-<hold id>` of each service, in the operator's organization: when it keeps what is held, and when no more. */
export const holdConfirmationEvents = eventCatalog({
  'hold-confirmed': { version: 1, visibility: 'published', schema: holdConfirmation },
});

export interface HoldConfirmed extends DomainEvent {
  readonly type: 'hold-confirmed';
  readonly data: HoldConfirmation;
}

/** Each time anew: a restored lifecycle asks again. */
export const holdConfirmationAggregate = aggregate({
  category: 'hold-confirmation',
  catalog: holdConfirmationEvents,
  decider: decider<null, HoldConfirmation, HoldConfirmed, { readonly rejected: never }>({
    initial: null,
    decide: (_, confirmation) => [{ type: 'hold-confirmed', data: confirmation }],
    evolve: () => null,
  }),
});
