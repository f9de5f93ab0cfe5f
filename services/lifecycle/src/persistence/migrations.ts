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
];
