/** @promise P09 seals customers' Stripe keys under the organization's key */
import type { Sql } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { secret, type Secret, type Vault } from '@vouchsafe/vault';
import { storedNames } from '../stored-names.js';

export async function sealKey(vault: Vault, sql: Sql, organizationId: string, key: Secret): Promise<string> {
  const sealed = await vault.seal(sql, scopeOf(organizationId), contextOf(organizationId), key.reveal());
  if (isErased(sealed)) throw new Error("The organization's monthly key was erased during a request");
  return sealed;
}

export async function openKey(
  vault: Vault,
  sql: Sql,
  organizationId: string,
  sealed: string,
): Promise<Secret | null> {
  const opened = await vault.open(sql, scopeOf(organizationId), contextOf(organizationId), sealed);
  return isErased(opened) ? null : secret(opened);
}

function scopeOf(organizationId: string) {
  return { organizationId, subjectId: null };
}

function contextOf(organizationId: string): readonly string[] {
  return [storedNames.customerKeyColumn, organizationId];
}
