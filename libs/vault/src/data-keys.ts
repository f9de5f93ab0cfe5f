import type { KeyObject } from 'node:crypto';
import type { Sql } from '@vouchsafe/database';
import { type Erased, ERASED, isErased } from '@vouchsafe/event-sourcing';
import { associatedData, decrypt, encrypt, keyFrom, newKeyBytes } from './aead.js';
import { type CacheLimits, KeyCache } from './key-cache.js';
import { currentOrganizationKeys } from './organization-keys.js';
import { VaultError } from './vault-error.js';
import { organizationKeyContext, type WrappedKeys } from './wrapped-keys.js';
import { storedNames } from './stored-names.js';

/** Whose key: `subject:<id>`, `month:2026-11` or `look-up`, within an organization. */
export interface Holder {
  readonly organizationId: string;
  readonly name: string;
}

/** A holder's opened keys: the newest seals, all of them open. */
export interface KeyRing {
  readonly newest: number;
  readonly versions: ReadonlyMap<number, KeyObject>;
}

export type KeyRings = ReadonlyMap<string, KeyRing | Erased>;

export function holderId({ organizationId, name }: Holder): string {
  return `${organizationId}/${name}`;
}

/** Data keys of one service, opened; few queries whatever the number of holders. */
export class DataKeys {
  private readonly opened: KeyCache<KeyRing | Erased>;
  private erasures = 0;

  constructor(
    private readonly organizationKeys: WrappedKeys,
    private readonly now: () => Date,
    cache: CacheLimits,
  ) {
    this.opened = new KeyCache(cache, now);
  }

  /**
   * Those that exist, by `holderId`; no query where all are held open. Where a version is asked for that the open ones lack,
   * the key was rotated by another process: they are read again.
   */
  async find(sql: Sql, wanted: Iterable<Holder & { readonly version?: number }>): Promise<KeyRings> {
    const rings = new Map<string, KeyRing | Erased>();
    const unknown = new Map<string, Holder>();
    for (const holder of wanted) {
      const id = holderId(holder);
      if (unknown.has(id)) continue;
      const ring = rings.get(id) ?? this.opened.get(id);
      if (ring && (isErased(ring) || !holder.version || ring.versions.has(holder.version)))
        rings.set(id, ring);
      else unknown.set(id, holder);
    }
    if (unknown.size === 0) return rings;
    return new Map([...rings, ...(await this.load(sql, [...unknown.values()]))]);
  }

  /** Makes the keys that are missing, but for tombstoned holders and organizations: those answer `ERASED` for ever (P10, P31). */
  async findOrMake(sql: Sql, wanted: readonly Holder[]): Promise<KeyRings> {
    const found = await this.find(sql, wanted);
    const absent = wanted.filter((holder) => !found.has(holderId(holder)));
    if (absent.length === 0) return found;
    const missing = [...new Map(absent.map((holder) => [holderId(holder), holder])).values()];
    await this.insert(
      sql,
      missing.map((holder) => ({ ...holder, version: 1 })),
    );
    // Where another transaction was first, its key is the one that stands; where an erasure was, its tombstone.
    return new Map([...found, ...(await this.load(sql, missing))]);
  }

  /** Makes keys of given versions; one that is there already stays. */
  async insert(sql: Sql, wanted: readonly VersionedHolder[]): Promise<void> {
    const organizationIds = [...new Set(wanted.map(({ organizationId }) => organizationId))];
    const now = this.now();
    const wrapping = await currentOrganizationKeys(sql, this.organizationKeys, organizationIds, now);
    // One order for all, so that two transactions that make the same keys wait for each other instead of locking up.
    const rows = [...wanted]
      .sort((a, b) => (holderId(a) < holderId(b) ? -1 : 1))
      .flatMap((holder) => {
        // An organization has none whose data was deleted: nothing is sealed for it any more.
        const by = wrapping.get(holder.organizationId);
        if (!by) return [];
        const wrapped = wrapDataKey(by.key, by.version, holder, newKeyBytes());
        return [{ ...holder, by: by.version, wrapped }];
      });
    await sql.query(
      `insert into vault_data_key (organization_id, holder, version, organization_key_version, wrapped, created_at)
       select organization_id, holder, version, wrapped_by, wrapped, $6
       from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::bytea[])
         as made (organization_id, holder, version, wrapped_by, wrapped)
       on conflict do nothing`,
      [
        rows.map(({ organizationId }) => organizationId),
        rows.map(({ name }) => name),
        rows.map(({ version }) => version),
        rows.map(({ by }) => by),
        rows.map(({ wrapped }) => wrapped),
        now,
      ],
    );
  }

