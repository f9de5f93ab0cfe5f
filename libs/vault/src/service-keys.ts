import type { KeyObject } from 'node:crypto';
import { one, type Sql } from '@vouchsafe/database';
import { type CacheLimits, KeyCache } from './key-cache.js';
import { serviceKeyContext, type WrappedKeys } from './wrapped-keys.js';

/** Keys of the whole service, for what must be found before its organization is known; made on first use. */
export class ServiceKeys {
  private readonly opened: KeyCache<KeyObject>;

  constructor(
    private readonly keys: WrappedKeys,
    private readonly now: () => Date,
    cache: CacheLimits,
  ) {
    this.opened = new KeyCache(cache, now);
  }

  async find(sql: Sql, name: string): Promise<KeyObject> {
    const known = this.opened.get(name);
    if (known) return known;
    const heldSince = this.now().getTime();
    const [found] = await sql.query<ServiceKeyRow>(select, [name]);
    const { kek_id: keyId, wrapped, provisional } = found ?? (await make(sql, this.keys, name, this.now()));
    const key = await this.keys.open({ keyId, wrapped }, serviceKeyContext(name));
    // A transaction that has written may have made the key itself, and may take it back: no other may look up by it.
    if (!provisional) this.opened.set(name, key, heldSince);
    return key;
  }
}

interface ServiceKeyRow {
  readonly kek_id: string;
  readonly wrapped: Buffer;
  readonly provisional: boolean;
}

const select = `select kek_id, wrapped, pg_current_xact_id_if_assigned() is not null as provisional
  from vault_service_key where name = $1`;

async function make(sql: Sql, keys: WrappedKeys, name: string, now: Date): Promise<ServiceKeyRow> {
  const { keyId, wrapped } = await keys.make(serviceKeyContext(name));
  await sql.query(
    `insert into vault_service_key (name, kek_id, wrapped, created_at) values ($1, $2, $3, $4) on conflict do nothing`,
    [name, keyId, Buffer.from(wrapped), now],
  );
  // Where another transaction was first, its key is the one that stands.
  return one<ServiceKeyRow>(sql, select, [name]);
}
