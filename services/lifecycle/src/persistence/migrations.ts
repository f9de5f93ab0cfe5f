import { separated, type SqlMigration } from '@vouchsafe/database';

export const lifecycleMigrations: readonly SqlMigration[] = [
  {
    name: 'lifecycle-001-termination',
    sql: (roles) => `
      create table organization (organization_id uuid primary key, name text not null);
      create table termination (organization_id uuid primary key, due_at timestamptz);
      create index termination_due on termination (due_at) where due_at is not null;
      ${separated('organization', roles)}
      ${separated('termination', roles)}
      grant select on organization to ${roles.request};
      grant select, insert, update on organization to ${roles.worker};
      grant select, insert, update on termination to ${roles.request}, ${roles.worker};
      grant select, delete on organization, termination to ${roles.retention};`,
  },
  {
    name: 'lifecycle-002-legal-hold',
    sql: ({ request, worker }) => `
      create table legal_hold (
        hold_id uuid primary key,
        held_organization_id uuid not null,
        -- The operator's: its members see every hold.
        organization_id uuid not null,
        status text not null,
        placed_at timestamptz not null,
        review_due_at timestamptz not null,
        constraint legal_hold_placed_at_hold_id_key unique (placed_at, hold_id)
      );
      alter table legal_hold enable row level security;
      alter table legal_hold force row level security;
      create policy held_or_operator on legal_hold to ${request}
        using (nullif(current_setting('vouchsafe.organization_id', true), '')::uuid in (held_organization_id, organization_id));
      create policy every_organization on legal_hold to ${worker} using (true);
      grant select, insert, update on legal_hold to ${request}, ${worker};`,
  },
];
