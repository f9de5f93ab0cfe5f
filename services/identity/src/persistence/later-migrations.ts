import type { SqlMigration } from '@vouchsafe/database';

/** What was added to the tables since. */
export const laterMigrations: readonly SqlMigration[] = [
  {
    name: 'identity-005-inviter',
    sql: () => `
      alter table invitation add column invited_by uuid;
      create index invitation_by_inviter on invitation (invited_by) where status = 'open';`,
  },
];
