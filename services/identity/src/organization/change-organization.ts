import type { RecordedEvent, UnitOfWork } from '@vouchsafe/event-store';
import { assertIfMatch } from '@vouchsafe/service-host';
import type { Identity } from '../identity.js';
import { accepted } from '../request.js';
import type { OrganizationEvent } from './organization.events.js';
import type { OrganizationCommand } from './organization.decider.js';
import { organizationProblems } from './organization.problems.js';

/** Members are the organization's state: its version is the ETag of all of them. */
export function organizationVersion(identity: Identity, unit: UnitOfWork): Promise<number> {
  return unit.version(identity.aggregates.organization, unit.organizationId);
}

/**
 * Changes the organization, where `If-Match` is given only at that version. It is compared with the version on which the decision
 * was made, too: a change that commits between the look and the decision is no less a change in between.
 */
export async function changeOrganization(
  identity: Identity,
  unit: UnitOfWork,
  command: OrganizationCommand,
  ifMatch: string | undefined,
): Promise<{ readonly version: number; readonly events: readonly RecordedEvent<OrganizationEvent>[] }> {
  // First of all, so that a stale reader hears of that, and not of what follows from it.
  if (ifMatch !== undefined) assertIfMatch(ifMatch, await organizationVersion(identity, unit));
  const changed = accepted(
    await unit.execute(identity.aggregates.organization, unit.organizationId, command),
    organizationProblems,
  );
  if (ifMatch !== undefined) assertIfMatch(ifMatch, changed.version - changed.events.length);
  return changed;
}
