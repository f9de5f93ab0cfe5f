import type { SqlMigration } from '@vouchsafe/database';

export const billingMigrations: readonly SqlMigration[] = [
  {
    name: 'billing-001-billing',
    sql: ({ request, worker }) => `
      create table billing (
        billing_id uuid primary key,
        organization_id uuid not null,
        created_at timestamptz not null,
        retired_at timestamptz
      );
      create index billing_created_at on billing (organization_id, created_at, billing_id);
      -- A request sees its organization's rows alone, a worker every one (P19).
      alter table billing enable row level security;
      alter table billing force row level security;
      create policy own_organization on billing to ${request}
        using (organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid);
      create policy every_organization on billing to ${worker} using (true);
      grant select, insert, update (retired_at) on billing to ${request};
      grant select on billing to ${worker};`,
  },
];
