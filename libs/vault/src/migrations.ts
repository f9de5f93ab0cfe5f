import type { SqlMigration } from '@vouchsafe/database';

const ownOrganization = `organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid`;

/** First number of the vault's advisory locks, so that they meet nobody else's. */
const LOCKS = 7_406_001;

/** First number of the locks between makers of transit keys and erasures; the second is the organization's group. */
export const TRANSIT_LOCKS = LOCKS + 2;

/** First number of the locks between makers of any key of an organization and its end; the second is the organization's group. */
const ORGANIZATION_LOCKS = LOCKS + 3;

const lockOfOrganization = `${ORGANIZATION_LOCKS}, hashtext(new.organization_id::text) & 255`;

/**
 * A lock for one of 256 groups of key holders: a batch that makes thousands of keys holds 256 entries of Postgres's lock
 * table at most.
 */
const lockOfHolder = `${LOCKS}, hashtext(new.organization_id::text || new.holder) & 255`;

/**
 * Key tables of one service. `request` and `worker` read keys and make them; `worker` re-wraps them (rotation); only
 * `retention` destroys a data key, and nobody changes or removes a tombstone (P10).
 */
export const vaultMigrations: readonly SqlMigration[] = [
  {
    name: 'vault-001-keys',
    sql: ({ request, worker, retention }) => `
create table vault_organization_key (
  organization_id uuid not null,
  version int not null check (version > 0),
  kek_id text not null,
  wrapped bytea not null,
  created_at timestamptz not null,
  primary key (organization_id, version)
);

create table vault_data_key (
  organization_id uuid not null,
  -- a person, the organization's month, or its look-up hashes
  holder text not null check (holder ~ '^(subject:.+|month:[0-9]{4}-[0-9]{2}|look-up)$'),
  version int not null check (version > 0),
  organization_key_version int not null,
  wrapped bytea not null,
  created_at timestamptz not null,
  -- tells a transaction that it made this key itself and may yet take it back
  created_by xid8 not null default pg_current_xact_id(),
  primary key (organization_id, holder, version),
  foreign key (organization_id, organization_key_version) references vault_organization_key
);
create index vault_data_key_wrapped_by on vault_data_key (organization_id, organization_key_version);

create table vault_erased_key (
  organization_id uuid not null,
  holder text not null,
  erased_at timestamptz not null,
  created_by xid8 not null default pg_current_xact_id(),
  primary key (organization_id, holder)
);

create table vault_service_key (
  name text primary key,
  kek_id text not null,
  wrapped bytea not null,
  created_at timestamptz not null
);

-- Making a key and erasing its holder exclude each other until commit. Each statement of a volatile function sees
-- what was committed before it began, so behind the lock the tombstone is seen.
create function vault_refuse_erased() returns trigger language plpgsql set search_path = public as $$
begin
  perform pg_advisory_xact_lock_shared(${lockOfHolder});
  if exists (select from vault_erased_key e where e.organization_id = new.organization_id and e.holder = new.holder) then
    return null;
  end if;
  return new;
end $$;
create trigger refuse_erased before insert on vault_data_key
  for each row execute function vault_refuse_erased();

create function vault_wait_for_makers() returns trigger language plpgsql set search_path = public as $$
begin
  perform pg_advisory_xact_lock(${lockOfHolder});
  return new;
end $$;
create trigger wait_for_makers before insert on vault_erased_key
  for each row execute function vault_wait_for_makers();

create function vault_keep_tombstones() returns trigger language plpgsql as $$
begin
  raise exception 'A tombstone stays' using errcode = 'insufficient_privilege';
end $$;
create trigger keep_tombstones before update or delete or truncate on vault_erased_key
  for each statement execute function vault_keep_tombstones();

${['vault_organization_key', 'vault_data_key', 'vault_erased_key']
  .map(
    (table) => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy own on ${table} to ${request} using (${ownOrganization});
create policy every on ${table} to ${worker}, ${retention} using (true);`,
  )
  .join('\n')}

grant select, insert on vault_organization_key, vault_data_key, vault_service_key to ${request}, ${worker};
grant select on vault_erased_key to ${request}, ${worker};
grant update (kek_id, wrapped) on vault_organization_key, vault_service_key to ${worker};
grant update (organization_key_version, wrapped) on vault_data_key to ${worker};
-- A superseded version only: the foreign key refuses one that still wraps a data key.
grant delete on vault_organization_key to ${worker};
grant select, delete on vault_data_key to ${retention};
grant select, insert on vault_erased_key to ${retention};`,
  },
  {
    name: 'vault-002-retired-kek',
    sql: ({ request, worker }) => `
