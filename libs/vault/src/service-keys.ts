import type { KeyObject } from 'node:crypto';
import { one, type Sql } from '@vouchsafe/database';
import { serviceKeyPlace, type WrappedKeys } from './wrapped-keys.js';

/** A key of the whole service, for what must be found before its organization is known; made on first use. */
export async function serviceKey(sql: Sql, keys: WrappedKeys, name: string, now: Date): Promise<KeyObject> {
  const [found] = await sql.query<ServiceKeyRow>(select, [name]);
  const { kek_id: keyId, wrapped } = found ?? (await make(sql, keys, name, now));
  return keys.open({ keyId, wrapped }, serviceKeyPlace(name));
}

interface ServiceKeyRow {
  readonly kek_id: string;
  readonly wrapped: Buffer;
}

const select = 'select kek_id, wrapped from vault_service_key where name = $1';

async function make(sql: Sql, keys: WrappedKeys, name: string, now: Date): Promise<ServiceKeyRow> {
  const { keyId, wrapped } = await keys.make(serviceKeyPlace(name));
  await sql.query(
    `insert into vault_service_key (name, kek_id, wrapped, created_at) values ($1, $2, $3, $4) on conflict do nothing`,
    [name, keyId, Buffer.from(wrapped), now],
  );
  // Where another transaction was first, its key is the one that stands.
  return one<ServiceKeyRow>(sql, select, [name]);
}
