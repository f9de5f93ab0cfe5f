/** @promise P04, P31 what may be removed, and by whom */
import type { SqlMigration } from '@vouchsafe/database';
import { mayLoseOrganizations } from '@vouchsafe/service-host';
import { separated } from './separated.js';

export const retentionMigrations: readonly SqlMigration[] = [
  {
    name: 'audit-008-retention',
    sql: (roles) => `
      -- How long an organization's entries are kept, and when that is looked after next: a due table (docs/event-store.md, 'Clocks').
      create table retention (
        organization_id uuid not null,
        -- What the entries are for (P05). All of them are the audit trail in this version.
        purpose text not null default 'audit-trail' check (purpose = 'audit-trail'),
        -- The organization's own period; null: that of the configuration.
        months int check (months between 1 and 120),
        due_at timestamptz not null,
        primary key (organization_id, purpose)
      );
      create index retention_due on retention (due_at);
      ${separated('retention', roles)}
      grant insert on retention to ${roles.request};
      grant select, insert, update (months, due_at) on retention to ${roles.worker};
      grant select, update (due_at) on retention to ${roles.retention};

      -- Whoever opens a log, the release before this one too.
      create function keep_log_of_organization() returns trigger language plpgsql set search_path = public as $$
      begin
        insert into retention (organization_id, due_at) values (new.organization_id, new.opened_at) on conflict do nothing;
        return null;
      end $$;
      create trigger keep after insert on log for each row execute function keep_log_of_organization();
      -- The owner is under row security too, and no policy is for it.
      alter table log no force row level security;
      alter table retention no force row level security;
      insert into retention (organization_id, due_at) select organization_id, min(opened_at) from log group by 1;
      alter table retention force row level security;
      alter table log force row level security;

      -- Entries that were recorded before a time are removed in batches: a run goes on where it was stopped.
      create table retention_run (
        run_id uuid primary key,
        organization_id uuid not null,
        purpose text not null,
        months int not null,
        recorded_before timestamptz not null,
        begun_at timestamptz not null,
        -- Everything that had to go up to here is gone.
        gone_until timestamptz not null default '-infinity',
        entries bigint not null default 0,
        disclosures bigint not null default 0,
        submissions bigint not null default 0,
        finished_at timestamptz
      );
      create unique index retention_run_unfinished on retention_run (organization_id, purpose) where finished_at is null;
      ${separated('retention_run', roles)}
      grant select, insert, update (finished_at) on retention_run to ${roles.worker};
      grant select, update (gone_until, entries, disclosures, submissions) on retention_run to ${roles.retention};

      -- Which leaves are gone, a row for each batch, and between which times they lay; their hashes stay in the tiles.
      create table expired_range (
        organization_id uuid not null,
        log_id uuid not null references log,
        first bigint not null,
        last bigint not null check (last >= first),
        first_recorded_at timestamptz not null,
        last_recorded_at timestamptz not null,
        first_occurred_at timestamptz not null,
        last_occurred_at timestamptz not null,
        run_id uuid not null references retention_run,
        primary key (log_id, first)
      );
      create index expired_range_run on expired_range (run_id);
      ${separated('expired_range', roles)}
      grant select on expired_range to ${roles.request}, ${roles.worker};
      grant select, insert on expired_range to ${roles.retention};

      grant delete on entry, disclosure, submission to ${roles.retention};
      create index submission_entry on submission (log_id, index);
      -- A bundle's key and question go as retention, too.
      grant select, update (status, sealed_key, sealed_request, expires_at, expired_because) on export to ${roles.retention};
      grant select on export_subject to ${roles.retention};`,
  },
  {
    name: 'audit-009-erasure-of-organizations',
    sql: ({ retention }) => `
      -- What goes with an organization (P31). Of its log stay the tiles, the last checkpoint and the public key.
${mayLoseOrganizations(
  [
    ...['entry_bundle', 'export_subject', 'export', 'reader', 'entry_volume', 'checkpoint'],
    ...['expired_range', 'retention_run', 'retention'],
  ],
  retention,
)}
      -- Then the log takes nothing more, and its private key is gone.
      alter table signing_key alter column sealed_seed drop not null;
      grant select, update (closed_at) on log to ${retention};
      grant select, update (sealed_seed) on signing_key to ${retention};
${['log', 'signing_key']
  .map(
    (
      table,
    ) => `      create policy erased_organization_alone on ${table} as restrictive for update to ${retention}
        using (organization_id in (select organization_id from vault_erased_organization));`,
  )
  .join('\n')}`,
  },
];
