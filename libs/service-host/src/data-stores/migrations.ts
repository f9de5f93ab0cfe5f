import type { SqlMigration } from '@vouchsafe/database';

/** What a service has to do and has done about the erasures that it was told of; a due table (docs/event-store.md, 'Clocks'). */
export const dataStoreMigrations: readonly SqlMigration[] = [
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
  {
    name: 'service-host-004-erasure-of-organizations',
    sql: ({ worker, retention }) => `
      -- The same table for organizations (P31): who is erased is a person of user_id, or the organization of erased_organization_id.
      alter table erasure alter column user_id drop not null;
      alter table erasure add column erased_organization_id uuid unique;
      alter table erasure add check ((user_id is null) <> (erased_organization_id is null));
      -- Records found in each store when the erasure began; what is there later must be none.
      alter table erasure add column inventory jsonb;
      -- What stays at others, as it was known then.
      alter table erasure add column retained jsonb;
      grant update (inventory, retained) on erasure to ${worker};
${mayLoseOrganizations(['idempotency_key', 'erasure'], retention)}`,
  },
  {
    name: 'service-host-005-hold',
    sql: ({ request, worker, retention }) => `
      create table hold (
        hold_id uuid primary key,
        -- The operator's, in whose log it stands.
        organization_id uuid not null,
        held_organization_id uuid not null,
        scope jsonb not null,
        placed_at timestamptz not null,
        -- When nothing could be destroyed any more that it covers, and it stood outside of the database.
        confirmed_at timestamptz,
        release_requested_at timestamptz,
        released_at timestamptz
      );
      create index hold_on_organization on hold (held_organization_id) where released_at is null;
      alter table hold enable row level security;
      alter table hold force row level security;
      create policy held_organization on hold to ${request}
        using (held_organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid);
      create policy every_organization on hold to ${worker}, ${retention} using (true);
      grant select on hold to ${request}, ${retention};
      grant select, insert, update (confirmed_at, release_requested_at, released_at) on hold to ${worker};
      -- The holds that stop it.
      alter table erasure add column held_by uuid[];
      grant update (held_by) on erasure to ${worker};`,
  },
];

/** Lets `retention` remove the rows of organizations that are being erased, and no other. For tables with an `organization_id`. */
export function mayLoseOrganizations(tables: readonly string[], retention: string): string {
  return tables
    .map(
      (table) => `
      grant select, delete on ${table} to ${retention};
      create policy erased_organization on ${table} to ${retention}
        using (organization_id in (select organization_id from vault_erased_organization));
      create policy erased_organization_alone on ${table} as restrictive for delete to ${retention}
        using (organization_id in (select organization_id from vault_erased_organization));`,
    )
    .join('');
}
