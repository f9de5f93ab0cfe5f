import type { KeyObject } from 'node:crypto';
import { one, type Sql } from '@vouchsafe/database';
import { type DataKeys, type Holder, unwrapDataKey, wrapDataKey } from './data-keys.js';
import { currentOrganizationKeys, insertOrganizationKeys } from './organization-keys.js';
import { unwrapTransitKey, wrapTransitKey } from './transit-keys.js';
import { organizationKeyContext, serviceKeyContext, type WrappedKeys } from './wrapped-keys.js';

/** One step of a rotation; repeat until nothing remains. Values and events are never rewritten. */
export interface RotationStep {
  readonly rewrapped: number;
  readonly remaining: number;
}

/** A transaction that wraps by the superseded key may still be open for a moment; none lasts this long. */
const SETTLED_MILLISECONDS = 5 * 60_000;

/** Puts keys that stand under another KEK under today's. With nothing remaining, the old KEK can be deleted. */
export async function rewrapUnderCurrentKek(
  sql: Sql,
  keys: WrappedKeys,
  limit: number,
): Promise<RotationStep> {
  const current = await keys.currentKekId();
  const services = await sql.query<{ name: string; kek_id: string; wrapped: Buffer }>(
    'select name, kek_id, wrapped from vault_service_key where kek_id <> $1 for no key update skip locked',
    [current],
  );
  for (const { name, kek_id: keyId, wrapped } of services) {
    const fresh = await keys.rewrap({ keyId, wrapped }, serviceKeyContext(name));
    await sql.query('update vault_service_key set kek_id = $2, wrapped = $3 where name = $1', [
      name,
      fresh.keyId,
      Buffer.from(fresh.wrapped),
    ]);
  }
  const organizations = await rewrapOrganizationKeys(sql, keys, current, limit);
  const { remaining } = await one<{ remaining: number }>(
    sql,
    `select ((select count(*) from vault_organization_key where kek_id <> $1)
       + (select count(*) from vault_service_key where kek_id <> $1))::int as remaining`,
    [current],
  );
  return { rewrapped: services.length + organizations, remaining };
}

/** Opens one key under each KEK that wraps any here. @throws VaultError `kek-unknown`, `kek-does-not-open` */
export async function openOneUnderEachKek(sql: Sql, keys: WrappedKeys): Promise<void> {
  const services = await sql.query<{ name: string; kek_id: string; wrapped: Buffer }>(
    'select distinct on (kek_id) name, kek_id, wrapped from vault_service_key',
  );
  for (const { name, kek_id: keyId, wrapped } of services)
    await keys.open({ keyId, wrapped }, serviceKeyContext(name));
  const organizations = await sql.query<{ id: string; version: number; kek_id: string; wrapped: Buffer }>(
    `select distinct on (kek_id) organization_id as id, version, kek_id, wrapped from vault_organization_key`,
  );
  for (const { id, version, kek_id: keyId, wrapped } of organizations)
    await keys.open({ keyId, wrapped }, organizationKeyContext(id, version));
}

export async function retireKek(sql: Sql, keys: WrappedKeys, kekId: string, now: Date): Promise<void> {
  if (kekId === (await keys.currentKekId()))
    throw new Error(`KEK ${kekId} is the current one; add another first`);
  await sql.query(
    'insert into vault_retired_kek (kek_id, retired_at) values ($1, $2) on conflict do nothing',
    [kekId, now],
  );
}

async function rewrapOrganizationKeys(
  sql: Sql,
  keys: WrappedKeys,
  current: string,
  limit: number,
): Promise<number> {
  const rows = await sql.query<{ organization_id: string; version: number; kek_id: string; wrapped: Buffer }>(
    `select organization_id, version, kek_id, wrapped from vault_organization_key
     where kek_id <> $1 limit $2 for no key update skip locked`,
    [current, limit],
  );
  const fresh = await Promise.all(
    rows.map(({ organization_id: id, version, kek_id: keyId, wrapped }) =>
      keys.rewrap({ keyId, wrapped }, organizationKeyContext(id, version)),
    ),
  );
  await sql.query(
    `update vault_organization_key k set kek_id = f.kek_id, wrapped = f.wrapped
     from unnest($1::uuid[], $2::int[], $3::text[], $4::bytea[]) as f (organization_id, version, kek_id, wrapped)
     where k.organization_id = f.organization_id and k.version = f.version`,
    [
      rows.map((row) => row.organization_id),
      rows.map((row) => row.version),
      fresh.map(({ keyId }) => keyId),
      fresh.map(({ wrapped }) => Buffer.from(wrapped)),
    ],
  );
  return rows.length;
}

/** A new version of an organization's key, for data keys made from now on; `rewrapDataKeys` moves the others. @returns whether it had one */
export async function addOrganizationKey(
  sql: Sql,
  keys: WrappedKeys,
  organizationId: string,
  now: Date,
): Promise<boolean> {
  const { newest } = await one<{ newest: number }>(
    sql,
    'select coalesce(max(version), 0) as newest from vault_organization_key where organization_id = $1',
    [organizationId],
  );
  if (newest === 0) return false;
  await insertOrganizationKeys(sql, keys, [organizationId], newest + 1, now);
  return true;
}

