import type { KeyObject } from 'node:crypto';
import type { Sql } from '@vouchsafe/database';
import { type Erased, ERASED, isErased } from '@vouchsafe/event-sourcing';
import { decrypt, encrypt } from './aead.js';
import { type DataKeys, type Holder, holderId, type KeyRing, type KeyRings } from './data-keys.js';
import { type Context, monthHolder, type Scope, subjectHolder, valueAssociatedData } from './scope.js';
import { keyVersionText, parseSealed, printSealed } from './sealed-value.js';
import { VaultError } from './vault-error.js';

export interface ToSeal {
  readonly scope: Scope;
  readonly context: Context;
  readonly plaintext: string;
}

export interface ToOpen {
  readonly scope: Scope;
  readonly context: Context;
  /** `v1.<key version>.<base64url(nonce | ciphertext | tag)>` */
  readonly sealed: string;
}

export async function sealValues(
  sql: Sql,
  dataKeys: DataKeys,
  values: readonly ToSeal[],
  now: Date,
): Promise<(string | Erased)[]> {
  const month = now.toISOString().slice(0, 7);
  const located = values.map(({ scope, context, plaintext }) => {
    const keyMonth = scope.subjectId === null ? month : null;
    return { holder: holderOf(scope, keyMonth), keyMonth, context, plaintext };
  });
  const rings = await dataKeys.findOrMake(
    sql,
    located.map(({ holder }) => holder),
  );
  return located.map(({ holder, keyMonth, context, plaintext }) => {
    const ring = ringOf(rings, holder);
    if (isErased(ring)) return ERASED;
    const keyVersion = keyVersionText({ month: keyMonth, version: ring.newest });
    const key = keyOf(ring, ring.newest, holder);
    const bytes = encrypt(key, valueAssociatedData(holder, keyVersion, context), Buffer.from(plaintext));
    return printSealed(keyVersion, bytes);
  });
}

export async function openValues(
  sql: Sql,
  dataKeys: DataKeys,
  values: readonly ToOpen[],
): Promise<(string | Erased)[]> {
  const located = values.map(({ scope, context, sealed }) => {
    const { key, keyVersion, bytes } = parseSealed(sealed);
    if ((key.month === null) === (scope.subjectId === null)) throw doesNotOpen(scope);
    return { holder: holderOf(scope, key.month), version: key.version, keyVersion, context, bytes };
  });
  const rings = await dataKeys.find(
    sql,
    located.map(({ holder, version }) => ({ ...holder, version })),
  );
  return located.map(({ holder, version, keyVersion, context, bytes }) => {
    const ring = ringOf(rings, holder);
    if (isErased(ring)) return ERASED;
    const plaintext = decrypt(
      keyOf(ring, version, holder),
      valueAssociatedData(holder, keyVersion, context),
      bytes,
    );
    if (!plaintext) throw doesNotOpen(holder);
    return plaintext.toString();
  });
}

export function ringOf(rings: KeyRings, holder: Holder): KeyRing | Erased {
  const ring = rings.get(holderId(holder));
  if (!ring) throw new VaultError('key-missing', `There is no key for ${holderId(holder)}`);
  return ring;
}

export function keyOf({ versions }: KeyRing, version: number, holder: Holder): KeyObject {
  const key = versions.get(version);
  if (!key) {
    throw new VaultError('key-missing', `There is no version ${version} of the key for ${holderId(holder)}`);
  }
  return key;
}

function holderOf({ organizationId, subjectId }: Scope, month: string | null): Holder {
  if (subjectId !== null) return subjectHolder({ organizationId, subjectId });
  if (month === null) throw new Error('The month of a value without a subject is unknown');
  return monthHolder(organizationId, month);
}

function doesNotOpen({ organizationId }: { readonly organizationId: string }): VaultError {
  return new VaultError(
    'value-does-not-open',
    `A sealed value of organization ${organizationId} does not open where it stands: moved or tampered with`,
  );
}
