export type { Destruction } from './destruction.js';
export { KEY_CACHE_MILLISECONDS } from './key-cache.js';
export type { KeyContext, KeyProvider, WrappedKey } from './key-provider.js';
export { addLocalKek, deleteLocalKek, localKeyProvider } from './local-key-provider.js';
export { vaultMigrations } from './migrations.js';
export { Secret, secret } from './secret.js';
export * from './vault.js';
export { VaultError, type VaultFault } from './vault-error.js';
