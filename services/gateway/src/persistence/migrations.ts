import { mayLoseOrganizations } from '@vouchsafe/service-host';
import type { SqlMigration } from '@vouchsafe/database';

const accessLog: SqlMigration = {
  name: 'gateway-001-access-log',
  sql: ({ worker }) => `
    -- A gateway process. Its lease says that it lives; when the lease has ended, any other one closes its open entries.
    create table gateway_instance (
      id uuid primary key,
      lease_until timestamptz not null,
      started_at timestamptz not null
    );
    grant select, insert, update, delete on gateway_instance to ${worker};

    -- Requests that may have changed something and whose outcome nobody has written yet.
    create table open_entry (
      request_id text primary key,
      instance_id uuid not null,
      organization_id uuid not null,
      received_at timestamptz not null,
      entry jsonb not null,
      envelope jsonb not null
    );
    create index open_entry_instance_id on open_entry (instance_id);
    alter table open_entry enable row level security;
    alter table open_entry force row level security;
    create policy every_organization on open_entry to ${worker} using (true);
    -- Update for row locks alone.
    grant select, insert, update, delete on open_entry to ${worker};`,
};

/**
 * The access log grows with every request, so each month of it is a partition of its own, which retention can drop whole (P04):
 * its streams begin with their month (access-log.events.ts).
 */
const accessLogMonths: SqlMigration = {
  name: 'gateway-002-access-log-months',
  sql: ({ migrator, worker }) => `
    create function ensure_access_log_month(wanted timestamptz) returns void
      language plpgsql security definer set search_path = public set timezone = 'UTC' as $$
    declare
      first text := 'access-log-' || to_char(wanted, 'YYYY-MM');
      next text := 'access-log-' || to_char(date_trunc('month', wanted) + interval '1 month', 'YYYY-MM');
      name text := 'event_access_log_' || to_char(wanted, 'YYYY_MM');
    begin
      if to_regclass(name) is not null then return; end if;
      perform pg_advisory_xact_lock(3104200502);
      if to_regclass(name) is not null then return; end if;
      execute format('create table %I partition of event for values from (%L) to (%L)', name, first, next);
      perform make_immutable(name);
    end $$;
    alter function ensure_access_log_month owner to ${migrator};
    revoke all on function ensure_access_log_month from public;
    grant execute on function ensure_access_log_month to ${worker};`,
};

/** What an entry was sealed by. Those of before are of version 1, and so are those that a former release writes beside this one. */
const openEntryVersion: SqlMigration = {
  name: 'gateway-003-open-entry-version',
  sql: () => 'alter table open_entry add column schema_version int not null default 1;',
};

/** Entries of an organization that is erased (P31). */
const openEntryErasure: SqlMigration = {
  name: 'gateway-004-open-entry-erasure',
  sql: ({ retention }) => mayLoseOrganizations(['open_entry'], retention),
};

/** The gateway's own steps; those of the libraries below come first (`withSharedMigrations`). */
export const gatewayMigrations: readonly SqlMigration[] = [
  accessLog,
  accessLogMonths,
  openEntryVersion,
  openEntryErasure,
];
