import { createHash, createSecretKey } from 'node:crypto';
import type { TransitKey } from '@vouchsafe/vault';
import type { FetchTransitKeys } from './open-facts.js';

/** A source's transit key of an organization: the same in every process of a suite, without a database. */
export function transitKeyOf(organizationId: string, generation = 1): TransitKey {
  const bytes = createHash('sha256').update(`transit ${organizationId} ${generation}`).digest();
  // Version and variant of a random UUID.
  const id = bytes.toString('hex').replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/, '$1-$2-4$3-8$4-$5');
  return { id, organizationId, key: createSecretKey(bytes) };
}

/** What a source answers that has these keys and no other. */
export function givingKeys(keys: readonly TransitKey[], heldMilliseconds = 60_000): FetchTransitKeys {
  return (_, ids) => Promise.resolve({ keys: keys.filter(({ id }) => ids.includes(id)), heldMilliseconds });
}
