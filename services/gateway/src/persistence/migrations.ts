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

/** The gateway's own steps; those of the rooms below come first (`withRoomMigrations`). */
export const gatewayMigrations: readonly SqlMigration[] = [accessLog];
