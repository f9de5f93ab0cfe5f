import type { UnitOfWork } from '@vouchsafe/event-store';
import type { Secret, Vault } from '@vouchsafe/vault';
import { shownTime } from '../persistence/shown-time.js';
import { openKey } from './sealed-key.js';
import type { ShownStripeKey } from './shown-stripe-key.js';
import { stripeKeyAggregate } from './stripe-key.aggregate.js';
import type { StripeKeyRejection } from './stripe-key.decider.js';
import { StripeKeyRow } from './stripe-key.entity.js';

export type StoredKeyRejection = StripeKeyRejection | { readonly rejected: 'key-not-usable' };

/** The key that the organization's events say was set last: a row that somebody put there by SQL is not taken for it. */
export async function storedKey(
  vault: Vault,
  unit: UnitOfWork,
): Promise<{ readonly key: Secret; readonly shown: ShownStripeKey } | StoredKeyRejection> {
  const { organizationId } = unit;
  const { state, version } = await unit.load(stripeKeyAggregate, organizationId);
  const found = await (await unit.entityManager()).findOne(StripeKeyRow, { organizationId });
  if (state.status === 'none' || !found) return { rejected: 'no-key' };
  const { lastFour, setBy } = found;
  const shown = { lastFour, setBy, setAt: shownTime(found.setAt) };
  const key = await openKey(vault, unit, { organizationId, version, ...shown }, found.keySealed);
  return key ? { key, shown } : { rejected: 'key-not-usable' };
}
