/** @promise P19 the same for events */
import type { SqlMigration } from '@vouchsafe/database';

/** Lanes of a service's outbox: order is kept per lane, and a key always falls into the same one. Never changes. */
export const LANES = 64;

/** Numbers of one partition of `outgoing`, for each lane. */
export const OUTGOING_PARTITION = 1_000_000;

const ownOrganization = `organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid`;

export const eventStoreMigrations: readonly SqlMigration[] = [
  {
    name: 'event-store-001-event',
    sql: ({ request, worker }) => `
      create table event (
        position bigint generated always as identity,
        organization_id uuid not null,
        -- Compared byte by byte, so that a name's beginning bounds a partition.
        stream text collate "C" not null,
        version int not null check (version > 0),
        type text not null,
        schema_version int not null,
        payload jsonb not null,
        metadata jsonb not null,
        recorded_at timestamptz not null default clock_timestamp(),
        transaction_id xid8 not null default pg_current_xact_id(),
        primary key (stream, version)
      ) partition by range (stream);
      create index event_position on event (position);
      create index event_transaction_id_position on event (transaction_id, position);
      create table event_default partition of event default;

      alter table event enable row level security;
      alter table event force row level security;
      create policy own_organization on event to ${request} using (${ownOrganization});
      create policy every_organization on event to ${worker} using (true);
      -- Append-only by privilege: nobody but the owner could change a row, and the trigger stops the owner too.
      grant select, insert on event to ${request}, ${worker};

      create function refuse_change() returns trigger language plpgsql as $$
      begin
        raise exception 'events are immutable: % on % refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
      end $$;
      -- A statement's trigger stands on the table that the statement names: each partition needs its own.
      create function make_immutable(events text) returns void language plpgsql as $$
      begin
        execute format('create trigger immutable before update or delete or truncate on %I
          for each statement execute function refuse_change()', events);
      end $$;
      revoke all on function make_immutable from public;
      select make_immutable('event'), make_immutable('event_default');`,
  },
  {
    name: 'event-store-002-cursor',
    sql: ({ worker }) => `
      create table cursor (
        name text primary key,
        previous pg_snapshot not null,
        current pg_snapshot not null,
        position bigint not null
      );
      grant select, insert, update, delete on cursor to ${worker};`,
  },
  {
    name: 'event-store-003-outgoing',
    sql: ({ worker, migrator }) => `
      create table lane (
        lane smallint primary key,
        last_number bigint not null default 0,
        acknowledged bigint not null default 0,
        check (acknowledged <= last_number)
      );
      insert into lane (lane) select generate_series(0, ${LANES - 1});
      grant select, update on lane to ${worker};

      create table outgoing (
        lane smallint not null,
        number bigint not null,
        event_position bigint not null,
        ordinal smallint not null,
        primary key (lane, number)
      ) partition by range (number);
      grant select, insert on outgoing to ${worker};

      -- Partitions are the owner's; the relay may only ask for the one that it needs next.
      create function ensure_outgoing_partition(wanted bigint) returns void
        language plpgsql security definer set search_path = public as $$
      declare
        first bigint := (wanted / ${OUTGOING_PARTITION}) * ${OUTGOING_PARTITION};
      begin
        execute format('create table if not exists outgoing_%s partition of outgoing for values from (%s) to (%s)',
          first, first, first + ${OUTGOING_PARTITION});
      end $$;
      alter function ensure_outgoing_partition owner to ${migrator};
      revoke all on function ensure_outgoing_partition from public;
      grant execute on function ensure_outgoing_partition to ${worker};
      select ensure_outgoing_partition(0);`,
  },
  {
    name: 'event-store-004-outgoing-contract',
    sql: () => `
      -- Which fact of the event has the number. Null for those of before, and for what a former release numbers beside this one: it
      -- knows one version of each fact, in the order of its ordinals. (Not called type: a former release joins this table with event.)
      alter table outgoing add column contract_type text;`,
  },
  {
    name: 'event-store-005-seal-marked',
    sql: ({ worker, retention, lookup }) => `
      -- The one exception to "no event is ever rewritten": a value that was stored in clear before its field was marked personal is
      -- sealed in place. Only by this function, which can do nothing else, and never without this record.
      create table sealing_run (
        run_id uuid not null,
        organization_id uuid not null,
        events bigint not null,
        last_at timestamptz not null default clock_timestamp(),
        -- Whether the organization's audit log was told.
        told boolean not null default false,
        -- Whether the clear text is gone from the disk, too (keys -- scrub).
        scrubbed boolean not null default false,
        primary key (run_id, organization_id)
      );
      alter table sealing_run enable row level security;
      alter table sealing_run force row level security;
      create policy every_organization on sealing_run to ${worker}, ${retention} using (true);
      grant select, update (told) on sealing_run to ${worker};
      grant select on sealing_run to ${retention};
      grant select, insert, update on sealing_run to ${lookup};

      -- Whether two payloads differ in nothing but values that are sealed, or erased, in the second one.
      create function differs_by_seals(was jsonb, is_now jsonb) returns boolean
        language plpgsql immutable set search_path = public as $$
      begin
        if was = is_now then return true; end if;
        if is_now = '{"erased": true}' or (jsonb_typeof(is_now) = 'object' and is_now - 'sealed' = '{}'
            and is_now ->> 'sealed' ~ '^v1[.]([0-9]{4}-[0-9]{2}-)?[1-9][0-9]*[.][A-Za-z0-9_-]+$') then
          return was <> '{"erased": true}' and not (jsonb_typeof(was) = 'object' and was ? 'sealed');
        end if;
        if jsonb_typeof(was) = 'object' and jsonb_typeof(is_now) = 'object' then
          return not exists (
            select from jsonb_each(was) w full join jsonb_each(is_now) n using (key)
            where w.value is null or n.value is null or not differs_by_seals(w.value, n.value));
        end if;
        if jsonb_typeof(was) = 'array' and jsonb_typeof(is_now) = 'array' then
          return jsonb_array_length(was) = jsonb_array_length(is_now) and not exists (
            select from jsonb_array_elements(was) with ordinality w (value, nth)
            join jsonb_array_elements(is_now) with ordinality n (value, nth) using (nth)
            where not differs_by_seals(w.value, n.value));
        end if;
        return false;
      end $$;

      revoke all on function differs_by_seals from public;
      grant execute on function differs_by_seals to ${lookup};

      -- No login has the right to update, and the trigger stops the owner, too: this role cannot log in and has the function alone.
      grant select, update (payload) on event to ${lookup};
      create or replace function refuse_change() returns trigger language plpgsql as $$
      begin
        if tg_op = 'UPDATE' and current_user = '${lookup}' then return null; end if;
        raise exception 'events are immutable: % on % refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
      end $$;

      set local role ${lookup};
      grant usage on schema lookup to ${retention};
      create function lookup.seal_marked(run uuid, streams text[], versions int[], payloads jsonb[]) returns void
        language plpgsql volatile security definer set search_path = public as $$
      declare
        changed bigint;
      begin
        update event set payload = sealed.payload
        from unnest(streams, versions, payloads) as sealed (stream, version, payload)
        where event.stream = sealed.stream and event.version = sealed.version
          and differs_by_seals(event.payload, sealed.payload);
        get diagnostics changed = row_count;
        if changed <> cardinality(streams) then
          raise exception 'a payload would change in more than its seals' using errcode = 'insufficient_privilege';
        end if;
        insert into sealing_run (run_id, organization_id, events)
          select run, event.organization_id, count(*)
          from unnest(streams, versions) as sealed (stream, version) join event using (stream, version)
          group by event.organization_id
          on conflict (run_id, organization_id) do update
          set events = sealing_run.events + excluded.events, last_at = clock_timestamp(), told = false, scrubbed = false;
      end $$;
      revoke all on function lookup.seal_marked from public;
      grant execute on function lookup.seal_marked to ${retention};
      reset role;`,
  },
  {
    name: 'event-store-006-delete-organization',
    sql: ({ retention, lookup }) => `
      -- The one way in which an event leaves (P31): with all others of an organization that can have no key any more. Its numbers in
      -- outgoing stay, for a lane is shared: whoever asks for one is told that it was removed.
      grant delete on event to ${lookup};
      create or replace function refuse_change() returns trigger language plpgsql as $$
      begin
        if tg_op in ('UPDATE', 'DELETE') and current_user = '${lookup}' then return null; end if;
        raise exception 'events are immutable: % on % refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
      end $$;
      grant select on vault_erased_organization to ${lookup};
      grant delete on sealing_run to ${retention};
      create policy erased_organization_alone on sealing_run as restrictive for delete to ${retention}
        using (organization_id in (select organization_id from vault_erased_organization));

      set local role ${lookup};
      create function lookup.delete_events(organization uuid, first bigint, last bigint) returns bigint
        language plpgsql volatile security definer set search_path = public as $$
      declare
        deleted bigint;
      begin
        if not exists (select from vault_erased_organization e where e.organization_id = organization) then
          raise exception 'the organization is not being deleted' using errcode = 'insufficient_privilege';
        end if;
        delete from event where organization_id = organization and position between first and last;
        get diagnostics deleted = row_count;
        return deleted;
      end $$;
      revoke all on function lookup.delete_events from public;
      grant execute on function lookup.delete_events to ${retention};
      reset role;`,
  },
];
