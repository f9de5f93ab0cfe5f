import type { SqlMigration } from '@vouchsafe/database';

/** What a service has to do and has done about the erasures that it was told of; a due table (docs/event-store.md, 'Clocks'). */
export const erasureMigrations: readonly SqlMigration[] = [
  {
    name: 'service-host-002-erasure',
    sql: ({ request, worker, retention }) => `
      create table erasure (
        erasure_id uuid primary key,
        organization_id uuid not null,
        user_id uuid not null,
        -- Where keys of the person may be: the person's organization, and the operator's for what stands in its log.
        organizations uuid[] not null,
        subjects uuid[] not null,
        requested_at timestamptz not null,
        due_at timestamptz not null,
        attempts int not null default 0,
        keys_destroyed int not null default 0,
        destroyed_at timestamptz,
        effective_from timestamptz,
        receipt_at timestamptz
      );
      create index erasure_due on erasure (due_at) where receipt_at is null;
      alter table erasure enable row level security;
      alter table erasure force row level security;
      create policy own_organization on erasure to ${request}
        using (organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid);
      create policy every_organization on erasure to ${worker}, ${retention} using (true);
      grant select on erasure to ${request};
      grant select, insert, update (due_at, attempts, receipt_at) on erasure to ${worker};
      grant select, update (keys_destroyed, destroyed_at, effective_from) on erasure to ${retention};`,
  },
  {
    name: 'service-host-003-erasure-held',
    sql: ({ worker }) => `
      -- Why no receipt is given though the keys are destroyed; null where nothing holds it up.
      alter table erasure add column held_because text;
      grant update (held_because) on erasure to ${worker};`,
  },
];
