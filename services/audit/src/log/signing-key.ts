/** @promise P09 seals the private keys that sign logs and manifests */
import { generateKeyPairSync } from 'node:crypto';
import { one, type Sql } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { ed25519Signer, encodeVerifierKey, type NoteSigner } from '@vouchsafe/transparency-log';
import type { Vault } from '@vouchsafe/vault';
import { storedNames } from '../stored-names.js';

/** Makes the Ed25519 key of a log, or of manifests (`logId` null); its 32-byte seed is sealed by the vault. */
export async function createSigningKey(
  sql: Sql,
  vault: Vault,
  {
    organizationId,
    logId,
    name,
    now,
  }: { organizationId: string; logId: string | null; name: string; now: string },
): Promise<void> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d: seed } = privateKey.export({ format: 'jwk' });
  if (seed === undefined) throw new Error('The Ed25519 key has no seed');
  const vkey = encodeVerifierKey(ed25519Signer(name, privateKey).key);
  const sealed = await vault.seal(sql, keyScope(organizationId, name), keyContext(vkey), seed);
  if (isErased(sealed)) throw new Error(`The key ${name} was destroyed and cannot be created again`);
  await sql.query(
    `insert into signing_key (vkey, organization_id, log_id, name, sealed_seed, signs_from) values ($1, $2, $3, $4, $5, $6)
     on conflict (name) where signs_until is null do nothing`,
    [vkey, organizationId, logId, name, sealed, now],
  );
}

/** The key that signs in this name today. */
export async function signingKey(
  sql: Sql,
  vault: Vault,
  name: string,
): Promise<{ signer: NoteSigner; vkey: string }> {
  const row = await one<{ vkey: string; organization_id: string; sealed_seed: string | null }>(
    sql,
    'select vkey, organization_id, sealed_seed from signing_key where name = $1 and signs_until is null',
    [name],
  );
  // The private half of an erased organization's log is gone; the public one stays, to check its last checkpoint by (P31).
  if (row.sealed_seed === null) throw new Error(`The key ${name} was destroyed`);
  const seed = await vault.open(
    sql,
    keyScope(row.organization_id, name),
    keyContext(row.vkey),
    row.sealed_seed,
  );
  if (isErased(seed)) throw new Error(`The key ${name} was destroyed`);
  return { signer: ed25519Signer(name, Buffer.from(seed, 'base64url')).signer, vkey: row.vkey };
}

/** A key of its own in the vault for each signing key: no month's end and no person's erasure reaches it. */
function keyScope(organizationId: string, name: string) {
  return { organizationId, subjectId: `signing-key ${name}` };
}

function keyContext(vkey: string): readonly string[] {
  return [storedNames.signingKey, vkey];
}
