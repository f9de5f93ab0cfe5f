import { type Contract, type Fact, factOf, lifecycleFacts } from '@vouchsafe/contracts';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { HoldEvent } from './hold.events.js';

type Recorded<Type extends HoldEvent['type']> = RecordedEvent<Extract<HoldEvent, { readonly type: Type }>>;

/** Reasons stay here: no service needs them. */
const facts: { readonly [Type in HoldEvent['type']]: (event: Recorded<Type>) => readonly Fact[] } = {
  'hold-placed': (event) => {
    const { scope, until, reviewDueAt } = event.data;
    return told(lifecycleFacts.holdPlaced, event, { scope, until, reviewDueAt });
  },
  'hold-confirmed-by-service': () => [],
  'hold-in-force': (event) => told(lifecycleFacts.holdInForce, event),
  'hold-reviewed': (event) => {
    const { until, reviewDueAt } = event.data;
    return told(lifecycleFacts.holdReviewed, event, { until, reviewDueAt });
  },
  'hold-release-requested': (event) => told(lifecycleFacts.holdReleaseRequested, event),
  'hold-ended-by-service': () => [],
  'hold-released': (event) => told(lifecycleFacts.holdReleased, event),
};

export function publishHold(event: RecordedEvent<HoldEvent>): readonly Fact[] {
  // Each takes the events of its own type.
  return facts[event.type](event as never);
}

function told(
  contract: Contract,
  { data: { holdId, heldOrganizationId }, organizationId, envelope }: RecordedEvent<HoldEvent>,
  more: object = {},
): readonly Fact[] {
  return factOf(contract, { organizationId, envelope, data: { holdId, heldOrganizationId, ...more } });
}
