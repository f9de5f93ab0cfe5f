export { type DataWithFields, subjectsInClear } from './fields.js';
export { type Destruction, erasedAmong, refusedAmong, subjectKeys } from './destruction.js';
export { openJwe, sealJwe } from './jwe.js';
export { KEY_CACHE_MILLISECONDS, KeyCache } from './key-cache.js';
export type { KeyContext, KeyProvider, WrappedKey } from './key-provider.js';
export { addLocalKek, deleteLocalKek, localKeks, localKeyProvider } from './local-key-provider.js';
export { vaultMigrations } from './migrations.js';
export {
  type Ledger,
  type LedgerLine,
  type OutsideTombstones,
  type RecordedHold,
  type Tombstone,
  tombstoneFile,
} from './outside-tombstones.js';
export type { RotationStep } from './rotation.js';
export type { Context, Scope, SubjectScope } from './scope.js';
export { Secret, secret } from './secret.js';
export { type ByteRange, openingStream, sealedLength, sealedRange, sealingStream } from './stream.js';
export type { TransitKey } from './transit-keys.js';
export type { ToOpen, ToSeal } from './values.js';
export { Vault, type VaultOptions } from './vault.js';
export { VaultError, type VaultFault } from './vault-error.js';
