/** @promise P10, P31 after a restore each service knows what the others remember */
import type { Ledger, LedgerLine, Tombstone } from '@vouchsafe/vault';
import { covers, type Destruction } from './holds.js';

/**
 * What a service's file lacks of what those of all services say, once the whole system is restored. An erasure that another service has
 * carried out is to be repeated here, too; but if this service has not, and a hold stops it, it stays intended.
 */
export function linesOfOthers(own: Ledger, all: readonly Ledger[]): readonly LedgerLine[] {
  const known = {
    holds: new Set(own.holds.map(({ holdId }) => holdId)),
    done: new Set(own.tombstones.map(({ erasureId }) => erasureId)),
    intended: new Set(own.intended.map(({ erasureId }) => erasureId)),
  };
  const holds = unique(
    all.flatMap((one) => one.holds),
    ({ holdId }) => holdId,
  );
  const released = new Set(all.flatMap((one) => [...one.released]));
  const erasures = unique(
    all.flatMap((one) => one.tombstones),
    ({ erasureId }) => erasureId,
  ).filter(({ erasureId }) => !known.done.has(erasureId));
  const isHeld = (tombstone: Tombstone): boolean =>
    holds.some(
      ({ holdId, heldOrganizationId, scope }) =>
        !released.has(holdId) &&
        destroyedBy(tombstone).organizations.includes(heldOrganizationId) &&
        covers(scope, destroyedBy(tombstone)),
    );
  return [
    ...holds.filter(({ holdId }) => !known.holds.has(holdId)).map((hold) => ({ hold })),
    ...[...released]
      .filter((holdId) => !own.released.has(holdId))
      .map((holdId) => ({ released: { holdId } })),
    ...erasures.filter((one) => !isHeld(one)),
    ...erasures
      .filter((one) => isHeld(one) && !known.intended.has(one.erasureId))
      .map((tombstone) => ({ intended: tombstone })),
  ];
}

function destroyedBy(tombstone: Tombstone): Destruction {
  return 'userId' in tombstone
    ? { organizations: tombstone.organizations, subjects: [tombstone.userId, ...tombstone.subjects] }
    : { organizations: [tombstone.erasedOrganizationId] };
}

function unique<T>(all: readonly T[], idOf: (one: T) => string): T[] {
  return [...new Map(all.map((one) => [idOf(one), one])).values()];
}
