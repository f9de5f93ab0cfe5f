import { createHmac, createSecretKey } from 'node:crypto';
import type { Sql } from '@vouchsafe/database';
import { canonicalJson, type Json } from '@vouchsafe/transparency-log';
import type { Vault } from '@vouchsafe/vault';
import { canonicalIp } from './entry.js';

export type SearchField = 'id' | 'content' | 'actor' | 'entity' | 'source-ip' | 'request';

/**
 * Keyed hashes, 128 bits in the form of a UUID (16 bytes in Postgres), by which an organization's disclosed values are
 * found without standing in a column (audit.md). Nobody without the organization's key can try values against them.
 */
export type SearchKeys = (field: SearchField, value: Json) => string;

export async function searchKeys(vault: Vault, sql: Sql, organizationId: string): Promise<SearchKeys> {
  // As a `KeyObject`: given bytes, each HMAC would make one again, which costs ten times the hash.
  const key = createSecretKey(await vault.keyedHashFor(sql, organizationId, 'audit-search', organizationId));
  const known = new Map<string, string>();
  return (field, value) => {
    const text = `${field}\n${typeof value === 'string' ? value : canonicalJson(value)}`;
    let found = known.get(text);
    if (!found) {
      found = createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
      known.set(text, found);
    }
    return found;
  };
}

export function sourceIpKey(keys: SearchKeys, ip: string | null): string | null {
  return ip === null ? null : keys('source-ip', canonicalIp(ip) ?? ip);
}