-- A KEK that is about to be deleted: nothing that it wraps may be written any more. Whoever wrapped by it a moment ago and writes
-- only now is refused, and tries again under the one of today (40001: serialization_failure).
create table vault_retired_kek (
  kek_id text primary key,
  retired_at timestamptz not null
);
create function vault_refuse_retired() returns trigger language plpgsql set search_path = public as $$
begin
  perform pg_advisory_xact_lock_shared(${LOCKS + 1}, 0);
  if exists (select from vault_retired_kek r where r.kek_id = new.kek_id) then
    raise exception 'KEK % is retired', new.kek_id using errcode = 'serialization_failure';
  end if;
  return new;
end $$;
create trigger refuse_retired before insert or update of kek_id on vault_organization_key
  for each row execute function vault_refuse_retired();
create trigger refuse_retired before insert or update of kek_id on vault_service_key
  for each row execute function vault_refuse_retired();
create function vault_wait_for_wrappers() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(${LOCKS + 1}, 0);
  return new;
end $$;
create trigger wait_for_wrappers before insert on vault_retired_kek
  for each row execute function vault_wait_for_wrappers();
grant select on vault_retired_kek to ${request}, ${worker};
grant insert on vault_retired_kek to ${worker};`,
  },
  {
    name: 'vault-003-transit-key',
    sql: ({ worker, retention }) => `
-- What seals messages of one organization on one day (docs/bus.md, 'Messages'). An erasure destroys all of an organization's; the next
-- message gets a new one.
create table vault_transit_key (
  id uuid primary key,
  organization_id uuid not null,
  day date not null,
  organization_key_version int not null,
  wrapped bytea not null,
  created_at timestamptz not null,
  unique (organization_id, day),
  foreign key (organization_id, organization_key_version) references vault_organization_key
);

-- Until a maker's commit no erasure destroys the organization's transit keys: one that it could not see would be left.
create function vault_hold_up_destruction() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(${TRANSIT_LOCKS}, hashtext(new.organization_id::text) & 255);
  return new;
end $$;
create trigger hold_up_destruction before insert on vault_transit_key
  for each row execute function vault_hold_up_destruction();

alter table vault_transit_key enable row level security;
alter table vault_transit_key force row level security;
create policy every on vault_transit_key to ${worker}, ${retention} using (true);
grant select, insert, update (organization_key_version, wrapped) on vault_transit_key to ${worker};
grant select, delete on vault_transit_key to ${retention};`,
  },
  {
    name: 'vault-004-transit-key-former-release',
    sql: () => `
-- The release before this one runs on this schema, too (a rollback), and knows of no transit keys. What it leaves out is done here.

-- Its erasures destroy them as those of this release do. A statement behind the lock sees what makers have committed.
create function vault_destroy_transit_keys() returns trigger language plpgsql set search_path = public as $$
begin
  perform pg_advisory_xact_lock(${TRANSIT_LOCKS}, hashtext(new.organization_id::text) & 255);
  delete from vault_transit_key where organization_id = new.organization_id;
  return null;
end $$;
create trigger destroy_transit_keys after insert on vault_erased_key
  for each row execute function vault_destroy_transit_keys();

-- Its rotation puts data keys alone under an organization's new key. The old one goes, and with it what it still wraps: a message
-- whose key is gone is fetched from its source.
alter table vault_transit_key
  drop constraint vault_transit_key_organization_id_organization_key_version_fkey,
  add foreign key (organization_id, organization_key_version) references vault_organization_key on delete cascade;`,
  },
  {
    name: 'vault-005-erased-organization',
    sql: ({ request, worker, retention }) => `
-- An organization whose data is deleted (P31): no key of it is ever made again. Keys that are there go on opening until they are destroyed.
create table vault_erased_organization (
  organization_id uuid primary key,
  erased_at timestamptz not null
);

-- As for a person: making a key and the end of its organization exclude each other until commit.
create function vault_refuse_erased_organization() returns trigger language plpgsql set search_path = public as $$
begin
  perform pg_advisory_xact_lock_shared(${lockOfOrganization});
  if exists (select from vault_erased_organization e where e.organization_id = new.organization_id) then
    return null;
  end if;
  return new;
end $$;
create function vault_wait_for_organization() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(${lockOfOrganization});
  return new;
end $$;
create trigger wait_for_makers before insert on vault_erased_organization
  for each row execute function vault_wait_for_organization();
create trigger keep_tombstones before update or delete or truncate on vault_erased_organization
  for each statement execute function vault_keep_tombstones();

${['vault_organization_key', 'vault_data_key', 'vault_transit_key']
  .map(
    (table) => `create trigger refuse_erased_organization before insert on ${table}
  for each row execute function vault_refuse_erased_organization();`,
  )
  .join('\n')}

alter table vault_erased_organization enable row level security;
alter table vault_erased_organization force row level security;
create policy own on vault_erased_organization to ${request} using (${ownOrganization});
create policy every on vault_erased_organization to ${worker}, ${retention} using (true);
grant select on vault_erased_organization to ${request}, ${worker};
grant select, insert on vault_erased_organization to ${retention};
grant delete on vault_organization_key to ${retention};
grant select on vault_organization_key to ${retention};`,
  },
];
