import type { SqlMigration } from '@vouchsafe/database';

export const billingMigrations: readonly SqlMigration[] = [];
