import { organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';
import { holdScope } from '../hold.js';

const time = z.iso.datetime();
/** Facts of the operator's log: nothing is heard of an organization any more whose data is being deleted. */
const which = {
  ...fact,
  holdId: z.uuid(),
  heldOrganizationId: organizationId.describe('The organization whose data is kept'),
};
const entity = { type: 'hold', id: 'holdId' } as const;

export const holdPlaced = contract({
  type: 'vouchsafe.lifecycle.hold-placed.v1',
  summary:
    'A legal hold was placed: no service destroys what it covers. It is in force when every service has confirmed it.',
  entity,
  schema: z.strictObject({ ...which, scope: holdScope, until: time.nullable(), reviewDueAt: time }),
});

export const holdInForce = contract({
  type: 'vouchsafe.lifecycle.hold-in-force.v1',
  summary: 'Every service has confirmed a legal hold.',
  entity,
  schema: z.strictObject(which),
});

export const holdReviewed = contract({
  type: 'vouchsafe.lifecycle.hold-reviewed.v1',
  summary: 'Somebody looked whether a legal hold is still needed, and it stays.',
  entity,
  schema: z.strictObject({ ...which, until: time.nullable(), reviewDueAt: time }),
});

export const holdReleaseRequested = contract({
  type: 'vouchsafe.lifecycle.hold-release-requested.v1',
  summary: 'A legal hold was released: every service ends it, and goes on with what it stopped.',
  entity,
  schema: z.strictObject(which),
});

export const holdReleased = contract({
  type: 'vouchsafe.lifecycle.hold-released.v1',
  summary: 'Every service has ended a legal hold.',
  entity,
  schema: z.strictObject(which),
});
