import type { SqlMigration } from '@vouchsafe/database';
import { lookupFunction } from './tenant-table.js';

/** What was added to the tables since. */
export const laterMigrations: readonly SqlMigration[] = [
  {
    name: 'identity-005-inviter',
    sql: () => `
      alter table invitation add column invited_by uuid;
      create index invitation_by_inviter on invitation (invited_by) where status = 'open';`,
  },
  {
    name: 'identity-006-letter-limit',
    sql: (roles) =>
      [
        // Letters per address and kind, whether or not an account has it: no organization is known.
        `create table letter_limit (
           email_hash bytea not null,
           about text not null check (about in ('sign-up', 'password-reset', 'invitation')),
           letters int not null,
           window_ends_at timestamptz not null,
           primary key (email_hash, about)
         );
         alter table letter_limit enable row level security;
         alter table letter_limit force row level security;
         create policy every_row on letter_limit to ${roles.retention} using (true);
         grant select, delete on letter_limit to ${roles.retention};
         grant select, insert, update on letter_limit to ${roles.lookup};`,
        lookupFunction(roles, {
          signature: 'count_letter(addressee bytea, subject text, at timestamptz, ends timestamptz)',
          returns: 'int',
          volatility: 'volatile',
          body: `
            insert into letter_limit as t values (addressee, subject, 1, ends)
            on conflict (email_hash, about) do update set
              letters = case when t.window_ends_at > at then t.letters + 1 else 1 end,
              window_ends_at = case when t.window_ends_at > at then t.window_ends_at else ends end
            returning letters`,
        }),
      ].join('\n'),
  },
];
