import type { DatabaseRole } from '@vouchsafe/database';
import { KEY_CACHE_MILLISECONDS, secret } from '@vouchsafe/vault';
import { z } from 'zod';
import { busConfig } from './bus.js';

const password = z
  .string()
  .min(1)
  .transform((value) => secret(value));

/** Environment variables of a service that keeps data; every one of them goes through `PersistenceModule`. */
export const persistenceConfig = z.object({
  /** `postgres://host:port/database`, without credentials. */
  VOUCHSAFE_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  /** Only for an instance that migrates at its start; in a cluster a job does. */
  VOUCHSAFE_DATABASE_PASSWORD_MIGRATOR: password.optional(),
  VOUCHSAFE_DATABASE_PASSWORD_REQUEST: password,
  VOUCHSAFE_DATABASE_PASSWORD_WORKER: password,
  VOUCHSAFE_DATABASE_PASSWORD_RETENTION: password,
  /** Connections of each role's pool. */
  VOUCHSAFE_DATABASE_POOL: z.coerce.number().int().min(1).max(200).default(10),
  /** File of key-encryption keys (libs/vault), readable by its owner alone. */
  VOUCHSAFE_KEK_FILE: z.string().min(1),
  /** Milliseconds for which an opened key is held; all instances alike: a receipt of an erasure waits so long (P10). */
  VOUCHSAFE_KEY_CACHE_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(KEY_CACHE_MILLISECONDS)
    .default(KEY_CACHE_MILLISECONDS),
  /** Where erasures are remembered outside of the database: on another disk, and in no backup of it (P10). */
  VOUCHSAFE_TOMBSTONE_FILE: z.string().min(1),
  /**
   * Its members are staff, and its log takes what belongs to no customer (a request of no known organization, a log-in to no account, the
   * reads of logs): so every erasure is carried out there, too.
   */
  VOUCHSAFE_OPERATOR_ORGANIZATION_ID: z.uuid(),
  ...busConfig.shape,
});
export type PersistenceConfig = z.output<typeof persistenceConfig>;

/** @throws Error for a role whose password this instance was not given */
export function passwordOf(config: PersistenceConfig, role: DatabaseRole): string {
  const found = {
    migrator: config.VOUCHSAFE_DATABASE_PASSWORD_MIGRATOR,
    request: config.VOUCHSAFE_DATABASE_PASSWORD_REQUEST,
    worker: config.VOUCHSAFE_DATABASE_PASSWORD_WORKER,
    retention: config.VOUCHSAFE_DATABASE_PASSWORD_RETENTION,
  }[role];
  if (!found) throw new Error(`No password is configured for the ${role} role`);
  return found.reveal();
}
