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
  {
    name: 'identity-007-attempt-limit',
    sql: (roles) =>
      [
        // Attempts per account and network, per account, and per session: no organization is known (ASVS 6.3.1).
        `create table attempt_limit (
           attempt_key bytea primary key,
           attempts int not null,
           window_ends_at timestamptz not null
         );
         alter table attempt_limit enable row level security;
         alter table attempt_limit force row level security;
         create policy every_row on attempt_limit to ${roles.retention} using (true);
         grant select, delete on attempt_limit to ${roles.retention};
         grant select, insert, update, delete on attempt_limit to ${roles.lookup};`,
        lookupFunction(roles, {
          signature: 'take_attempt(wanted bytea, at timestamptz, ends timestamptz)',
          returns: 'table (attempts int, window_ends_at timestamptz)',
          volatility: 'volatile',
          body: `
            insert into attempt_limit as t values (wanted, 1, ends)
            on conflict (attempt_key) do update set
              attempts = case when t.window_ends_at > at then t.attempts + 1 else 1 end,
              window_ends_at = case when t.window_ends_at > at then t.window_ends_at else ends end
            returning t.attempts, t.window_ends_at`,
        }),
        lookupFunction(roles, {
          signature: 'give_back_attempt(taken bytea)',
          returns: 'void',
          volatility: 'volatile',
          body: 'update attempt_limit set attempts = greatest(attempts - 1, 0) where attempt_key = taken',
        }),
        lookupFunction(roles, {
          signature: 'forget_attempts(proved bytea)',
          returns: 'void',
          volatility: 'volatile',
          body: 'delete from attempt_limit where attempt_key = proved',
        }),
        `set local role ${roles.lookup};
         drop function lookup.log_in_failures(bytea, timestamptz);
         drop function lookup.count_log_in_failure(bytea, timestamptz, timestamptz);
         drop function lookup.forget_log_in_failures(bytea);
         -- Nobody asks these any more, or not for so much.
         drop function lookup.email_hash_of(uuid);
         drop function lookup.challenge(bytea);
         drop function lookup.link_token(bytea, text);
         reset role;
         drop table log_in_throttle;`,
        lookupFunction(roles, {
          signature: 'challenge(wanted bytea)',
          returns: 'table (organization_id uuid)',
          body: 'select organization_id from log_in_challenge where challenge_hash = wanted',
        }),
        lookupFunction(roles, {
          signature: 'link_token(wanted bytea, meant_for text)',
          returns: 'table (organization_id uuid, subject_id uuid)',
          body: 'select organization_id, subject_id from link_token where token_hash = wanted and purpose = meant_for',
        }),
      ].join('\n'),
  },
  {
    name: 'identity-008-password-alone',
    sql: (roles) =>
      [
        // Whether it is long enough to be the only factor (ASVS 6.2.1): its length is not known any more.
        `alter table password add column good_alone boolean not null default true;
         alter table password alter column good_alone drop default;
         set local role ${roles.lookup};
         drop function lookup.session(bytea);
         reset role;`,
        lookupFunction(roles, {
          signature: 'session(wanted bytea)',
          returns: `table (organization_id uuid, session_id uuid, user_id uuid, level text, awaits_documents boolean,
            last_seen_at timestamptz, authenticated_at timestamptz, idle_expires_at timestamptz,
            expires_at timestamptz, ended_at timestamptz, role text, second_factor_required boolean)`,
          body: `
            select s.organization_id, s.session_id, s.user_id, s.level, s.awaits_documents, s.last_seen_at,
              s.authenticated_at, s.idle_expires_at, s.expires_at, s.ended_at, m.role,
              o.second_factor_required
                or exists (select from password p where p.user_id = s.user_id and not p.good_alone)
            from session s
            join member m on m.user_id = s.user_id
            join organization o on o.organization_id = s.organization_id
            where s.session_hash = wanted`,
        }),
      ].join('\n'),
  },
  {
    name: 'identity-009-erasure',
    sql: ({ retention }) => `
      -- Finds the invitations to a person who is to be erased; erasable (P10).
      alter table invitation add column email_hash bytea;
      create index invitation_by_email on invitation (email_hash) where email_hash is not null;
      grant update (email_hash) on invitation to ${retention};`,
  },
  {
    name: 'identity-010-api-key-source',
    sql: (roles) =>
      [
        // Keys of before, and those that the release before makes while both run, share the source of that time.
        `alter table api_key add column source text not null default 'api';`,
        // A function of its own: the release before has `select * from lookup.api_key($1)` prepared on its connections, and Postgres
        // refuses a prepared statement whose result has got another column (0A000) until the connection is closed.
        lookupFunction(roles, {
          signature: 'api_key_with_source(wanted bytea)',
          returns: `table (organization_id uuid, api_key_id uuid, scopes text[], expires_at timestamptz,
            last_used_at timestamptz, revoked_at timestamptz, creator_role text, source text)`,
          body: `
            select k.organization_id, k.api_key_id, k.scopes, k.expires_at, k.last_used_at, k.revoked_at, m.role, k.source
            from api_key k join member m on m.user_id = k.created_by
            where k.key_hash = wanted`,
        }),
      ].join('\n'),
  },
  {
    name: 'identity-011-email',
    sql: (roles) =>
      [
        `alter table letter rename to email;
         alter table email rename column letter_id to email_id;
         alter index letter_pkey rename to email_pkey;
         alter index letter_due rename to email_due;
         alter index letter_idempotency_key_key rename to email_idempotency_key_key;
         alter table letter_limit rename to email_limit;
         alter table email_limit rename column letters to emails;
         alter index letter_limit_pkey rename to email_limit_pkey;
         alter table email_limit rename constraint letter_limit_about_check to email_limit_about_check;`,
        lookupFunction(roles, {
          signature: 'count_email(addressee bytea, subject text, at timestamptz, ends timestamptz)',
          returns: 'int',
          volatility: 'volatile',
          body: `
            insert into email_limit as t values (addressee, subject, 1, ends)
            on conflict (email_hash, about) do update set
              emails = case when t.window_ends_at > at then t.emails + 1 else 1 end,
              window_ends_at = case when t.window_ends_at > at then t.window_ends_at else ends end
            returning emails`,
        }),
        // The former names, for the former release during an upgrade and after a rollback. The next release drops them (ADR 0040).
        `create view letter with (security_invoker = true) as
           select organization_id, email_id as letter_id, subject_id, kind, content_sealed, idempotency_key, created_at, due_at,
             attempts, sent_at, last_error
           from email;
         grant select, insert on letter to ${roles.request};
         grant select, insert, update, delete on letter to ${roles.worker};
         grant select, delete on letter to ${roles.retention};
         create view letter_limit with (security_invoker = true) as
           select email_hash, about, emails as letters, window_ends_at from email_limit;
         grant select, delete on letter_limit to ${roles.retention};
         grant select, insert, update on letter_limit to ${roles.lookup};`,
      ].join('\n'),
  },
  {
    name: 'identity-012-inactive-organization',
    sql: (roles) =>
      [
        // Lifecycle says so (P31); the release before does not know of it.
        `alter table organization add column inactive_since timestamptz;
         grant update (inactive_since) on organization to ${roles.worker};`,
        // Functions of their own, as in identity-010.
        lookupFunction(roles, {
          signature: 'session_and_organization(wanted bytea)',
          returns: `table (organization_id uuid, session_id uuid, user_id uuid, level text, awaits_documents boolean,
            last_seen_at timestamptz, authenticated_at timestamptz, idle_expires_at timestamptz,
            expires_at timestamptz, ended_at timestamptz, role text, second_factor_required boolean, organization_inactive boolean)`,
          body: `
            select s.organization_id, s.session_id, s.user_id, s.level, s.awaits_documents, s.last_seen_at,
              s.authenticated_at, s.idle_expires_at, s.expires_at, s.ended_at, m.role,
              o.second_factor_required
                or exists (select from password p where p.user_id = s.user_id and not p.good_alone),
              o.inactive_since is not null
            from session s
            join member m on m.user_id = s.user_id
            join organization o on o.organization_id = s.organization_id
            where s.session_hash = wanted`,
        }),
        lookupFunction(roles, {
          signature: 'api_key_and_organization(wanted bytea)',
          returns: `table (organization_id uuid, api_key_id uuid, scopes text[], expires_at timestamptz,
            last_used_at timestamptz, revoked_at timestamptz, creator_role text, source text, organization_inactive boolean)`,
          body: `
            select k.organization_id, k.api_key_id, k.scopes, k.expires_at, k.last_used_at, k.revoked_at, m.role, k.source,
              o.inactive_since is not null
            from api_key k
            join member m on m.user_id = k.created_by
            join organization o on o.organization_id = k.organization_id
            where k.key_hash = wanted`,
        }),
      ].join('\n'),
  },
  {
    name: 'identity-013-unused-accounts',
    sql: ({ worker }) => `
      -- When an account was used last, to the day (P03): of accounts from before nobody knows it, so it is the day of the upgrade. The release
      -- before writes none of this.
      alter table account
        add column last_used_on date not null default (now() at time zone 'utc')::date,
        add column unused_warnings smallint not null default 0 check (unused_warnings between 0 and 2),
        -- As the person was told.
        add column anonymized_from date;
      create index account_by_last_use on account (last_used_on);
      grant update (last_used_on, unused_warnings, anonymized_from) on account to ${worker};`,
  },
];
