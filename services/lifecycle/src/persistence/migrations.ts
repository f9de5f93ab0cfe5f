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
    name: 'lifecycle-002-attachment',
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
];
