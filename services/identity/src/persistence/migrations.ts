import type { SqlMigration } from '@vouchsafe/database';
import { laterMigrations } from './later-migrations.js';
import { lookupFunction, tenantTable } from './tenant-table.js';

/** Tables of identity. Columns that end in `_sealed` hold personal values or secrets, sealed by the vault. */
export const identityMigrations: readonly SqlMigration[] = [
  {
    name: 'identity-001-read-models',
    sql: (roles) =>
      [
        tenantTable(roles, {
          name: 'organization',
          columns: `
            name text not null,
            status text not null check (status in ('pending', 'active')),
            second_factor_required boolean not null default false,
            registered_at timestamptz not null,
            primary key (organization_id)`,
          request: 'select, insert, update',
          worker: 'select',
          lookup: true,
        }),
        tenantTable(roles, {
          name: 'member',
          columns: `
            user_id uuid primary key,
            role text not null check (role in ('owner', 'admin', 'member', 'auditor', 'billing')),
            joined_at timestamptz not null,
            unique (organization_id, joined_at, user_id)`,
          request: 'select, insert, update, delete',
          worker: 'select',
          lookup: true,
        }),
        tenantTable(roles, {
          name: 'account',
          columns: `
            user_id uuid primary key,
            email_sealed text,
            name_sealed text,
            email_verified_at timestamptz,
            registered_at timestamptz not null`,
          request: 'select, insert, update, delete',
          worker: 'select',
        }),
        tenantTable(roles, {
          name: 'consent',
          columns: `
            user_id uuid not null,
            document text not null,
            version text not null,
            sha256 text not null,
            accepted_at timestamptz not null,
            source_ip_sealed text,
            user_agent_sealed text,
            primary key (user_id, document, version, sha256)`,
          request: 'select, insert',
        }),
        tenantTable(roles, {
          name: 'invitation',
          columns: `
            invitation_id uuid primary key,
            email_sealed text,
            role text not null,
            status text not null check (status in ('open', 'accepted', 'revoked')),
            created_at timestamptz not null,
            expires_at timestamptz not null,
            unique (organization_id, created_at, invitation_id)`,
          request: 'select, insert, update',
        }),
      ].join('\n'),
  },
  {
    name: 'identity-002-credentials',
    sql: (roles) =>
      [
        // Erasable: no event holds a credential or an email's hash.
        tenantTable(roles, {
          name: 'email_address',
          columns: `
            email_hash bytea primary key,
            user_id uuid not null unique`,
          request: 'select, insert, delete',
          lookup: true,
        }),
        tenantTable(roles, {
          name: 'password',
          columns: `
            user_id uuid primary key,
            hash text not null,
            changed_at timestamptz not null`,
          request: 'select, insert, update, delete',
          lookup: true,
        }),
        tenantTable(roles, {
          name: 'authenticator',
          columns: `
            authenticator_id uuid primary key,
            user_id uuid not null,
            kind text not null check (kind in ('totp')),
            secret_sealed text not null,
            -- The last time step whose code was taken; only a later one is taken again (RFC 6238 section 5.2).
            last_step bigint not null default 0,
            created_at timestamptz not null,
            enrolled_at timestamptz,
            last_used_at timestamptz`,
          request: 'select, insert, update, delete',
          lookup: true,
        }),
        'create index authenticator_by_user on authenticator (user_id);',
        tenantTable(roles, {
          name: 'recovery_code',
          columns: `
            user_id uuid not null,
            code_hash bytea not null,
            used_at timestamptz,
            primary key (user_id, code_hash)`,
          request: 'select, insert, update, delete',
        }),
        tenantTable(roles, {
          name: 'link_token',
          columns: `
            token_hash bytea primary key,
            purpose text not null check (purpose in ('verify-email', 'reset-password', 'accept-invitation')),
            subject_id uuid not null,
            expires_at timestamptz not null,
            used_at timestamptz`,
          request: 'select, insert, update, delete',
          worker: 'select, insert, delete',
          lookup: true,
        }),
        'create index link_token_by_subject on link_token (subject_id);',
        lookupFunction(roles, {
          signature: 'user_by_email(wanted bytea)',
          returns: 'table (organization_id uuid, user_id uuid)',
          body: 'select organization_id, user_id from email_address where email_hash = wanted',
        }),
        lookupFunction(roles, {
          signature: 'link_token(wanted bytea, meant_for text)',
          returns:
            'table (organization_id uuid, subject_id uuid, expires_at timestamptz, used_at timestamptz)',
          body: `select organization_id, subject_id, expires_at, used_at from link_token
                 where token_hash = wanted and purpose = meant_for`,
        }),
      ].join('\n'),
  },
  {
    name: 'identity-003-sessions',
    sql: (roles) =>
      [
        tenantTable(roles, {
          name: 'session',
          columns: `
            session_id uuid primary key,
            -- SHA-256 of the secret that the browser holds; the secret is stored nowhere.
            session_hash bytea not null unique,
            user_id uuid not null,
            level text not null check (level in ('single-factor', 'two-factor')),
            awaits_documents boolean not null default false,
            started_at timestamptz not null,
            last_seen_at timestamptz not null,
            authenticated_at timestamptz not null,
            idle_expires_at timestamptz not null,
            expires_at timestamptz not null,
            ended_at timestamptz,
            source_ip_sealed text,
            user_agent_sealed text`,
          request: 'select, insert, update, delete',
          lookup: true,
        }),
        'create index session_by_user on session (user_id) where ended_at is null;',
        tenantTable(roles, {
          name: 'log_in_challenge',
          columns: `
            challenge_hash bytea primary key,
            user_id uuid not null,
            next text not null check (next in ('totp', 'enrol-second-factor', 'accept-documents')),
            -- The restricted session that was begun beside the challenge, where there is one.
            session_id uuid,
            level text not null check (level in ('single-factor', 'two-factor')),
            attempts int not null default 0,
            expires_at timestamptz not null,
            completed_at timestamptz`,
          request: 'select, insert, update, delete',
          lookup: true,
        }),
        tenantTable(roles, {
          name: 'api_key',
          columns: `
            api_key_id uuid primary key,
            key_hash bytea not null unique,
            -- The first characters, so that a person can tell keys apart.
            start text not null,
            name text not null,
            scopes text[] not null,
            created_by uuid not null,
            created_at timestamptz not null,
            expires_at timestamptz,
            last_used_at timestamptz,
            revoked_at timestamptz,
            unique (organization_id, created_at, api_key_id)`,
          request: 'select, insert, update',
          lookup: true,
        }),
        // Failures per email address, whether or not an account has it: no organization is known (ASVS 6.3.1).
        `create table log_in_throttle (
           email_hash bytea primary key,
           failures int not null,
           window_ends_at timestamptz not null
         );
         alter table log_in_throttle enable row level security;
         alter table log_in_throttle force row level security;
         create policy every_row on log_in_throttle to ${roles.retention} using (true);
         grant select, delete on log_in_throttle to ${roles.retention};
         grant select, insert, update, delete on log_in_throttle to ${roles.lookup};`,
        lookupFunction(roles, {
          signature: 'session(wanted bytea)',
          returns: `table (organization_id uuid, session_id uuid, user_id uuid, level text, awaits_documents boolean,
            last_seen_at timestamptz, authenticated_at timestamptz, idle_expires_at timestamptz,
            expires_at timestamptz, ended_at timestamptz, role text, second_factor_required boolean)`,
          body: `
            select s.organization_id, s.session_id, s.user_id, s.level, s.awaits_documents, s.last_seen_at,
              s.authenticated_at, s.idle_expires_at, s.expires_at, s.ended_at, m.role, o.second_factor_required
            from session s
            join member m on m.user_id = s.user_id
            join organization o on o.organization_id = s.organization_id
            where s.session_hash = wanted`,
        }),
        lookupFunction(roles, {
          signature: 'api_key(wanted bytea)',
          returns: `table (organization_id uuid, api_key_id uuid, scopes text[], expires_at timestamptz,
            last_used_at timestamptz, revoked_at timestamptz, creator_role text)`,
          body: `
            select k.organization_id, k.api_key_id, k.scopes, k.expires_at, k.last_used_at, k.revoked_at, m.role
            from api_key k join member m on m.user_id = k.created_by
            where k.key_hash = wanted`,
        }),
        lookupFunction(roles, {
          signature: 'challenge(wanted bytea)',
          returns: 'table (organization_id uuid, user_id uuid)',
          body: 'select organization_id, user_id from log_in_challenge where challenge_hash = wanted',
        }),
        lookupFunction(roles, {
          signature: 'email_hash_of(wanted uuid)',
          returns: 'bytea',
          body: 'select email_hash from email_address where user_id = wanted',
        }),
        lookupFunction(roles, {
          signature: 'log_in_failures(wanted bytea, at timestamptz)',
          returns: 'table (failures int, window_ends_at timestamptz)',
          body: 'select failures, window_ends_at from log_in_throttle where email_hash = wanted and window_ends_at > at',
        }),
        lookupFunction(roles, {
          signature: 'count_log_in_failure(failed bytea, at timestamptz, ends timestamptz)',
          returns: 'int',
          volatility: 'volatile',
          body: `
            insert into log_in_throttle as t values (failed, 1, ends)
            on conflict (email_hash) do update set
              failures = case when t.window_ends_at > at then t.failures + 1 else 1 end,
              window_ends_at = case when t.window_ends_at > at then t.window_ends_at else ends end
            returning failures`,
        }),
        lookupFunction(roles, {
          signature: 'forget_log_in_failures(succeeded bytea)',
          returns: 'void',
          volatility: 'volatile',
          body: 'delete from log_in_throttle where email_hash = succeeded',
        }),
      ].join('\n'),
  },
  {
    name: 'identity-004-letters',
    sql: (roles) =>
      [
        tenantTable(roles, {
          name: 'letter',
          columns: `
            letter_id uuid primary key,
            -- Whose key seals the content: the user, the invitation, or nobody known.
            subject_id uuid,
            kind text not null,
            content_sealed text,
            -- The same letter is put here once, however often the work that asks for it is repeated.
            idempotency_key text not null unique,
            created_at timestamptz not null,
            due_at timestamptz not null,
            attempts int not null default 0,
            sent_at timestamptz,
            last_error text`,
          request: 'select, insert',
          worker: 'select, insert, update, delete',
        }),
        'create index letter_due on letter (due_at) where sent_at is null;',
      ].join('\n'),
  },
  ...laterMigrations,
];
