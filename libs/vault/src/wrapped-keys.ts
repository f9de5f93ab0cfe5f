/** @promise P20 (main) binds the environment's name to every key: one of testing opens nothing in production */
import type { KeyObject } from 'node:crypto';
import { keyFrom, newKeyBytes } from './aead.js';
import { type CacheLimits, KeyCache } from './key-cache.js';
import type { KeyContext, KeyProvider, WrappedKey } from './key-provider.js';

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
  make(place: KeyContext): Promise<WrappedKey> {
    return this.provider.wrap(newKeyBytes(), this.context(place));
  }

  /** Asks the provider once, however many ask at a time. */
  open(key: WrappedKey, place: KeyContext): Promise<KeyObject> {
    const name = JSON.stringify([key.keyId, Buffer.from(key.wrapped).toString('base64'), place]);
    const known = this.opened.get(name);
    if (known) return known;
    const opening = this.unwrap(key, place);
    this.opened.set(name, opening, this.now().getTime());
    // A failure must not be remembered: the provider may be back a moment later.
    opening.catch(() => this.opened.delete(name));
    return opening;
  }

  /** The same key under today's KEK. */
  async rewrap({ keyId, wrapped }: WrappedKey, place: KeyContext): Promise<WrappedKey> {
    const context = this.context(place);
    return this.provider.wrap(await this.provider.unwrap(keyId, wrapped, context), context);
  }

  private async unwrap({ keyId, wrapped }: WrappedKey, place: KeyContext): Promise<KeyObject> {
    return keyFrom(await this.provider.unwrap(keyId, wrapped, this.context(place)));
  }

  /** P20: the environment's name is bound, so a key of another environment does not open. */
  private context(place: KeyContext): KeyContext {
    return { environment: this.environment, ...place };
  }
}

export function organizationKeyPlace(organizationId: string, version: number): KeyContext {
  return { purpose: 'organization-key', organization: organizationId, version: String(version) };
}

export function serviceKeyPlace(name: string): KeyContext {
  return { purpose: 'service-key', name };
}
