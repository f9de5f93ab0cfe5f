import type { SqlMigration } from '@vouchsafe/database';
import { vaultMigrations } from '@vouchsafe/vault';
import { auditMigrations } from './migrations.js';

/** Everything in audit's database, in order. */
export const auditDatabaseMigrations: readonly SqlMigration[] = [...vaultMigrations, ...auditMigrations];