  /** Drops an opened key, and whatever a query under way is about to bring. */
  evict(holder: Holder): void {
    this.erasures += 1;
    this.opened.delete(holderId(holder));
  }

  /** Drops all opened keys of these organizations, and whatever a query under way is about to bring. */
  evictOrganizations(organizationIds: ReadonlySet<string>): void {
    if (organizationIds.size === 0) return;
    this.erasures += 1;
    this.opened.deleteWhere((id) => organizationIds.has(id.slice(0, id.indexOf('/'))));
  }

  private async load(sql: Sql, holders: readonly Holder[]): Promise<Map<string, KeyRing | Erased>> {
    const { erasures } = this;
    const heldSince = this.now().getTime();
    const rows = await sql.query<DataKeyRow>(
      `select w.organization_id, w.holder,
         e.holder is not null or (d.version is null and exists (
           select from vault_erased_organization g where g.organization_id = w.organization_id)) as erased,
         d.version, d.wrapped, d.organization_key_version, o.kek_id, o.wrapped as organization_wrapped,
         coalesce(pg_current_xact_id_if_assigned() in (d.created_by, e.created_by), false) as provisional
       from unnest($1::uuid[], $2::text[]) as w (organization_id, holder)
       left join vault_erased_key e on e.organization_id = w.organization_id and e.holder = w.holder
       left join vault_data_key d on d.organization_id = w.organization_id and d.holder = w.holder
       left join vault_organization_key o
         on o.organization_id = d.organization_id and o.version = d.organization_key_version`,
      [holders.map(({ organizationId }) => organizationId), holders.map(({ name }) => name)],
    );
    const rings = new Map<string, KeyRing | Erased>();
    const byHolder = Map.groupBy(rows, (row) => holderId(holderOfRow(row)));
    const openings = [...byHolder].map(async ([id, held]) => {
      const ring = held.some(({ erased }) => erased) ? ERASED : await this.openAll(held);
      if (!ring) return;
      rings.set(id, ring);
      // What this transaction made itself it may take back, and a key of a rolled-back transaction must never seal
      // anything: such rows are asked for again, and held only once they were read as somebody's committed ones.
      const provisional = held.some((row) => row.provisional);
      if (!provisional && erasures === this.erasures) this.opened.set(id, ring, heldSince);
    });
    await Promise.all(openings);
    return rings;
  }

  private async openAll(rows: readonly DataKeyRow[]): Promise<KeyRing | undefined> {
    const versions = new Map<number, KeyObject>();
    for (const row of rows) {
      if (row.version === null) continue;
      const { organization_id: organizationId, organization_key_version: by } = row;
      const organizationKey = await this.organizationKeys.open(
        { keyId: row.kek_id, wrapped: row.organization_wrapped },
        organizationKeyContext(organizationId, by),
      );
      versions.set(
        row.version,
        keyFrom(
          unwrapDataKey(organizationKey, by, { ...holderOfRow(row), version: row.version }, row.wrapped),
        ),
      );
    }
    return versions.size === 0 ? undefined : { newest: Math.max(...versions.keys()), versions };
  }
}

type DataKeyRow = {
  readonly organization_id: string;
  readonly holder: string;
  readonly erased: boolean;
  readonly provisional: boolean;
} & (
  | { readonly version: null }
  | {
      readonly version: number;
      readonly wrapped: Buffer;
      readonly organization_key_version: number;
      readonly kek_id: string;
      readonly organization_wrapped: Buffer;
    }
);

type VersionedHolder = Holder & { readonly version: number };

export function wrapDataKey(
  by: KeyObject,
  byVersion: number,
  holder: VersionedHolder,
  key: Uint8Array,
): Buffer {
  return encrypt(by, dataKeyAssociatedData(byVersion, holder), key);
}

export function unwrapDataKey(
  by: KeyObject,
  byVersion: number,
  holder: VersionedHolder,
  wrapped: Uint8Array,
): Buffer {
  const key = decrypt(by, dataKeyAssociatedData(byVersion, holder), wrapped);
  if (key) return key;
  throw new VaultError(
    'key-does-not-open',
    `Organization key ${byVersion} does not open data key ${holderId(holder)}, version ${holder.version}`,
  );
}

function dataKeyAssociatedData(
  byVersion: number,
  { organizationId, name, version }: VersionedHolder,
): Buffer {
  return associatedData([storedNames.dataKey, organizationId, String(byVersion), name, String(version)]);
}

function holderOfRow({ organization_id: organizationId, holder: name }: DataKeyRow): Holder {
  return { organizationId, name };
}
