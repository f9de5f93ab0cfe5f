/** @promise P09 seals customers' Stripe keys under the organization's key, bound to the event that set them and to what their row says */
import type { Sql } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { secret, type Secret, type Vault, VaultError } from '@vouchsafe/vault';
import { storedNames } from '../stored-names.js';

/** What a sealed key is bound to: a row of before, another organization's, or one that was changed does not open. */
interface SealedFor {
  readonly organizationId: string;
  /** Of the key's stream, as the event left it that set the key. */
  readonly version: number;
  readonly lastFour: string;
  readonly setBy: string;
  /** ISO 8601, in UTC. */
  readonly setAt: string;
}

export async function sealKey(vault: Vault, sql: Sql, where: SealedFor, key: Secret): Promise<string> {
  const sealed = await vault.seal(sql, scopeOf(where), contextOf(where), key.reveal());
  if (isErased(sealed)) throw new Error("The organization's monthly key was erased during a request");
  return sealed;
}

/** @returns nothing for what is not the key that was sealed there */
export async function openKey(
  vault: Vault,
  sql: Sql,
  where: SealedFor,
  sealed: string,
): Promise<Secret | null> {
  try {
    const opened = await vault.open(sql, scopeOf(where), contextOf(where), sealed);
    return isErased(opened) ? null : secret(opened);
  } catch (error) {
    if (error instanceof VaultError && isOfValue(error)) return null;
    throw error;
  }
}

/** The value's own fault, and not that of a key that is missing for all. */
function isOfValue({ fault }: VaultError): boolean {
  return fault === 'value-does-not-open' || fault === 'value-malformed' || fault === 'key-missing';
}

function scopeOf({ organizationId }: SealedFor) {
  return { organizationId, subjectId: null };
}

function contextOf({ organizationId, version, lastFour, setBy, setAt }: SealedFor): readonly string[] {
  return [storedNames.customerKeyColumn, organizationId, String(version), lastFour, setBy, setAt];
}
