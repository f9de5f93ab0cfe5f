/** @promise P09 (main) seals values by AES-256-GCM, under keys of the organization and the person */
import { createHmac, type KeyObject } from 'node:crypto';
import type { Sql, Transaction } from '@vouchsafe/database';
import { type Erased, isErased, type PersonalField } from '@vouchsafe/event-sourcing';
import { keyFrom, lengthPrefixed, newKeyBytes } from './aead.js';
import { DataKeys } from './data-keys.js';
import { destroyKeys, destroyOrganizationKeys, type Destruction, refuseOrganization } from './destruction.js';
import {
  type DataWithFields,
  openAllFields,
  sealAllFields,
  sealClearFields,
  withoutErasedFields,
} from './fields.js';
import type { KeyProvider } from './key-provider.js';
import { type CacheLimits, KEY_CACHE_MILLISECONDS } from './key-cache.js';
import {
  addOrganizationKey,
  addSubjectKey,
  openOneUnderEachKek,
  retireKek,
  rewrapDataKeys,
  rewrapUnderCurrentKek,
  type RotationStep,
} from './rotation.js';
import { type Context, lookUpHolder, type Scope, subjectHolder, type SubjectScope } from './scope.js';
import { ServiceKeys } from './service-keys.js';
import { keyOf, openValues, ringOf, sealValues, type ToOpen, type ToSeal } from './values.js';
import { deleteTransitKeysUpTo, type TransitKey, TransitKeys } from './transit-keys.js';
import { VaultError } from './vault-error.js';
import { WrappedKeys } from './wrapped-keys.js';
import { storedNames } from './stored-names.js';

export interface VaultOptions {
  readonly provider: KeyProvider;
  /** Name of the deployment; keys of one do not open in another (P20). */
  readonly environment: string;
  readonly now: () => Date;
  /** Holders whose keys are held open at once; 10,000 where not given. */
  readonly cacheSize?: number;
  /** Milliseconds for which a key is held open; 60,000 where not given, and at most: a receipt of an erasure waits so long. */
  readonly cacheMilliseconds?: number;
}

/**
 * Seals personal values by the keys of the people whom they are about, in one service's own database (docs/vault.md).
 * `sql` is the caller's transaction: a key that it makes stands or falls with it.
 */
export class Vault {
  private readonly wrappedKeys: WrappedKeys;
  private readonly dataKeys: DataKeys;
  private readonly serviceKeys: ServiceKeys;
  private readonly transitKeys: TransitKeys;
  private readonly now: () => Date;
  private readonly cache: CacheLimits;

  constructor({ provider, environment, now, cacheSize = 10_000, cacheMilliseconds }: VaultOptions) {
    const milliseconds = cacheMilliseconds ?? KEY_CACHE_MILLISECONDS;
    if (milliseconds > KEY_CACHE_MILLISECONDS) throw new Error('A key can be cached for at most one minute');
    this.now = now;
    this.cache = { size: cacheSize, milliseconds };
    this.wrappedKeys = new WrappedKeys(provider, environment, now, this.cache);
    this.dataKeys = new DataKeys(this.wrappedKeys, now, this.cache);
    this.serviceKeys = new ServiceKeys(this.wrappedKeys, now, this.cache);
    this.transitKeys = new TransitKeys(this.wrappedKeys, this.dataKeys, now, this.cache);
  }

  /** How long a key is held open at most, here and by whom it is given to. */
  get heldMilliseconds(): number {
    return this.cache.milliseconds;
  }

  /** @returns the sealed form, or `ERASED` where the subject's key was destroyed: it is never made again (P10) */
  async seal(sql: Sql, scope: Scope, context: Context, plaintext: string): Promise<string | Erased> {
    return only(await this.sealMany(sql, [{ scope, context, plaintext }]));
  }

  /**
   * @returns the plaintext, or `ERASED` where the subject's key was destroyed
   * @throws VaultError `value-malformed`, `value-does-not-open`, `key-missing`
   */
  async open(sql: Sql, scope: Scope, context: Context, sealed: string): Promise<string | Erased> {
    return only(await this.openMany(sql, [{ scope, context, sealed }]));
  }

  /** As `seal`, in order; no query where all keys are held open, else a few, whatever the number of values. */
  sealMany(sql: Sql, values: readonly ToSeal[]): Promise<(string | Erased)[]> {
    return sealValues(sql, this.dataKeys, values, this.now());
  }

  /** As `open`, in order; no query where all keys are held open, else one. */
  openMany(sql: Sql, values: readonly ToOpen[]): Promise<(string | Erased)[]> {
    return openValues(sql, this.dataKeys, values);
  }

