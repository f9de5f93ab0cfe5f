/**
 * Holds the key-encryption keys (KEK): a local file on one machine, a key management service in a cluster. `context` is
 * bound as associated data (AWS KMS: encryption context), so a wrapped key opens only where it was wrapped for.
 */
export interface KeyProvider {
  /** The KEK that `wrap` uses; rotation re-wraps whatever stands under another. */
  currentKeyId(): Promise<string>;
  wrap(key: Uint8Array, context: KeyContext): Promise<WrappedKey>;
  /** @throws VaultError `kek-unknown`, `kek-does-not-open` */
  unwrap(keyId: string, wrapped: Uint8Array, context: KeyContext): Promise<Uint8Array>;
}

export type KeyContext = Readonly<Record<string, string>>;

export interface WrappedKey {
  readonly keyId: string;
  readonly wrapped: Uint8Array;
}
