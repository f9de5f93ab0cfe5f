import { type KeyObject, randomUUID } from 'node:crypto';
import { prepared, type Sql } from '@vouchsafe/database';
import { associatedData, decrypt, encrypt, keyFrom, newKeyBytes } from './aead.js';
import type { DataKeys } from './data-keys.js';
import { type CacheLimits, KeyCache } from './key-cache.js';
import { TRANSIT_LOCKS } from './migrations.js';
import { currentOrganizationKeys } from './organization-keys.js';
import { VaultError } from './vault-error.js';
import { organizationKeyContext, type WrappedKeys } from './wrapped-keys.js';
import { storedNames } from './stored-names.js';

/** Seals what leaves for the bus on one day of one organization (docs/bus.md, 'Messages'). */
export interface TransitKey {
  /** Names the key on the bus. It is random and discloses nothing. */
  readonly id: string;
  readonly organizationId: string;
  readonly key: KeyObject;
}

/** Transit keys of one source, in its own database, each under the organization's key. */
export class TransitKeys {
  /** Those that this process has sealed by; whether they still stand is asked of the database each time. */
  private readonly sealing: KeyCache<KeyObject>;

  constructor(
    private readonly organizationKeys: WrappedKeys,
    private readonly dataKeys: DataKeys,
    private readonly now: () => Date,
    cache: CacheLimits,
  ) {
    this.sealing = new KeyCache(cache, now);
  }

  /**
   * Today's key of each organization, made where there is none. Ask for it in the transaction that opens the values which it will
   * seal, and before they are opened: then no value of an erased person gets under a key that the erasure has left (ADR 0032).
   * - A key that is found stood before the values were opened. An erasure that commits later destroys it.
   * - A key that is missing may be so because of an erasure. Making it waits for erasures under way, and holds others up until the
   *   commit; subjects' keys that this process held open until now are dropped, so the values are opened as the erasure left them.
   * The day is that of publishing, not the fact's: a backlog is under a key that stays as long as the topic keeps its messages.
   */
  async today(sql: Sql, organizationIds: readonly string[]): Promise<ReadonlyMap<string, TransitKey>> {
    if (organizationIds.length === 0) return new Map();
    const at = this.now();
    const day = at.toISOString().slice(0, 10);
    const rows = await sql.query<TransitKeyRow>(ofDay, [organizationIds, day]);
    const found = new Set(rows.map((row) => row.organization_id));
    const missing = organizationIds.filter((id) => !found.has(id));
    if (missing.length > 0) {
      await this.insert(sql, missing, day, at);
      // Where another transaction was first, its key is the one that stands.
      rows.push(...(await sql.query<TransitKeyRow>(ofDay, [missing, day])));
    }
    const unseen = rows.filter(({ id }) => !this.sealing.get(id));
    this.dataKeys.evictOrganizations(new Set(unseen.map((row) => row.organization_id)));
    const keys = await Promise.all(
      rows.map(async (row) => {
        const key = this.sealing.get(row.id) ?? (await this.unwrap(row));
        this.sealing.set(row.id, key, at.getTime());
        return [row.organization_id, { id: row.id, organizationId: row.organization_id, key }] as const;
      }),
    );
    return new Map(keys);
  }

  /** Those of the keys that still stand, as the database has them now. */
  async find(sql: Sql, ids: readonly string[]): Promise<TransitKey[]> {
    const rows = await sql.query<TransitKeyRow>(withIds, [ids]);
    return Promise.all(
      rows.map(async (row) => ({
        id: row.id,
        organizationId: row.organization_id,
        key: await this.unwrap(row),
      })),
    );
  }