  /**
   * A key for one content that is sealed as a stream (`sealingStream`), and its sealed form, to be stored beside the content. It goes with the
   * key of its scope: then nothing opens the content, wherever it is (P31).
   */
  async newStreamKey(
    sql: Sql,
    scope: Scope,
    context: Context,
  ): Promise<{ readonly key: KeyObject; readonly sealed: string } | Erased> {
    const bytes = newKeyBytes();
    const sealed = await this.seal(sql, scope, context, bytes.toString('base64'));
    return isErased(sealed) ? sealed : { key: keyFrom(bytes), sealed };
  }

  /** The key that `newStreamKey` gave. Throws as `open`. */
  async openStreamKey(sql: Sql, scope: Scope, context: Context, sealed: string): Promise<KeyObject | Erased> {
    const opened = await this.open(sql, scope, context, sealed);
    return isErased(opened) ? opened : keyFrom(Buffer.from(opened, 'base64'));
  }

  /** The data, or a copy of it in which each personal value is `{"sealed":"..."}`, or `ERASED` where its subject is erased. */
  async sealFields(
    sql: Sql,
    organizationId: string,
    fields: readonly PersonalField[],
    data: object,
    context: Context,
  ): Promise<object> {
    return only(await this.sealFieldsMany(sql, [{ organizationId, fields, data, context }]));
  }

  /** The reverse of `sealFields`; a value whose key was destroyed reads as `ERASED`. Throws as `open`. */
  async openFields(
    sql: Sql,
    organizationId: string,
    fields: readonly PersonalField[],
    data: object,
    context: Context,
  ): Promise<object> {
    return only(await this.openFieldsMany(sql, [{ organizationId, fields, data, context }]));
  }

  /** As `sealFields`, in order, with the queries of one. */
  sealFieldsMany(sql: Sql, items: readonly DataWithFields[]): Promise<object[]> {
    return sealAllFields(sql, this.dataKeys, items, this.now());
  }

  /** As `openFields`, in order, with the queries of one. */
  openFieldsMany(sql: Sql, items: readonly DataWithFields[]): Promise<object[]> {
    return openAllFields(sql, this.dataKeys, items);
  }

  /** Seals what was stored in clear before its field was marked; what is sealed already stays as it is. In order, as copies. */
  sealClearFieldsMany(sql: Sql, items: readonly DataWithFields[]): Promise<object[]> {
    return sealClearFields(sql, this.dataKeys, items, this.now());
  }

  /** The data, or copies in which a personal value of an erased subject is `ERASED`; for data in clear that does not stay here. */
  withoutErasedFields(sql: Sql, items: readonly Omit<DataWithFields, 'context'>[]): Promise<object[]> {
    return withoutErasedFields(sql, this.dataKeys, items);
  }

  /**
   * HMAC-SHA-256 (32 bytes) for finding a value that is not kept in clear, where its organization is not known yet (an email
   * at log-in). The caller normalizes the value.
   */
  async keyedHash(sql: Sql, purpose: string, value: string): Promise<Buffer> {
    return keyedHashOf(await this.serviceKeys.find(sql, storedNames.lookUp), purpose, value);
  }

  /** As `keyedHash`, under the organization's own key. */
  async keyedHashFor(sql: Sql, organizationId: string, purpose: string, value: string): Promise<Buffer> {
    return only(await this.keyedHashesFor(sql, organizationId, purpose, [value]));
  }

  /** As `keyedHashFor`, in order. */
  async keyedHashesFor(
    sql: Sql,
    organizationId: string,
    purpose: string,
    values: readonly string[],
  ): Promise<Buffer[]> {
    const holder = lookUpHolder(organizationId);
    const ring = ringOf(await this.dataKeys.findOrMake(sql, [holder]), holder);
    if (isErased(ring))
      throw new VaultError('key-missing', `The look-up key of organization ${organizationId} was destroyed`);
    const key = keyOf(ring, ring.newest, holder);
    return values.map((value) => keyedHashOf(key, purpose, value));
  }

  /**
   * The keys under which messages leave today, by organization; as `worker`, before what they will seal is opened, in the same
   * transaction (see `TransitKeys.today`).
   */
  todaysTransitKeys(sql: Sql, organizationIds: readonly string[]): Promise<ReadonlyMap<string, TransitKey>> {
    return this.transitKeys.today(sql, organizationIds);
  }

  /** Those of the transit keys that still stand, for a consumer that has messages under them; as `worker`. */
  findTransitKeys(sql: Sql, ids: readonly string[]): Promise<TransitKey[]> {
    return this.transitKeys.find(sql, ids);
  }

