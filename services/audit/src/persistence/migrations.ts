import type { SqlMigration } from '@vouchsafe/database';
import { retentionMigrations } from './retention-migrations.js';
import { separated } from './separated.js';

/** Partitions of a table that grows for ever and is read by log: by a value of the row that never changes. */
const partitionedByHash = (table: string): string =>
  Array.from(
    { length: 8 },
    (_, remainder) =>
      `create table ${table}_${remainder} partition of ${table} for values with (modulus 8, remainder ${remainder});`,
  ).join('\n');

export const auditMigrations: readonly SqlMigration[] = [
  {
    name: 'audit-001-log',
    sql: (roles) => `
      create table log (
        log_id uuid primary key,
        organization_id uuid not null,
        origin text not null unique,
        -- The right edge of the tree: all that an append needs. This row's lock is the fence: who holds it writes alone.
        size bigint not null default 0 check (size >= 0),
        right_edge bytea not null default '',
        recorded_at timestamptz not null,
        -- The size that the newest checkpoint covers.
        checkpoint_size bigint not null default 0 check (checkpoint_size <= size),
        opened_at timestamptz not null,
        closed_at timestamptz
      );
      create unique index log_open on log (organization_id) where closed_at is null;
      create index log_to_sign on log (log_id) where size > checkpoint_size;
      ${separated('log', roles)}
      grant select, insert, update (size, right_edge, recorded_at) on log to ${roles.request}, ${roles.worker};
      grant update (checkpoint_size) on log to ${roles.worker};

      create function log_only_grows() returns trigger language plpgsql as $$
      begin
        if new.size < old.size or new.checkpoint_size < old.checkpoint_size or new.recorded_at < old.recorded_at then
          raise exception 'log % would go back', old.log_id using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$;
      create trigger only_grows before update on log for each row execute function log_only_grows();

      create table tile (
        organization_id uuid not null,
        log_id uuid not null,
        level smallint not null,
        index bigint not null,
        hashes bytea not null check (length(hashes) % 32 = 0 and length(hashes) <= 8192),
        primary key (log_id, level, index)
      ) partition by hash (log_id);
      ${partitionedByHash('tile')}
      -- Hashes do not compress.
      alter table tile alter column hashes set storage external;
      ${separated('tile', roles)}
      grant select, insert, update (hashes) on tile to ${roles.request}, ${roles.worker};

      create function tile_only_grows() returns trigger language plpgsql as $$
      begin
        if substring(new.hashes for length(old.hashes)) <> old.hashes then
          raise exception 'a tile of log % would change', old.log_id using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$;
      create trigger only_grows before update on tile for each row execute function tile_only_grows();

      create table checkpoint (
        organization_id uuid not null,
        log_id uuid not null,
        size bigint not null,
        note bytea not null,
        signed_at timestamptz not null,
        primary key (log_id, size)
      ) partition by hash (log_id);
      ${partitionedByHash('checkpoint')}
      ${separated('checkpoint', roles)}
      grant select on checkpoint to ${roles.request};
      grant select, insert on checkpoint to ${roles.worker};

      -- Keys of logs, and of manifests (then log_id is null); the private half is sealed by the vault.
      create table signing_key (
        vkey text primary key,
        organization_id uuid not null,
        log_id uuid references log,
        name text not null,
        sealed_seed text not null,
        signs_from timestamptz not null,
        signs_until timestamptz
      );
      create unique index signing_key_current on signing_key (name) where signs_until is null;
      ${separated('signing_key', roles)}
      grant select, insert on signing_key to ${roles.request}, ${roles.worker};
      grant select on signing_key to ${roles.lookup};

      -- The public halves of the keys that sign manifests: the operator's, and everybody's to check by.
      set local role ${roles.lookup};
      create function lookup.manifest_vkeys() returns setof text
        language sql stable security definer set search_path = public as $$
          select vkey from signing_key where log_id is null order by signs_from
        $$;
      revoke all on function lookup.manifest_vkeys from public;
      grant execute on function lookup.manifest_vkeys to ${roles.request};
      reset role;`,
  },
  {
    name: 'audit-002-entry',
    sql: (roles) => `
      create table entry (
        organization_id uuid not null,
        log_id uuid not null,
        index bigint not null,
        -- Never falls while the index rises, so (recorded_at, index) is the order of the log and months are its cuts.
        recorded_at timestamptz not null,
        occurred_at timestamptz not null,
        operation text not null,
        outcome text not null,
        entity_type text,
        -- Keyed hashes, 128 bits, of what may stand in the leaf as a digest only. Erasable.
        actor_key uuid,
        entity_key uuid,
        source_key uuid,
        request_key uuid,
        -- The words of what is in clear, for free text.
        words text[] not null,
        -- How many of its values stand in the leaf as digests: fewer open ones are erased ones.
        disclosable smallint not null,
        leaf bytea not null,
        primary key (organization_id, recorded_at, index)
      ) partition by range (recorded_at);
      create index entry_actor on entry (organization_id, actor_key, recorded_at, index);
      create index entry_entity on entry (organization_id, entity_key, recorded_at, index);
      create index entry_source on entry (organization_id, source_key, recorded_at, index);
      create index entry_request on entry (organization_id, request_key) where request_key is not null;
      create index entry_operation on entry (organization_id, operation, recorded_at, index);
      create index entry_entity_type on entry (organization_id, entity_type, recorded_at, index);
      create index entry_unsuccessful on entry (organization_id, recorded_at, index) where outcome <> 'success';
      create index entry_words on entry using gin (words);
      ${separated('entry', roles)}
      -- Append-only by privilege; what has expired or is erased is removed by the role 'retention'.
      grant select, insert on entry to ${roles.request}, ${roles.worker};

      grant select on entry to ${roles.lookup};

      -- Behind row security an index serves leakproof operators alone, and array containment is none: this look-up bypasses
      -- row security and restricts itself to the request's organization.
      set local role ${roles.lookup};
      create function lookup.entries_with_words(wanted text[], at_most int) returns table (recorded_at timestamptz, index bigint)
        language sql stable security definer set search_path = public as $$
          select recorded_at, index from entry
          where words @> wanted
            and organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid
          limit at_most
        $$;
      revoke all on function lookup.entries_with_words from public;
      grant execute on function lookup.entries_with_words to ${roles.request};
      reset role;

      create table disclosure (
        organization_id uuid not null,
        log_id uuid not null,
        index bigint not null,
        recorded_at timestamptz not null,
        -- The person whom these values are about; null: the organization's monthly key seals them.
        subject_id text,
        sealed text not null
      ) partition by range (recorded_at);
      create index disclosure_entry on disclosure (organization_id, recorded_at, index);
      ${separated('disclosure', roles)}
      grant select, insert on disclosure to ${roles.request}, ${roles.worker};

      -- Partitions are the owner's; a writer may only ask for the month that it needs.
      create function ensure_entry_month(wanted timestamptz) returns void
        language plpgsql security definer set search_path = public as $$
      declare
        first timestamptz := date_trunc('month', wanted, 'UTC');
        next timestamptz := date_trunc('month', wanted, 'UTC') + interval '1 month';
        suffix text := to_char(first at time zone 'UTC', 'YYYY_MM');
      begin
        if to_regclass('entry_' || suffix) is not null and to_regclass('disclosure_' || suffix) is not null then
          return;
        end if;
        perform pg_advisory_xact_lock(3104200501);
        execute format('create table if not exists entry_%s partition of entry for values from (%L) to (%L)',
          suffix, first, next);
        execute format('create table if not exists disclosure_%s partition of disclosure for values from (%L) to (%L)',
          suffix, first, next);
      end $$;
      alter function ensure_entry_month set timezone = 'UTC';
      alter function ensure_entry_month owner to ${roles.migrator};
      revoke all on function ensure_entry_month from public;
      grant execute on function ensure_entry_month to ${roles.request}, ${roles.worker};

      -- A row for each 256 entries of a log: where in time they lie. Finds an index's month, and a time range's indices.
      create table entry_bundle (
        organization_id uuid not null,
        log_id uuid not null,
        number bigint not null,
        first_recorded_at timestamptz not null,
        last_recorded_at timestamptz not null,
        first_occurred_at timestamptz not null,
        last_occurred_at timestamptz not null,
        primary key (log_id, number)
      ) partition by hash (log_id);
      ${partitionedByHash('entry_bundle')}
      ${separated('entry_bundle', roles)}
      grant select, insert,
        update (last_recorded_at, first_occurred_at, last_occurred_at) on entry_bundle to ${roles.request}, ${roles.worker};

      -- What a client sent, by the keyed hash of its own id, so that sent twice is recorded once.
      create table submission (
        organization_id uuid not null,
        id_key uuid not null,
        content_key uuid not null,
        log_id uuid not null,
        index bigint not null,
        primary key (organization_id, id_key)
      ) partition by hash (organization_id);
      ${partitionedByHash('submission')}
      ${separated('submission', roles)}
      grant select, insert on submission to ${roles.request}, ${roles.worker};`,
  },
  {
    name: 'audit-003-reader',
    sql: (roles) => `
      -- Paths given to auditors: whoever knows one may follow the log's hashes, until it expires or is revoked.
      create table reader (
        reader_id uuid primary key,
        organization_id uuid not null,
        log_id uuid not null references log,
        token_hash bytea not null unique,
        sealed_name text not null,
        created_by text not null,
        created_at timestamptz not null,
        expires_at timestamptz,
        revoked_at timestamptz
      );
      create index reader_organization on reader (organization_id, created_at);
      ${separated('reader', roles)}
      grant select, insert, update (revoked_at) on reader to ${roles.request};
      grant select on reader to ${roles.worker}, ${roles.lookup};

      set local role ${roles.lookup};
      create function lookup.log_of_reader(token bytea, at timestamptz) returns table (organization_id uuid, log_id uuid)
        language sql stable security definer set search_path = public as $$
          select organization_id, log_id from reader
          where token_hash = token and revoked_at is null and (expires_at is null or expires_at > at)
        $$;
      revoke all on function lookup.log_of_reader from public;
      grant execute on function lookup.log_of_reader to ${roles.request};
      reset role;`,
  },
  {
    name: 'audit-004-export',
    sql: (roles) => `
      create table export (
        export_id uuid primary key,
        organization_id uuid not null,
        status text not null check (status in ('running', 'ready', 'failed', 'expired')),
        requested_by text not null,
        requested_at timestamptz not null,
        -- What was asked for may name people: sealed, and gone with the bundle.
        sealed_request text,
        done bigint not null default 0,
        total bigint not null default 0,
        -- Whose work it is, and until when; an instance that dies leaves it to the next one.
        attempt int not null default 0,
        leased_until timestamptz,
        failed_because text,
        -- The key of the bundle's file, sealed; without it the file is noise.
        sealed_key text,
        directory_at bigint,
        directory_length bigint,
        size bigint,
        expires_at timestamptz
      );
      create index export_to_do on export (requested_at) where status = 'running';
      create index export_due on export (expires_at) where status in ('ready', 'failed');
      ${separated('export', roles)}
      grant select, insert on export to ${roles.request};
      grant select, update on export to ${roles.worker};`,
  },
  {
    name: 'audit-005-erasure',
    sql: (roles) => `
      -- Of an erased person what was searched by is removed; the leaf and its digests stay (P10).
      grant select, update (actor_key, entity_key, source_key, request_key) on entry to ${roles.retention};
      grant select on disclosure to ${roles.retention};
      alter table submission alter column content_key drop not null;
      grant select, update (content_key) on submission to ${roles.retention};

      -- Whose values a bundle opened: it goes with the first of them who is erased.
      create table export_subject (
        organization_id uuid not null,
        export_id uuid not null references export on delete cascade,
        subject_id text not null,
        primary key (export_id, subject_id)
      );
      create index export_subject_subject on export_subject (organization_id, subject_id);
      ${separated('export_subject', roles)}
      grant select, insert, delete on export_subject to ${roles.worker};
      alter table export add column expired_because text check (expired_because in ('time', 'erasure'));`,
  },
  {
    name: 'audit-006-provenance',
    sql: () => `
      -- Who recorded an entry, as its leaf says it in clear. A leaf of version 1 knows no submitter. Most of what is there is the
      -- gateway's: as a default that is then dropped, these rows have it without being written again.
      alter table entry add column provenance text default 'observed', add column source text default 'gateway',
        add column submitter_type text, add column submitter_id text;
      alter table entry alter column provenance drop default, alter column source drop default;

      -- Of version 1 'api' was the one source of what somebody sent; everything else was ours.
      create function origin_of_entry() returns trigger language plpgsql as $$
      begin
        new.source := convert_from(new.leaf, 'UTF8')::json ->> 'source';
        new.provenance := case when new.source = 'api' then 'asserted' else 'observed' end;
        return new;
      end $$;
      -- The release before this one may still write, and says nothing of it.
      create trigger origin before insert on entry
        for each row when (new.provenance is null) execute function origin_of_entry();

      -- The owner is under row security too, and no policy is for it.
      alter table entry no force row level security;
      -- An entry's words hold its source, and have an index.
      update entry set (source, provenance) = (
        select told.source, case when told.source = 'api' then 'asserted' else 'observed' end
        from (select convert_from(leaf, 'UTF8')::json ->> 'source' as source) as told)
      where words && '{api,identity,audit}' and convert_from(leaf, 'UTF8')::json ->> 'source' <> 'gateway';
      alter table entry force row level security;

      create index entry_provenance on entry (organization_id, provenance, recorded_at, index);
      create index entry_source_name on entry (organization_id, source, recorded_at, index);
      -- What our services submit has their name as its source.
      create index entry_submitter on entry (organization_id, submitter_id, recorded_at, index)
        where provenance = 'asserted';
      create index entry_of_session on entry (organization_id, recorded_at, index) where submitter_type = 'session';

      -- What is compared of an id that comes again depends on the leaf that it made.
      alter table submission add column leaf_version smallint not null default 1;`,
  },
  {
    name: 'audit-007-volume',
    sql: (roles) => `
      -- What an organization has submitted by the API, by window; a window begins with what is submitted first.
      create table entry_volume (
        organization_id uuid not null,
        seconds int not null,
        entries bigint not null,
        bytes bigint not null,
        ends_at timestamptz not null,
        primary key (organization_id, seconds)
      );
      ${separated('entry_volume', roles)}
      grant select, insert, update on entry_volume to ${roles.request};`,
  },
  ...retentionMigrations,
];
