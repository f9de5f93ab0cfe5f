import { createHmac, type KeyObject } from 'node:crypto';
import type { Sql, Transaction } from '@vouchsafe/database';
import { type Erased, ERASED, isErased, type PersonalField } from '@vouchsafe/event-sourcing';
import { associatedData, decrypt, encrypt, lengthPrefixed } from './aead.js';
import { DataKeys, type Holder, holderId, type KeyRing, type KeyRings } from './data-keys.js';
import { destroyKeys, type Destruction } from './destruction.js';
import { isSealedField, personalValues } from './fields.js';
import type { KeyProvider } from './key-provider.js';
import { keyVersionText, parseSealed, printSealed } from './sealed-value.js';
import { serviceKey } from './service-keys.js';
import { VaultError } from './vault-error.js';
import { WrappedKeys } from './wrapped-keys.js';

export interface VaultOptions {
  readonly provider: KeyProvider;
  /** Name of the deployment; keys of one do not open in another (P20). */
  readonly environment: string;
  readonly now: () => Date;
  /** Holders whose keys are held open at once. */
  readonly cacheSize?: number;
}

/** Whose key seals a value; `null` where nobody is known: then the organization's key of the month. */
export interface Scope {
  readonly organizationId: string;
  readonly subjectId: string | null;
}

/**
 * A value's place: stream, version, event type and field, or table, row and column. Bound as associated data, so the value
 * opens nowhere else.
 */
export type Context = readonly string[];

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

/** A piece of data (an event's, a contract's) whose personal fields are sealed or opened. */
export interface DataWithFields {
  readonly organizationId: string;
  readonly fields: readonly PersonalField[];
  readonly data: object;
  readonly context: Context;
}

/** Seals personal values by the keys of the people whom they are about, in one service's own database (event-core.md, "Vault"). */
export class Vault {
  private readonly wrappedKeys: WrappedKeys;
  private readonly dataKeys: DataKeys;
  private readonly now: () => Date;

  constructor({ provider, environment, now, cacheSize = 10_000 }: VaultOptions) {
    this.now = now;
    this.wrappedKeys = new WrappedKeys(provider, environment, now, cacheSize);
    this.dataKeys = new DataKeys(this.wrappedKeys, now, cacheSize);
  }

  /** @returns the sealed form, or `ERASED` where the subject's key was destroyed: it is never made again (P10) */
  async seal(sql: Sql, scope: Scope, context: Context, plaintext: string): Promise<string | Erased> {
    const [sealed] = await this.sealMany(sql, [{ scope, context, plaintext }]);
    if (sealed === undefined) throw new Error('One value in gives one value out');
    return sealed;
  }

  /**
   * @returns the plaintext, or `ERASED` where the subject's key was destroyed
   * @throws VaultError `value-malformed`, `value-does-not-open`, `key-missing`
   */
  async open(sql: Sql, scope: Scope, context: Context, sealed: string): Promise<string | Erased> {
    const [opened] = await this.openMany(sql, [{ scope, context, sealed }]);
    if (opened === undefined) throw new Error('One value in gives one value out');
    return opened;
  }

  /** As `seal`, in order; no query where all keys are held open, and otherwise a few, whatever the number of values. */
  async sealMany(sql: Sql, values: readonly ToSeal[]): Promise<(string | Erased)[]> {
    const month = this.now().toISOString().slice(0, 7);
    const holders = new Map<string, Holder>();
    const located = values.map((value) => {
      const holder = holderOf(value.scope, month);
      const id = holderId(holder);
      holders.set(id, holder);
      return { ...value, holder, id };
    });
    const rings = await this.dataKeys.findOrMake(sql, holders);
    return located.map(({ scope, holder, id, context, plaintext }) => {
      const ring = ringOf(rings, id);
      if (isErased(ring)) return ERASED;
      const version = keyVersionText({
        month: scope.subjectId === null ? month : null,
        version: ring.newest,
      });
      const bytes = encrypt(
        keyOf(ring, ring.newest, id),
        valuePlace(holder, version, context),
        Buffer.from(plaintext),
      );
      return printSealed(version, bytes);
    });
  }

  /** As `open`, in order; no query where all keys are held open, otherwise one. */
  async openMany(sql: Sql, values: readonly ToOpen[]): Promise<(string | Erased)[]> {
    const located = values.map(({ scope, context, sealed }) => {
      const { key, keyVersion, bytes } = parseSealed(sealed);
      if ((key.month === null) !== (scope.subjectId !== null)) throw doesNotOpen(scope.organizationId);
      const holder = holderOf(scope, key.month ?? '');
      return { context, holder, id: holderId(holder), version: key.version, keyVersion, bytes };
    });
    const rings = await this.dataKeys.find(
      sql,
      located.map(({ holder }) => holder),
    );
    return located.map(({ context, holder, id, version, keyVersion, bytes }) => {
      const ring = ringOf(rings, id);
      if (isErased(ring)) return ERASED;
      const plaintext = decrypt(keyOf(ring, version, id), valuePlace(holder, keyVersion, context), bytes);
      if (!plaintext) throw doesNotOpen(holder.organizationId);
      return plaintext.toString();
    });
  }

  /** A copy of the data in which each personal value is `{"sealed": "..."}`, or `ERASED` where its subject is tombstoned. */
  async sealFields(
    sql: Sql,
    organizationId: string,
    fields: readonly PersonalField[],
    data: object,
    context: Context,
  ): Promise<object> {
    const [sealed] = await this.sealFieldsMany(sql, [{ organizationId, fields, data, context }]);
    if (sealed === undefined) throw new Error('One piece of data in gives one out');
    return sealed;
  }

