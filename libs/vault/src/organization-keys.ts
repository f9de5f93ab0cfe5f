import type { KeyObject } from 'node:crypto';
import type { Sql } from '@vouchsafe/database';
import { organizationKeyContext, type WrappedKeys } from './wrapped-keys.js';

interface OrganizationKey {
  readonly version: number;
  readonly key: KeyObject;
}

/** Each organization's current key, made where it is missing. */
export async function currentOrganizationKeys(
  sql: Sql,
  keys: WrappedKeys,
  organizationIds: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, OrganizationKey>> {
  const found = await openCurrent(sql, keys, organizationIds);
  const missing = organizationIds.filter((organizationId) => !found.has(organizationId)).sort();
  if (missing.length === 0) return found;
  await insertOrganizationKeys(sql, keys, missing, 1, now);
  // Where another transaction was first, its key is the one that stands.
  return new Map([...found, ...(await openCurrent(sql, keys, missing))]);
}

/** Makes a key of this version for each; one that is there already stays. */
export async function insertOrganizationKeys(
  sql: Sql,
  keys: WrappedKeys,
  organizationIds: readonly string[],
  version: number,
  now: Date,
): Promise<void> {
  const made = await Promise.all(organizationIds.map((id) => keys.make(organizationKeyContext(id, version))));
  await sql.query(
    `insert into vault_organization_key (organization_id, version, kek_id, wrapped, created_at)
     select organization_id, $2, kek_id, wrapped, $5
     from unnest($1::uuid[], $3::text[], $4::bytea[]) as made (organization_id, kek_id, wrapped)
     on conflict do nothing`,
    [
      organizationIds,
      version,
      made.map(({ keyId }) => keyId),
      made.map(({ wrapped }) => Buffer.from(wrapped)),
      now,
    ],
  );
}

async function openCurrent(
  sql: Sql,
  keys: WrappedKeys,
  organizationIds: readonly string[],
): Promise<Map<string, OrganizationKey>> {
  const rows = await sql.query<{ organization_id: string; version: number; kek_id: string; wrapped: Buffer }>(
    `select distinct on (organization_id) organization_id, version, kek_id, wrapped
     from vault_organization_key where organization_id = any($1::uuid[])
     order by organization_id, version desc`,
    [organizationIds],
  );
  return new Map(
    await Promise.all(
      rows.map(async ({ organization_id: id, version, kek_id: keyId, wrapped }) => {
        const key = await keys.open({ keyId, wrapped }, organizationKeyContext(id, version));
        return [id, { version, key }] as const;
      }),
    ),
  );
}