  private async insert(sql: Sql, organizationIds: readonly string[], day: string, at: Date): Promise<void> {
    const wrapping = await currentOrganizationKeys(sql, this.organizationKeys, organizationIds, at);
    const rows = organizationIds.flatMap((organizationId) => {
      // An organization has none whose data was deleted: none of its facts leaves any more.
      const by = wrapping.get(organizationId);
      if (!by) return [];
      const id = randomUUID();
      const wrapped = wrapTransitKey(by.key, by.version, { id, organizationId }, newKeyBytes());
      return [{ organizationId, id, by: by.version, wrapped }];
    });
    await sql.query(
      `insert into vault_transit_key (id, organization_id, day, organization_key_version, wrapped, created_at)
       select id, organization_id, $5::date, wrapped_by, wrapped, $6
       from unnest($1::uuid[], $2::uuid[], $3::int[], $4::bytea[]) as made (id, organization_id, wrapped_by, wrapped)
       -- The order of the locks that the table's trigger takes: one for all.
       order by hashtext(organization_id::text) & 255, organization_id
       on conflict do nothing`,
      [
        rows.map(({ id }) => id),
        rows.map(({ organizationId }) => organizationId),
        rows.map(({ by }) => by),
        rows.map(({ wrapped }) => wrapped),
        day,
        at,
      ],
    );
  }

  private async unwrap(row: TransitKeyRow): Promise<KeyObject> {
    const { id, organization_id: organizationId, organization_key_version: by } = row;
    const organizationKey = await this.organizationKeys.open(
      { keyId: row.kek_id, wrapped: row.organization_wrapped },
      organizationKeyContext(organizationId, by),
    );
    return keyFrom(unwrapTransitKey(organizationKey, by, { id, organizationId }, row.wrapped));
  }
}

interface TransitKeyRow {
  readonly id: string;
  readonly organization_id: string;
  readonly organization_key_version: number;
  readonly wrapped: Buffer;
  readonly kek_id: string;
  readonly organization_wrapped: Buffer;
}

const keysWhere = (condition: string): string =>
  `select t.id, t.organization_id, t.organization_key_version, t.wrapped, o.kek_id, o.wrapped as organization_wrapped
   from vault_transit_key t join vault_organization_key o
     on o.organization_id = t.organization_id and o.version = t.organization_key_version
   where ${condition}`;
const ofDay = prepared(keysWhere('t.organization_id = any ($1::uuid[]) and t.day = $2'));
const withIds = prepared(keysWhere('t.id = any ($1::uuid[])'));

/** Every day's. As `retention`; makers of these keys are waited for, and what they committed goes, too. */
export async function destroyTransitKeys(sql: Sql, organizationId: string): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(${TRANSIT_LOCKS}, hashtext($1::uuid::text) & 255)`, [
    organizationId,
  ]);
  // A statement of its own, begun after that wait: it sees what they committed.
  await sql.query('delete from vault_transit_key where organization_id = $1', [organizationId]);
}

/** @param day `2026-11-28`: its keys and older ones go */
export async function deleteTransitKeysUpTo(sql: Sql, day: string): Promise<number> {
  const deleted = await sql.query('delete from vault_transit_key where day <= $1 returning 1', [day]);
  return deleted.length;
}

type NamedKey = Pick<TransitKey, 'id' | 'organizationId'>;

export function wrapTransitKey(by: KeyObject, byVersion: number, name: NamedKey, key: Uint8Array): Buffer {
  return encrypt(by, transitKeyAssociatedData(byVersion, name), key);
}

export function unwrapTransitKey(
  by: KeyObject,
  byVersion: number,
  name: NamedKey,
  wrapped: Uint8Array,
): Buffer {
  const key = decrypt(by, transitKeyAssociatedData(byVersion, name), wrapped);
  if (key) return key;
  throw new VaultError(
    'key-does-not-open',
    `Organization key ${byVersion} of ${name.organizationId} does not open transit key ${name.id}`,
  );
}

function transitKeyAssociatedData(byVersion: number, { id, organizationId }: NamedKey): Buffer {
  return associatedData([storedNames.transitKey, organizationId, String(byVersion), id]);
}
