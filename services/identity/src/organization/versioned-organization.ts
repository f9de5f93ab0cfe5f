import { isRejected } from '@vouchsafe/event-sourcing';
import type { RecordedEvent, UnitOfWork } from '@vouchsafe/event-store';
import { assertIfMatch } from '@vouchsafe/service-host';
import { organizationAggregate } from './organization.aggregate.js';
import type { OrganizationCommand, OrganizationRejection } from './organization.decider.js';
import type { OrganizationEvent } from './organization.events.js';

interface ChangedOrganization {
  readonly version: number;
  readonly events: readonly RecordedEvent<OrganizationEvent>[];
}

/** Members are the organization's state: its version is the ETag of all of them. */
export function organizationVersion(unit: UnitOfWork): Promise<number> {
  return unit.version(organizationAggregate, unit.organizationId);
}

/**
 * Changes the organization, where `If-Match` is given only at that version. It is compared with the version on which the decision
 * was made, too: a change that commits between the look and the decision is no less a change in between.
 */
export async function changeAtVersion(
  unit: UnitOfWork,
  command: OrganizationCommand,
  ifMatch: string | undefined,
): Promise<ChangedOrganization | OrganizationRejection> {
  // First of all, so that a stale reader hears of that, and not of what follows from it.
  if (ifMatch !== undefined) assertIfMatch(ifMatch, await organizationVersion(unit));
  const changed = await unit.execute(organizationAggregate, unit.organizationId, command);
  if (ifMatch !== undefined && !isRejected(changed))
    assertIfMatch(ifMatch, changed.version - changed.events.length);
  return changed;
}
