/** @promise P20 (main) binds the environment's name to every key: one of testing opens nothing in production */
import type { KeyObject } from 'node:crypto';
import { keyFrom, newKeyBytes } from './aead.js';
import { type CacheLimits, KeyCache } from './key-cache.js';
import type { KeyContext, KeyProvider, WrappedKey } from './key-provider.js';
import { storedNames } from './stored-names.js';

/**
 * Keys under a KEK. Opened ones are remembered by their wrapped bytes, which a row of the database gives anew each time: so
 * nothing here can outlive a rollback, a rotation or a purge.
 */
export class WrappedKeys {
  private readonly opened: KeyCache<Promise<KeyObject>>;

  constructor(
    private readonly provider: KeyProvider,
    private readonly environment: string,
    private readonly now: () => Date,
    cache: CacheLimits,
  ) {
    this.opened = new KeyCache(cache, now);
  }

  currentKekId(): Promise<string> {
    return this.provider.currentKeyId();
  }

  /** A fresh key, wrapped; the caller stores it and opens what the database kept. */
  make(context: KeyContext): Promise<WrappedKey> {
    return this.provider.wrap(newKeyBytes(), this.inEnvironment(context));
  }

  /** Asks the provider once, however many ask at a time. */
  open(key: WrappedKey, context: KeyContext): Promise<KeyObject> {
    const name = JSON.stringify([key.keyId, Buffer.from(key.wrapped).toString('base64'), context]);
    const known = this.opened.get(name);
    if (known) return known;
    const opening = this.unwrap(key, context);
    this.opened.set(name, opening, this.now().getTime());
    // A failure must not be remembered: the provider may be back a moment later.
    opening.catch(() => this.opened.delete(name));
    return opening;
  }

  /** The same key under today's KEK. */
  async rewrap({ keyId, wrapped }: WrappedKey, context: KeyContext): Promise<WrappedKey> {
    const bound = this.inEnvironment(context);
    return this.provider.wrap(await this.provider.unwrap(keyId, wrapped, bound), bound);
  }

  private async unwrap({ keyId, wrapped }: WrappedKey, context: KeyContext): Promise<KeyObject> {
    return keyFrom(await this.provider.unwrap(keyId, wrapped, this.inEnvironment(context)));
  }

  /** P20: the environment's name is bound, so a key of another environment does not open. */
  private inEnvironment(context: KeyContext): KeyContext {
    return { environment: this.environment, ...context };
  }
}

export function organizationKeyContext(organizationId: string, version: number): KeyContext {
  return { purpose: storedNames.organizationKey, organization: organizationId, version: String(version) };
}

export function serviceKeyContext(name: string): KeyContext {
  return { purpose: storedNames.serviceKey, name };
}
