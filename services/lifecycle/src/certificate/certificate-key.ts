/** @promise P09, P31 the key that signs certificates, sealed by the vault */
import { generateKeyPairSync } from 'node:crypto';
import type { Sql } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { ed25519Signer, encodeVerifierKey, type NoteSigner } from '@vouchsafe/transparency-log';
import type { Vault } from '@vouchsafe/vault';
import { storedNames } from '../stored-names.js';

export interface CertificateKeyName {
  readonly organizationId: string;
  /** `<operator>/certificates`: never a log's own name, so that neither speaks for the other. */
  readonly name: string;
}

/** The key in this name, made where there is none; as `worker`. */
export async function certificateKey(
  sql: Sql,
  vault: Vault,
  key: CertificateKeyName,
  now: Date,
): Promise<{ readonly signer: NoteSigner; readonly vkey: string }> {
  const found = await openKey(sql, vault, key);
  if (found) return found;
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d: seed } = privateKey.export({ format: 'jwk' });
  if (seed === undefined) throw new Error('The Ed25519 key has no seed');
  const vkey = encodeVerifierKey(ed25519Signer(key.name, privateKey).key);
  const sealed = await vault.seal(sql, scopeOf(key), contextOf(vkey), seed);
  if (isErased(sealed)) throw new Error(`The key ${key.name} was destroyed and cannot be created again`);
  await sql.query(
    `insert into certificate_key (vkey, organization_id, name, sealed_seed, signs_from) values ($1, $2, $3, $4, $5)
     on conflict (name) do nothing`,
    [vkey, key.organizationId, key.name, sealed, now],
  );
  // Where another instance was first, its key is the one that stands.
  const made = await openKey(sql, vault, key);
  if (!made) throw new Error(`The key ${key.name} was not stored`);
  return made;
}

async function openKey(sql: Sql, vault: Vault, key: CertificateKeyName) {
  const [row] = await sql.query<{ vkey: string; sealed_seed: string }>(
    'select vkey, sealed_seed from certificate_key where name = $1',
    [key.name],
  );
  if (!row) return undefined;
  const seed = await vault.open(sql, scopeOf(key), contextOf(row.vkey), row.sealed_seed);
  if (isErased(seed)) throw new Error(`The key ${key.name} was destroyed`);
  return { signer: ed25519Signer(key.name, Buffer.from(seed, 'base64url')).signer, vkey: row.vkey };
}

/** A key of its own in the vault: no month's end and no person's erasure reaches it. */
function scopeOf({ organizationId, name }: CertificateKeyName) {
  return { organizationId, subjectId: `signing-key ${name}` };
}

function contextOf(vkey: string): readonly string[] {
  return [storedNames.certificateKey, vkey];
}