  /**
   * Deletes the transit keys of a day and of those before it, as `retention`: no topic keeps a message under them any more.
   * @param day `2026-11-28`
   */
  deleteTransitKeysUpTo(sql: Sql, day: string): Promise<number> {
    return deleteTransitKeysUpTo(sql, day);
  }

  /**
   * Destroys a subject's key and leaves a tombstone that keeps it from being made again (P10); with it all transit keys of the
   * organization, under one of which the subject's values may lie on the bus. Runs as `retention` (`Database.asRetention`): no other
   * role may delete a key. May be repeated; `erasedAt` stays the first.
   */
  async destroySubject(transaction: Transaction, scope: SubjectScope, at: Date): Promise<Destruction> {
    const destruction = await destroyKeys(transaction, subjectHolder(scope), {
      at,
      now: this.now(),
      heldMilliseconds: this.cache.milliseconds,
    });
    transaction.afterCommit(() => this.evict(scope));
    return destruction;
  }

  /**
   * From this commit on no key of the organization is made (P31). Keys that are there go on sealing and opening until
   * `destroyOrganization`. Runs as `retention`; may be repeated.
   */
  refuseOrganization(sql: Sql, organizationId: string, at: Date): Promise<void> {
    return refuseOrganization(sql, organizationId, at);
  }

  /**
   * Destroys every key of an organization that is refused (P31): what is sealed opens no more, wherever it is. Runs as `retention`; may be
   * repeated.
   */
  async destroyOrganization(transaction: Transaction, organizationId: string): Promise<Destruction> {
    const id = organizationId.toLowerCase();
    const limits = { now: this.now(), heldMilliseconds: this.cache.milliseconds };
    const destruction = await destroyOrganizationKeys(transaction, id, limits);
    transaction.afterCommit(() => this.dataKeys.evictOrganizations(new Set([id])));
    return destruction;
  }

  /** Drops a subject's opened key, in a process that learns of an erasure by another one. */
  evict(scope: SubjectScope): void {
    this.dataKeys.evict(subjectHolder(scope));
  }

  /**
   * That the provider still holds every KEK that this database needs: one key under each is opened, as `worker`.
   * @throws VaultError `kek-unknown`, `kek-does-not-open`
   */
  assertKeksOpen(sql: Sql): Promise<void> {
    return openOneUnderEachKek(sql, this.wrappedKeys);
  }

  /** Re-wraps keys that stand under another KEK, as `worker`; repeat until nothing remains, then delete the old KEK. */
  rotateKek(sql: Sql, limit = 500): Promise<RotationStep> {
    return rewrapUnderCurrentKek(sql, this.wrappedKeys, limit);
  }

  /**
   * Refuses from now on whatever an older KEK wraps, as `worker`: no straggler's key can be written under it any more. Then nothing
   * remains once `rotateKek` says so, and the KEK can be deleted.
   */
  retireKek(sql: Sql, kekId: string): Promise<void> {
    return retireKek(sql, this.wrappedKeys, kekId, this.now());
  }

  /** Gives an organization a new key, for data keys made from now on; then `rewrapDataKeys`. @returns whether it had one */
  rotateOrganizationKey(sql: Sql, organizationId: string): Promise<boolean> {
    return addOrganizationKey(sql, this.wrappedKeys, organizationId.toLowerCase(), this.now());
  }

  /** Re-wraps data keys under the organization's newest key, as `worker`; repeat until nothing remains. */
  rewrapDataKeys(sql: Sql, organizationId: string, limit = 5_000): Promise<RotationStep> {
    return rewrapDataKeys(sql, this.wrappedKeys, organizationId.toLowerCase(), limit, this.now());
  }

  /** Gives a subject a new key version, for values sealed from now on; older versions go on opening theirs. @returns whether it had one */
  async rotateSubjectKey(transaction: Transaction, scope: SubjectScope): Promise<boolean> {
    const had = await addSubjectKey(transaction, this.dataKeys, subjectHolder(scope));
    transaction.afterCommit(() => this.evict(scope));
    return had;
  }
}

function only<Value>(values: readonly Value[]): Value {
  const [value] = values;
  if (value === undefined || values.length > 1) throw new Error('Exactly one value was expected');
  return value;
}

/** HMAC-SHA-256 of (purpose, value): the same value under two purposes cannot be joined. */
function keyedHashOf(key: KeyObject, purpose: string, value: string): Buffer {
  return createHmac('sha256', key)
    .update(lengthPrefixed([storedNames.keyedHash, purpose]))
    .update(value)
    .digest();
}