/** Puts an organization's data keys and transit keys under its newest key, and removes older versions that wrap nothing any more. */
export async function rewrapDataKeys(
  sql: Sql,
  keys: WrappedKeys,
  organizationId: string,
  limit: number,
  now: Date,
): Promise<RotationStep> {
  const newest = (await currentOrganizationKeys(sql, keys, [organizationId], now)).get(organizationId);
  if (!newest) throw new Error(`Organization ${organizationId} has no key in this service`);
  const rows = await sql.query<{
    holder: string;
    version: number;
    wrapped: Buffer;
    by: number;
    kek_id: string;
    by_wrapped: Buffer;
  }>(
    `select d.holder, d.version, d.wrapped, o.version as by, o.kek_id, o.wrapped as by_wrapped
     from vault_data_key d join vault_organization_key o
       on o.organization_id = d.organization_id and o.version = d.organization_key_version
     where d.organization_id = $1 and d.organization_key_version <> $2
     limit $3 for no key update of d skip locked`,
    [organizationId, newest.version, limit],
  );
  const fresh = await Promise.all(
    rows.map(async ({ holder: name, version, wrapped, by, kek_id: keyId, by_wrapped: byWrapped }) => {
      const older = await keys.open(
        { keyId, wrapped: byWrapped },
        organizationKeyContext(organizationId, by),
      );
      const holder = { organizationId, name, version };
      return wrapDataKey(newest.key, newest.version, holder, unwrapDataKey(older, by, holder, wrapped));
    }),
  );
  await sql.query(
    `update vault_data_key d set organization_key_version = $2, wrapped = f.wrapped
     from unnest($3::text[], $4::int[], $5::bytea[]) as f (holder, version, wrapped)
     where d.organization_id = $1 and d.holder = f.holder and d.version = f.version`,
    [
      organizationId,
      newest.version,
      rows.map(({ holder }) => holder),
      rows.map(({ version }) => version),
      fresh,
    ],
  );
  const transitKeys = await rewrapTransitKeys(sql, keys, organizationId, newest);
  await removeSuperseded(sql, organizationId, newest.version, now);
  const { remaining } = await one<{ remaining: number }>(
    sql,
    `select ((select count(*) from vault_data_key where organization_id = $1 and organization_key_version <> $2)
       + (select count(*) from vault_transit_key where organization_id = $1 and organization_key_version <> $2))::int
       as remaining`,
    [organizationId, newest.version],
  );
  return { rewrapped: rows.length + transitKeys, remaining };
}

/** One a day, and no older than topics keep messages: few enough for one step. */
async function rewrapTransitKeys(
  sql: Sql,
  keys: WrappedKeys,
  organizationId: string,
  newest: { readonly key: KeyObject; readonly version: number },
): Promise<number> {
  const rows = await sql.query<{
    id: string;
    wrapped: Buffer;
    by: number;
    kek_id: string;
    by_wrapped: Buffer;
  }>(
    `select t.id, t.wrapped, o.version as by, o.kek_id, o.wrapped as by_wrapped
     from vault_transit_key t join vault_organization_key o
       on o.organization_id = t.organization_id and o.version = t.organization_key_version
     where t.organization_id = $1 and t.organization_key_version <> $2
     for no key update of t skip locked`,
    [organizationId, newest.version],
  );
  for (const { id, wrapped, by, kek_id: keyId, by_wrapped: byWrapped } of rows) {
    const older = await keys.open({ keyId, wrapped: byWrapped }, organizationKeyContext(organizationId, by));
    const name = { id, organizationId };
    const fresh = wrapTransitKey(
      newest.key,
      newest.version,
      name,
      unwrapTransitKey(older, by, name, wrapped),
    );
    await sql.query(
      'update vault_transit_key set organization_key_version = $2, wrapped = $3 where id = $1',
      [id, newest.version, fresh],
    );
  }
  return rows.length;
}

/**
 * The foreign key of data keys refuses the removal of a version that is still in use, should this statement miss one. A transit key
 * under it would be deleted with it (vault-004), and the messages that it seals would be fetched from their source.
 */
async function removeSuperseded(sql: Sql, organizationId: string, newest: number, now: Date): Promise<void> {
  await sql.query(
    `delete from vault_organization_key o
     where organization_id = $1 and version < $2
       and exists (select from vault_organization_key n
         where n.organization_id = $1 and n.version = $2 and n.created_at < $3)
       and not exists (select from vault_data_key d
         where d.organization_id = $1 and d.organization_key_version = o.version)
       and not exists (select from vault_transit_key t
         where t.organization_id = $1 and t.organization_key_version = o.version)`,
    [organizationId, newest, new Date(now.getTime() - SETTLED_MILLISECONDS)],
  );
}

/** A new version of a subject's key, for values sealed from now on; older versions go on opening. @returns whether it had one */
export async function addSubjectKey(sql: Sql, dataKeys: DataKeys, holder: Holder): Promise<boolean> {
  const { newest } = await one<{ newest: number }>(
    sql,
    `select coalesce(max(version), 0) as newest from vault_data_key where organization_id = $1 and holder = $2`,
    [holder.organizationId, holder.name],
  );
  if (newest === 0) return false;
  await dataKeys.insert(sql, [{ ...holder, version: newest + 1 }]);
  return true;
}
