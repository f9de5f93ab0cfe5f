import { createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { serviceNames } from '@vouchsafe/contracts';
import { type KeyContext, localKeyProvider, Vault } from '@vouchsafe/vault';
import { Database } from '@vouchsafe/database';
import { compactDecrypt } from 'jose';
import { filesUnder } from './at-rest.ts';
import type { SystemUnderTest } from './running-system.ts';

const ENVIRONMENT = 'testing';

export interface FileOnDisk {
  /** Below the system's folder. */
  readonly file: string;
  readonly bytes: Buffer;
}

/** Every file of the system, below a part of its folder. */
export async function filesOf({ folder }: SystemUnderTest, part = ''): Promise<FileOnDisk[]> {
  const files = await filesUnder(path.join(folder, part));
  return Promise.all(
    files.map(async (file) => ({
      file: path.relative(folder, file),
      bytes: await readFile(file).catch(() => Buffer.alloc(0)),
    })),
  );
}

/** The whole JWEs in these files, each once; one that crosses the edge of a page of the write-ahead log is not whole. */
export function jwesIn(files: readonly FileOnDisk[]): string[] {
  const found = files.flatMap(({ bytes }) =>
    [...bytes.toString('latin1').matchAll(/eyJ[\w-]{40,}\.\.[\w-]{16}\.[\w-]+\.[\w-]{22}(?![\w-])/g)].map(
      ([jwe]) => jwe,
    ),
  );
  return [...new Set(found)];
}

/** Transit keys that stand in the services' databases, by id. */
export async function transitKeysOf(system: SystemUnderTest): Promise<Map<string, KeyObject>> {
  const keys = new Map<string, KeyObject>();
  for (const service of serviceNames) {
    const vault = new Vault({
      provider: await localKeyProvider(system.secrets.kekFile(service)),
      environment: ENVIRONMENT,
      now: () => new Date(),
    });
    const url = Object.assign(new URL(system.adminUrl), { pathname: `/${service}` });
    const database = new Database({
      ...{ service, url: url.href, poolSize: 1 },
      password: (role) => system.secrets.databasePassword(service, role),
    });
    try {
      await database.asWorker(async (sql) => {
        const rows = await sql.query<{ id: string }>('select id from vault_transit_key');
        for (const { id, key } of await vault.findTransitKeys(
          sql,
          rows.map((row) => row.id),
        ))
          keys.set(id, key);
      });
    } finally {
      await database.close();
    }
  }
  return keys;
}

/** Every key that anybody could still have who has the databases and the KEK files. */
export async function keysLeft(system: SystemUnderTest): Promise<KeyObject[]> {
  const keys: KeyObject[] = [...(await transitKeysOf(system)).values()];
  for (const service of serviceNames) {
    const file = system.secrets.kekFile(service);
    const { keys: keks } = JSON.parse(await readFile(file, 'utf8')) as { keys: Record<string, string> };
    for (const kek of Object.values(keks)) keys.push(createSecretKey(kek, 'base64'));
    const provider = await localKeyProvider(file);
    const unwrap = async (kek: string, wrapped: Buffer, context: KeyContext) =>
      createSecretKey(await provider.unwrap(kek, wrapped, { environment: ENVIRONMENT, ...context }));
    const organizations = await system.rows<{ id: string; version: number; kek_id: string; wrapped: Buffer }>(
      service,
      'select organization_id as id, version, kek_id, wrapped from vault_organization_key',
    );
    const byOrganization = new Map<string, KeyObject>();
    for (const { id, version, kek_id, wrapped } of organizations) {
      const context = { purpose: 'organization-key', organization: id, version: String(version) };
      byOrganization.set(`${id} ${version}`, await unwrap(kek_id, wrapped, context));
    }
    keys.push(...byOrganization.values(), ...(await dataKeysOf(system, service, byOrganization)));
    const own = await system.rows<{ name: string; kek_id: string; wrapped: Buffer }>(
      service,
      'select name, kek_id, wrapped from vault_service_key',
    );
    for (const { name, kek_id, wrapped } of own)
      keys.push(await unwrap(kek_id, wrapped, { purpose: 'service-key', name }));
  }
  return keys;
}

/** How many keys there must be at least: the wrapped ones of every table that holds any, and a key-encryption key for each service. */
export async function countOfKeys(system: SystemUnderTest): Promise<number> {
  let count = serviceNames.length;
  for (const service of serviceNames) {
    const tables = await system.rows<{ name: string }>(
      service,
      `select table_name as name from information_schema.columns
       where table_schema = 'public' and column_name = 'wrapped' and data_type = 'bytea'`,
    );
    for (const { name } of tables) {
      const [row] = await system.rows<{ count: number }>(service, `select count(*)::int from ${name}`);
      count += row?.count ?? 0;
    }
  }
  return count;
}

/** The keys of people, months and look-ups, by their organization's. */
async function dataKeysOf(
  system: SystemUnderTest,
  service: string,
  byOrganization: ReadonlyMap<string, KeyObject>,
): Promise<KeyObject[]> {
  const rows = await system.rows<{
    id: string;
    by: number;
    holder: string;
    version: number;
    wrapped: Buffer;
  }>(
    service,
    `select organization_id as id, organization_key_version as by, holder, version, wrapped from vault_data_key`,
  );
  return rows.map(({ id, by, holder, version, wrapped }) => {
    const key = byOrganization.get(`${id} ${by}`);
    if (!key) throw new Error(`The key of ${holder} stands under none of its organization`);
    const context = ['vouchsafe-data-key-v1', id, String(by), holder, String(version)];
    return createSecretKey(unwrapped(key, context, wrapped));
  });
}

/** AES-256-GCM over nonce, ciphertext and tag; the associated data is the context as netstrings. */
function unwrapped(key: KeyObject, context: readonly string[], wrapped: Buffer): Buffer {
  const opening = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, 12), { authTagLength: 16 });
  opening.setAAD(Buffer.from(context.map((part) => `${Buffer.byteLength(part)}:${part},`).join('')));
  opening.setAuthTag(wrapped.subarray(-16));
  return Buffer.concat([opening.update(wrapped.subarray(12, -16)), opening.final()]);
}

/** By jose, which knows nothing of how these messages were made. @returns what it says, where one of the keys opens it */
export async function openedByAny(jwe: string, keys: readonly KeyObject[]): Promise<string | undefined> {
  for (const key of keys) {
    const opened = await compactDecrypt(jwe, key).catch(() => undefined);
    if (opened) return Buffer.from(opened.plaintext).toString();
  }
  return undefined;
}