  /** The reverse of `sealFields`; a value whose key was destroyed reads as `ERASED`. */
  async openFields(
    sql: Sql,
    organizationId: string,
    fields: readonly PersonalField[],
    data: object,
    context: Context,
  ): Promise<object> {
    const [opened] = await this.openFieldsMany(sql, [{ organizationId, fields, data, context }]);
    if (opened === undefined) throw new Error('One piece of data in gives one out');
    return opened;
  }

  async sealFieldsMany(sql: Sql, items: readonly DataWithFields[]): Promise<object[]> {
    const { copies, values } = locate(items);
    const sealed = await this.sealMany(
      sql,
      values.map(({ value, scope, context }) => ({ scope, context, plaintext: JSON.stringify(value) })),
    );
    sealed.forEach((result, index) => values[index]?.replace(isErased(result) ? ERASED : { sealed: result }));
    return copies;
  }

  async openFieldsMany(sql: Sql, items: readonly DataWithFields[]): Promise<object[]> {
    const { copies, values } = locate(items);
    const opened = await this.openMany(
      sql,
      values.map(({ value, scope, context }) => {
        if (!isSealedField(value)) {
          throw new VaultError(
            'value-malformed',
            `A personal field of ${scope.organizationId} is not sealed`,
          );
        }
        return { scope, context, sealed: value.sealed };
      }),
    );
    opened.forEach((result, index) => values[index]?.replace(isErased(result) ? ERASED : JSON.parse(result)));
    return copies;
  }

  /**
   * HMAC-SHA-256 for finding a value without keeping it in clear, where its organization is not known yet (an e-mail at
   * log-in). The caller normalizes the value.
   */
  async keyedHash(sql: Sql, purpose: string, value: string): Promise<Buffer> {
    const key = await serviceKey(sql, this.wrappedKeys, 'look-up', this.now());
    return hmac(key, purpose, value);
  }

  /** As `keyedHash`, under the organization's own key. */
  async keyedHashFor(sql: Sql, organizationId: string, purpose: string, value: string): Promise<Buffer> {
    const [hash] = await this.keyedHashesFor(sql, organizationId, purpose, [value]);
    if (hash === undefined) throw new Error('One value in gives one hash out');
    return hash;
  }

  async keyedHashesFor(
    sql: Sql,
    organizationId: string,
    purpose: string,
    values: readonly string[],
  ): Promise<Buffer[]> {
    const holder = { organizationId: organizationId.toLowerCase(), name: 'look-up' };
    const id = holderId(holder);
    const ring = ringOf(await this.dataKeys.findOrMake(sql, new Map([[id, holder]])), id);
    if (isErased(ring))
      throw new VaultError('key-missing', `The look-up key of ${organizationId} is destroyed`);
    const key = keyOf(ring, ring.newest, id);
    return values.map((value) => hmac(key, purpose, value));
  }

  /**
   * Destroys a subject's key and leaves a tombstone that keeps it from being made again (P10). Runs as `retention`
   * (`Database.asRetention`): no other role may delete a key. Repeated, it gives the first time's instant.
   */
  async destroySubject(
    transaction: Transaction,
    scope: { readonly organizationId: string; readonly subjectId: string },
    at: Date,
  ): Promise<Destruction> {
    const holder = holderOf(scope, '');
    const destruction = await destroyKeys(transaction, holder, at);
    transaction.afterCommit(() => this.dataKeys.forget(holder));
    return destruction;
  }

  /** Drops a subject's opened key, for a process that hears of an erasure carried out by another. */
  forget(scope: { readonly organizationId: string; readonly subjectId: string }): void {
    this.dataKeys.forget(holderOf(scope, ''));
  }
}

function holderOf({ organizationId, subjectId }: Scope, month: string): Holder {
  const name = subjectId === null ? `month:${month}` : `subject:${subjectId}`;
  return { organizationId: organizationId.toLowerCase(), name };
}

function valuePlace({ organizationId, name }: Holder, keyVersion: string, context: Context): Buffer {
  return associatedData(['vouchsafe-value-v1', organizationId, name, keyVersion, ...context]);
}

function ringOf(rings: KeyRings, id: string): KeyRing | Erased {
  const ring = rings.get(id);
  if (!ring) throw new VaultError('key-missing', `There is no key for ${id}`);
  return ring;
}

function keyOf({ versions }: KeyRing, version: number, id: string): KeyObject {
  const key = versions.get(version);
  if (!key) throw new VaultError('key-missing', `There is no version ${version} of the key for ${id}`);
  return key;
}

function hmac(key: KeyObject, purpose: string, value: string): Buffer {
  return createHmac('sha256', key)
    .update(lengthPrefixed(['vouchsafe-look-up-v1', purpose]))
    .update(value)
    .digest();
}

function doesNotOpen(organizationId: string): VaultError {
  return new VaultError(
    'value-does-not-open',
    `A sealed value of organization ${organizationId} does not open where it stands: moved or tampered with`,
  );
}

function locate(items: readonly DataWithFields[]) {
  const copies = items.map(({ data }) => structuredClone(data));
  const values = items.flatMap(({ organizationId, fields, context }, index) =>
    personalValues(fields, copies[index] ?? {}).map((found) => ({
      value: found.value,
      replace: found.replace,
      scope: { organizationId, subjectId: found.subjectId },
      context: [...context, found.place],
    })),
  );
  return { copies, values };
}
