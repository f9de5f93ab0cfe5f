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
    name: 'lifecycle-002-purge',
    sql: (roles) => `
      -- Due table of the purges whose data has left production: when to look again whether backups hold it.
      create table purge (erasure_id uuid primary key, organization_id uuid not null, due_at timestamptz);
      create index purge_due on purge (due_at) where due_at is not null;
      -- By the address that the owners are given at the end of the organization. Its row is the organization's until its data is deleted,
      -- and then the operator's.
      create table certificate (
        certificate_id uuid primary key,
        organization_id uuid not null,
        epoch int not null,
        erasure_id uuid unique,
        -- A signed note (docs/formats.md); null until it is issued.
        note text
      );
      create table certificate_key (
        vkey text primary key,
        organization_id uuid not null,
        name text not null unique,
        sealed_seed text not null,
        signs_from timestamptz not null
      );
      ${['purge', 'certificate', 'certificate_key'].map((table) => separated(table, roles)).join('\n')}
      grant select, insert, update on purge, certificate to ${roles.worker};
      grant select, insert on certificate_key to ${roles.worker};
      grant select, delete on certificate to ${roles.retention};`,
  },
  {
    name: 'lifecycle-003-attachment',
    sql: (roles) => `
      create table attachment (
        organization_id uuid not null,
        attachment_id uuid primary key,
        status text not null,
        name_sealed text not null,
        media_type text not null,
        size bigint not null,
        sha256 text,
        key_sealed text not null,
        uploaded_by uuid,
        created_at timestamptz not null,
        due_at timestamptz,
        unique (organization_id, created_at, attachment_id)
      );
      create index attachment_due_at on attachment (due_at);
      ${separated('attachment', roles)}
      grant select, insert, update on attachment to ${roles.request};
      grant select, update, delete on attachment to ${roles.worker};
      grant select, delete on attachment to ${roles.retention};`,
  },
  {
    name: 'lifecycle-004-legal-hold',
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
  {
    name: 'lifecycle-005-unknown-body',
    sql: (roles) => `
      -- Bodies of attachments that no row knows, and since when: they may be those of a newer database than the one that was restored.
      create table unknown_body (
        organization_id uuid not null,
        attachment_id uuid primary key,
        seen_at timestamptz not null
      );
      ${separated('unknown_body', roles)}
      grant select, insert, delete on unknown_body to ${roles.worker};
      grant select, delete on unknown_body to ${roles.retention};
      -- One row: when the bodies are listed again, by one instance.
      create table body_search (due_at timestamptz not null);
      insert into body_search values (clock_timestamp());
      grant select, update on body_search to ${roles.worker};
      -- Since when an organization has ended without that its owners were told; null where they were.
      alter table termination add column untold_since timestamptz;`,
  },
  {
    name: 'lifecycle-006-return',
    sql: (roles) => `
      create table data_return (
        organization_id uuid not null,
        return_id uuid primary key,
        status text not null,
        from_time timestamptz,
        to_time timestamptz,
        part_size bigint not null,
        plan jsonb,
        position jsonb,
        requested_at timestamptz not null,
        expires_at timestamptz,
        due_at timestamptz,
        unique (organization_id, requested_at, return_id)
      );
      create index data_return_due_at on data_return (due_at);
      create table return_part (
        organization_id uuid not null,
        part_id uuid primary key,
        return_id uuid not null,
        number int not null,
        status text not null,
        size bigint not null,
        sha256 text,
        key_sealed text not null,
        unique (return_id, number)
      );
      ${separated('data_return', roles)}
      ${separated('return_part', roles)}
      grant select, insert, update on data_return to ${roles.request};
      grant select on return_part to ${roles.request};
      grant select, update on data_return to ${roles.worker};
      grant select, insert, update, delete on return_part to ${roles.worker};
      grant select, delete on data_return, return_part to ${roles.retention};`,
  },
  {
    name: 'lifecycle-007-data-request',
    sql: ({ request, worker, retention }) => `
      create table data_request (
        data_request_id uuid primary key,
        organization_id uuid not null,
        kind text not null,
        status text not null,
        user_id uuid,
        received_at timestamptz not null,
        due_at timestamptz,
        erasure_id uuid,
        receipt_id uuid not null,
        receipt text,
        contact_hash bytea,
        follow_at timestamptz,
        constraint data_request_receipt_id_key unique (receipt_id),
        constraint data_request_received_at_data_request_id_key unique (received_at, data_request_id)
      );
      create index data_request_follow_at on data_request (follow_at);
      create index data_request_erasure_id on data_request (erasure_id);
      alter table data_request enable row level security;
      alter table data_request force row level security;
      -- Nobody sees a request from outside before the address is confirmed.
      create policy own_organization on data_request to ${request}
        using (organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid and status <> 'unconfirmed');
      create policy every_organization on data_request to ${worker}, ${retention} using (true);
      grant select, insert, update on data_request to ${request}, ${worker};
      grant select, delete on data_request to ${retention};`,
  },
  {
    name: 'lifecycle-008-statistics',
    sql: (roles) => `
      -- Organizations to which something happened that no published figure counts yet: nine at most of a kind, and those of this month.
      create table uncounted_organization (
        measure text not null,
        -- The organization or, where it is no longer there, its purge.
        counted_as uuid not null,
        organization_id uuid not null,
        noted_at timestamptz not null,
        primary key (measure, counted_as)
      );
      ${separated('uncounted_organization', roles)}
      grant insert on uncounted_organization to ${roles.request};
      grant select, insert, delete on uncounted_organization to ${roles.worker};
      grant select, delete on uncounted_organization to ${roles.retention};
      -- What was published, by month. It says nothing of anybody.
      create table statistics (month text primary key, figures jsonb not null, published_at timestamptz not null);
      grant select, insert on statistics to ${roles.worker};`,
  },
  {
    name: 'lifecycle-009-archive-of-person',
    sql: ({ worker }) => `
      -- Of an archive that has the data of one person: the request that it answers, and every id under which values of the person are sealed.
      alter table data_return add column data_request_id uuid, add column user_id uuid, add column subjects jsonb;
      create index data_return_data_request_id on data_return (data_request_id);
      create index data_return_user_id on data_return (user_id);
      grant delete on data_return to ${worker};`,
  },
];
