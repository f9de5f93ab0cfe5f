-- The database `lifecycle` as its migrations make it. Written by `npm run golden`; a test compares.

create schema if not exists lookup authorization lifecycle_lookup;
grant usage on schema lookup to lifecycle_migrator;
grant usage on schema lookup to lifecycle_request;
grant usage on schema lookup to lifecycle_retention;
grant usage on schema lookup to lifecycle_worker;

create schema if not exists public authorization lifecycle_migrator;
grant usage on schema public to lifecycle_lookup;
grant usage on schema public to lifecycle_request;
grant usage on schema public to lifecycle_retention;
grant usage on schema public to lifecycle_worker;

create sequence schema_migration_id_seq as integer start 1 increment 1;

CREATE OR REPLACE FUNCTION public.differs_by_seals(was jsonb, is_now jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'public'
AS $function$
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
      end $function$
;
alter function differs_by_seals(jsonb,jsonb) owner to lifecycle_migrator;
grant execute on function differs_by_seals(jsonb,jsonb) to lifecycle_lookup;

CREATE OR REPLACE FUNCTION public.ensure_outgoing_partition(wanted bigint)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
      declare
        first bigint := (wanted / 1000000) * 1000000;
      begin
        execute format('create table if not exists outgoing_%s partition of outgoing for values from (%s) to (%s)',
          first, first, first + 1000000);
      end $function$
;
alter function ensure_outgoing_partition(bigint) owner to lifecycle_migrator;
grant execute on function ensure_outgoing_partition(bigint) to lifecycle_worker;

CREATE OR REPLACE FUNCTION lookup.delete_events(organization uuid, first bigint, last bigint)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
      declare
        deleted bigint;
      begin
        if not exists (select from vault_erased_organization e where e.organization_id = organization) then
          raise exception 'the organization is not being deleted' using errcode = 'insufficient_privilege';
        end if;
        delete from event where organization_id = organization and position between first and last;
        get diagnostics deleted = row_count;
        return deleted;
      end $function$
;
alter function lookup.delete_events(uuid,bigint,bigint) owner to lifecycle_lookup;
grant execute on function lookup.delete_events(uuid,bigint,bigint) to lifecycle_retention;

CREATE OR REPLACE FUNCTION lookup.seal_marked(run uuid, streams text[], versions integer[], payloads jsonb[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
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
      end $function$
;
alter function lookup.seal_marked(uuid,text[],integer[],jsonb[]) owner to lifecycle_lookup;
grant execute on function lookup.seal_marked(uuid,text[],integer[],jsonb[]) to lifecycle_retention;

CREATE OR REPLACE FUNCTION public.make_immutable(events text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      begin
        execute format('create trigger immutable before update or delete or truncate on %I
          for each statement execute function refuse_change()', events);
      end $function$
;
alter function make_immutable(text) owner to lifecycle_migrator;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        if tg_op in ('UPDATE', 'DELETE') and current_user = 'lifecycle_lookup' then return null; end if;
        raise exception 'events are immutable: % on % refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
      end $function$
;
alter function refuse_change() owner to lifecycle_migrator;
grant execute on function refuse_change() to public;

CREATE OR REPLACE FUNCTION public.vault_destroy_transit_keys()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public'
AS $function$
begin
  perform pg_advisory_xact_lock(7406003, hashtext(new.organization_id::text) & 255);
  delete from vault_transit_key where organization_id = new.organization_id;
  return null;
end $function$
;
alter function vault_destroy_transit_keys() owner to lifecycle_migrator;
grant execute on function vault_destroy_transit_keys() to public;

CREATE OR REPLACE FUNCTION public.vault_hold_up_destruction()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_advisory_xact_lock_shared(7406003, hashtext(new.organization_id::text) & 255);
  return new;
end $function$
;
alter function vault_hold_up_destruction() owner to lifecycle_migrator;
grant execute on function vault_hold_up_destruction() to public;

CREATE OR REPLACE FUNCTION public.vault_keep_tombstones()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'A tombstone stays' using errcode = 'insufficient_privilege';
end $function$
;
alter function vault_keep_tombstones() owner to lifecycle_migrator;
grant execute on function vault_keep_tombstones() to public;

CREATE OR REPLACE FUNCTION public.vault_refuse_erased()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public'
AS $function$
begin
  perform pg_advisory_xact_lock_shared(7406001, hashtext(new.organization_id::text || new.holder) & 255);
  if exists (select from vault_erased_key e where e.organization_id = new.organization_id and e.holder = new.holder) then
    return null;
  end if;
  return new;
end $function$
;
alter function vault_refuse_erased() owner to lifecycle_migrator;
grant execute on function vault_refuse_erased() to public;

CREATE OR REPLACE FUNCTION public.vault_refuse_erased_organization()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public'
AS $function$
begin
  perform pg_advisory_xact_lock_shared(7406004, hashtext(new.organization_id::text) & 255);
  if exists (select from vault_erased_organization e where e.organization_id = new.organization_id) then
    return null;
  end if;
  return new;
end $function$
;
alter function vault_refuse_erased_organization() owner to lifecycle_migrator;
grant execute on function vault_refuse_erased_organization() to public;

CREATE OR REPLACE FUNCTION public.vault_refuse_retired()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public'
AS $function$
begin
  perform pg_advisory_xact_lock_shared(7406002, 0);
  if exists (select from vault_retired_kek r where r.kek_id = new.kek_id) then
    raise exception 'KEK % is retired', new.kek_id using errcode = 'serialization_failure';
  end if;
  return new;
end $function$
;
alter function vault_refuse_retired() owner to lifecycle_migrator;
grant execute on function vault_refuse_retired() to public;

CREATE OR REPLACE FUNCTION public.vault_wait_for_makers()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public'
AS $function$
begin
  perform pg_advisory_xact_lock(7406001, hashtext(new.organization_id::text || new.holder) & 255);
  return new;
end $function$
;
alter function vault_wait_for_makers() owner to lifecycle_migrator;
grant execute on function vault_wait_for_makers() to public;

CREATE OR REPLACE FUNCTION public.vault_wait_for_organization()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_advisory_xact_lock(7406004, hashtext(new.organization_id::text) & 255);
  return new;
end $function$
;
alter function vault_wait_for_organization() owner to lifecycle_migrator;
grant execute on function vault_wait_for_organization() to public;

CREATE OR REPLACE FUNCTION public.vault_wait_for_wrappers()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_advisory_xact_lock(7406002, 0);
  return new;
end $function$
;
alter function vault_wait_for_wrappers() owner to lifecycle_migrator;
grant execute on function vault_wait_for_wrappers() to public;

create table attachment (
  organization_id uuid not null,
  attachment_id uuid not null,
  status text not null,
  name_sealed text not null,
  media_type text not null,
  size bigint not null,
  sha256 text,
  key_sealed text not null,
  uploaded_by uuid,
  created_at timestamp with time zone not null,
  due_at timestamp with time zone,
  constraint attachment_pkey PRIMARY KEY (attachment_id),
  constraint attachment_organization_id_created_at_attachment_id_key UNIQUE (organization_id, created_at, attachment_id)
);
alter table attachment enable row level security;
alter table attachment force row level security;
create policy every_organization on attachment to lifecycle_retention, lifecycle_worker using (true);
create policy own_organization on attachment to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX attachment_due_at ON public.attachment USING btree (due_at);
grant delete, select on attachment to lifecycle_retention;
grant delete, select, update on attachment to lifecycle_worker;
grant insert, select, update on attachment to lifecycle_request;

create table body_search (
  due_at timestamp with time zone not null
);
grant select, update on body_search to lifecycle_worker;

create table certificate (
  certificate_id uuid not null,
  organization_id uuid not null,
  epoch integer not null,
  erasure_id uuid,
  note text,
  constraint certificate_pkey PRIMARY KEY (certificate_id),
  constraint certificate_erasure_id_key UNIQUE (erasure_id)
);
alter table certificate enable row level security;
alter table certificate force row level security;
create policy every_organization on certificate to lifecycle_retention, lifecycle_worker using (true);
create policy own_organization on certificate to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, select on certificate to lifecycle_retention;
grant insert, select, update on certificate to lifecycle_worker;

create table certificate_key (
  vkey text not null,
  organization_id uuid not null,
  name text not null,
  sealed_seed text not null,
  signs_from timestamp with time zone not null,
  constraint certificate_key_pkey PRIMARY KEY (vkey),
  constraint certificate_key_name_key UNIQUE (name)
);
alter table certificate_key enable row level security;
alter table certificate_key force row level security;
create policy every_organization on certificate_key to lifecycle_retention, lifecycle_worker using (true);
create policy own_organization on certificate_key to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant insert, select on certificate_key to lifecycle_worker;

create table consumed_lane (
  consumer text not null,
  source text not null,
  lane integer not null,
  number bigint not null default 0,
  constraint consumed_lane_pkey PRIMARY KEY (consumer, source, lane)
);
grant insert, select, update on consumed_lane to lifecycle_worker;

create table consumer_offset (
  consumer text not null,
  topic text not null,
  partition integer not null,
  next_offset bigint not null,
  constraint consumer_offset_pkey PRIMARY KEY (consumer, topic, partition)
);
grant insert, select, update on consumer_offset to lifecycle_worker;

create table cursor (
  name text not null,
  previous pg_snapshot not null,
  current pg_snapshot not null,
  "position" bigint not null,
  constraint cursor_pkey PRIMARY KEY (name)
);
grant delete, insert, select, update on cursor to lifecycle_worker;

create table data_request (
  data_request_id uuid not null,
  organization_id uuid not null,
  kind text not null,
  status text not null,
  user_id uuid,
  received_at timestamp with time zone not null,
  due_at timestamp with time zone,
  erasure_id uuid,
  receipt_id uuid not null,
  receipt text,
  contact_hash bytea,
  follow_at timestamp with time zone,
  constraint data_request_pkey PRIMARY KEY (data_request_id),
  constraint data_request_receipt_id_key UNIQUE (receipt_id),
  constraint data_request_received_at_data_request_id_key UNIQUE (received_at, data_request_id)
);
alter table data_request enable row level security;
alter table data_request force row level security;
create policy every_organization on data_request to lifecycle_retention, lifecycle_worker using (true);
create policy own_organization on data_request to lifecycle_request using (((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid) AND (status <> 'unconfirmed'::text)));
CREATE INDEX data_request_erasure_id ON public.data_request USING btree (erasure_id);
CREATE INDEX data_request_follow_at ON public.data_request USING btree (follow_at);
grant delete, select on data_request to lifecycle_retention;
grant insert, select, update on data_request to lifecycle_request;
grant insert, select, update on data_request to lifecycle_worker;

create table data_return (
  organization_id uuid not null,
  return_id uuid not null,
  status text not null,
  from_time timestamp with time zone,
  to_time timestamp with time zone,
  part_size bigint not null,
  plan jsonb,
  "position" jsonb,
  requested_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  due_at timestamp with time zone,
  data_request_id uuid,
  user_id uuid,
  subjects jsonb,
  constraint data_return_pkey PRIMARY KEY (return_id),
  constraint data_return_organization_id_requested_at_return_id_key UNIQUE (organization_id, requested_at, return_id)
);
alter table data_return enable row level security;
alter table data_return force row level security;
create policy every_organization on data_return to lifecycle_retention, lifecycle_worker using (true);
create policy own_organization on data_return to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX data_return_data_request_id ON public.data_return USING btree (data_request_id);
CREATE INDEX data_return_due_at ON public.data_return USING btree (due_at);
CREATE INDEX data_return_user_id ON public.data_return USING btree (user_id);
grant delete, select on data_return to lifecycle_retention;
grant delete, select, update on data_return to lifecycle_worker;
grant insert, select, update on data_return to lifecycle_request;

create table dead_letter (
  id bigint not null generated always as identity,
  consumer text not null,
  organization_id uuid not null,
  source text not null,
  lane integer not null,
  number bigint not null,
  message_id text not null,
  type text not null,
  "time" timestamp with time zone not null,
  traceparent text,
  data jsonb not null,
  error text,
  attempts integer not null default 0,
  dead_lettered_at timestamp with time zone not null,
  constraint dead_letter_pkey PRIMARY KEY (id),
  constraint dead_letter_consumer_source_lane_number_key UNIQUE (consumer, source, lane, number)
);
alter table dead_letter enable row level security;
alter table dead_letter force row level security;
create policy every_organization on dead_letter to lifecycle_worker using (true);
create policy whole_organizations on dead_letter to lifecycle_retention using (true);
CREATE INDEX dead_letter_order ON public.dead_letter USING btree (consumer, organization_id, id);
grant delete, insert, select, update on dead_letter to lifecycle_worker;
grant delete, select on dead_letter to lifecycle_retention;

create table erasure (
  erasure_id uuid not null,
  organization_id uuid not null,
  user_id uuid,
  organizations uuid[] not null,
  subjects uuid[] not null,
  requested_at timestamp with time zone not null,
  due_at timestamp with time zone not null,
  attempts integer not null default 0,
  keys_destroyed integer not null default 0,
  destroyed_at timestamp with time zone,
  effective_from timestamp with time zone,
  receipt_at timestamp with time zone,
  held_because text,
  erased_organization_id uuid,
  inventory jsonb,
  retained jsonb,
  held_by uuid[],
  constraint erasure_check CHECK (((user_id IS NULL) <> (erased_organization_id IS NULL))),
  constraint erasure_pkey PRIMARY KEY (erasure_id),
  constraint erasure_erased_organization_id_key UNIQUE (erased_organization_id)
);
alter table erasure enable row level security;
alter table erasure force row level security;
create policy erased_organization on erasure to lifecycle_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on erasure as restrictive for delete to lifecycle_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on erasure to lifecycle_retention, lifecycle_worker using (true);
create policy own_organization on erasure to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX erasure_due ON public.erasure USING btree (due_at) WHERE (receipt_at IS NULL);
grant delete, select on erasure to lifecycle_retention;
grant insert, select on erasure to lifecycle_worker;
grant select on erasure to lifecycle_request;
grant update (due_at, attempts, receipt_at, held_because, inventory, retained, held_by) on erasure to lifecycle_worker;
grant update (keys_destroyed, destroyed_at, effective_from) on erasure to lifecycle_retention;

create table event (
  "position" bigint not null generated always as identity,
  organization_id uuid not null,
  stream text collate "C" not null,
  version integer not null,
  type text not null,
  schema_version integer not null,
  payload jsonb not null,
  metadata jsonb not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  transaction_id xid8 not null default pg_current_xact_id(),
  constraint event_version_check CHECK ((version > 0)),
  constraint event_pkey PRIMARY KEY (stream, version)
) partition by RANGE (stream);
alter table event enable row level security;
alter table event force row level security;
create policy every_organization on event to lifecycle_worker using (true);
create policy own_organization on event to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX event_position ON ONLY public.event USING btree ("position");
CREATE INDEX event_transaction_id_position ON ONLY public.event USING btree (transaction_id, "position");
CREATE TRIGGER immutable BEFORE DELETE OR UPDATE OR TRUNCATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
grant delete, select on event to lifecycle_lookup;
grant insert, select on event to lifecycle_request;
grant insert, select on event to lifecycle_worker;
grant update (payload) on event to lifecycle_lookup;

create table event_default partition of event DEFAULT;
CREATE TRIGGER immutable BEFORE DELETE OR UPDATE OR TRUNCATE ON public.event_default FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table hold (
  hold_id uuid not null,
  organization_id uuid not null,
  held_organization_id uuid not null,
  scope jsonb not null,
  placed_at timestamp with time zone not null,
  confirmed_at timestamp with time zone,
  release_requested_at timestamp with time zone,
  released_at timestamp with time zone,
  constraint hold_pkey PRIMARY KEY (hold_id)
);
alter table hold enable row level security;
alter table hold force row level security;
create policy every_organization on hold to lifecycle_retention, lifecycle_worker using (true);
create policy held_organization on hold to lifecycle_request using ((held_organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX hold_on_organization ON public.hold USING btree (held_organization_id) WHERE (released_at IS NULL);
grant insert, select on hold to lifecycle_worker;
grant select on hold to lifecycle_request;
grant select on hold to lifecycle_retention;
grant update (confirmed_at, release_requested_at, released_at) on hold to lifecycle_worker;

create table idempotency_key (
  organization_id uuid not null,
  actor text not null,
  operation text not null,
  key text not null,
  request_hash bytea not null,
  answer text,
  recorded_at timestamp with time zone not null,
  constraint idempotency_key_pkey PRIMARY KEY (organization_id, actor, operation, key)
);
alter table idempotency_key enable row level security;
alter table idempotency_key force row level security;
create policy erased_organization on idempotency_key to lifecycle_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on idempotency_key as restrictive for delete to lifecycle_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every on idempotency_key to lifecycle_worker using (true);
create policy own on idempotency_key to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX idempotency_key_recorded_at ON public.idempotency_key USING btree (recorded_at);
grant delete, select on idempotency_key to lifecycle_retention;
grant delete, select on idempotency_key to lifecycle_worker;
grant insert, select, update on idempotency_key to lifecycle_request;

create table lane (
  lane smallint not null,
  last_number bigint not null default 0,
  acknowledged bigint not null default 0,
  constraint lane_check CHECK ((acknowledged <= last_number)),
  constraint lane_pkey PRIMARY KEY (lane)
);
grant select, update on lane to lifecycle_worker;

create table late_fact (
  organization_id uuid not null,
  type text not null,
  facts bigint not null,
  last_at timestamp with time zone not null,
  constraint late_fact_pkey PRIMARY KEY (organization_id, type)
);
alter table late_fact enable row level security;
alter table late_fact force row level security;
create policy every_organization on late_fact to lifecycle_worker using (true);
grant insert, select, update on late_fact to lifecycle_worker;

create table legal_hold (
  hold_id uuid not null,
  held_organization_id uuid not null,
  organization_id uuid not null,
  status text not null,
  placed_at timestamp with time zone not null,
  review_due_at timestamp with time zone not null,
  constraint legal_hold_pkey PRIMARY KEY (hold_id),
  constraint legal_hold_placed_at_hold_id_key UNIQUE (placed_at, hold_id)
);
alter table legal_hold enable row level security;
alter table legal_hold force row level security;
create policy every_organization on legal_hold to lifecycle_worker using (true);
create policy held_or_operator on legal_hold to lifecycle_request using ((((NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid = held_organization_id) OR ((NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid = organization_id)));
grant insert, select, update on legal_hold to lifecycle_request;
grant insert, select, update on legal_hold to lifecycle_worker;

create table organization (
  organization_id uuid not null,
  name text not null,
  constraint organization_pkey PRIMARY KEY (organization_id)
);
alter table organization enable row level security;
alter table organization force row level security;
create policy every_organization on organization to lifecycle_retention, lifecycle_worker using (true);
create policy own_organization on organization to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, select on organization to lifecycle_retention;
grant insert, select, update on organization to lifecycle_worker;
grant select on organization to lifecycle_request;

create table outgoing (
  lane smallint not null,
  number bigint not null,
  event_position bigint not null,
  ordinal smallint not null,
  contract_type text,
  constraint outgoing_pkey PRIMARY KEY (lane, number)
) partition by RANGE (number);
grant insert, select on outgoing to lifecycle_worker;

create table outgoing_0 partition of outgoing FOR VALUES FROM ('0') TO ('1000000');

create view parked_message as
 SELECT id,
    consumer,
    organization_id,
    source,
    lane,
    number,
    message_id,
    type,
    "time",
    traceparent,
    data,
    error,
    attempts,
    dead_lettered_at AS parked_at
   FROM dead_letter;
alter table parked_message set (security_invoker=true);
grant delete, insert, select, update on parked_message to lifecycle_worker;
grant delete, select on parked_message to lifecycle_retention;

create table purge (
  erasure_id uuid not null,
  organization_id uuid not null,
  due_at timestamp with time zone,
  constraint purge_pkey PRIMARY KEY (erasure_id)
);
alter table purge enable row level security;
alter table purge force row level security;
create policy every_organization on purge to lifecycle_retention, lifecycle_worker using (true);
create policy own_organization on purge to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX purge_due ON public.purge USING btree (due_at) WHERE (due_at IS NOT NULL);
grant insert, select, update on purge to lifecycle_worker;

create table return_part (
  organization_id uuid not null,
  part_id uuid not null,
  return_id uuid not null,
  number integer not null,
  status text not null,
  size bigint not null,
  sha256 text,
  key_sealed text not null,
  constraint return_part_pkey PRIMARY KEY (part_id),
  constraint return_part_return_id_number_key UNIQUE (return_id, number)
);
alter table return_part enable row level security;
alter table return_part force row level security;
create policy every_organization on return_part to lifecycle_retention, lifecycle_worker using (true);
create policy own_organization on return_part to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, insert, select, update on return_part to lifecycle_worker;
grant delete, select on return_part to lifecycle_retention;
grant select on return_part to lifecycle_request;

create table schema_migration (
  id integer not null default nextval('schema_migration_id_seq'::regclass),
  name character varying(255) not null,
  executed_at timestamp(6) with time zone not null default CURRENT_TIMESTAMP(6),
  constraint schema_migration_pkey PRIMARY KEY (id)
);

create table sealing_run (
  run_id uuid not null,
  organization_id uuid not null,
  events bigint not null,
  last_at timestamp with time zone not null default clock_timestamp(),
  told boolean not null default false,
  scrubbed boolean not null default false,
  constraint sealing_run_pkey PRIMARY KEY (run_id, organization_id)
);
alter table sealing_run enable row level security;
alter table sealing_run force row level security;
create policy erased_organization_alone on sealing_run as restrictive for delete to lifecycle_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on sealing_run to lifecycle_retention, lifecycle_worker using (true);
grant delete, select on sealing_run to lifecycle_retention;
grant insert, select, update on sealing_run to lifecycle_lookup;
grant select on sealing_run to lifecycle_worker;
grant update (told) on sealing_run to lifecycle_worker;

create table statistics (
  month text not null,
  figures jsonb not null,
  published_at timestamp with time zone not null,
  constraint statistics_pkey PRIMARY KEY (month)
);
grant insert, select on statistics to lifecycle_worker;

create table termination (
  organization_id uuid not null,
  due_at timestamp with time zone,
  untold_since timestamp with time zone,
  constraint termination_pkey PRIMARY KEY (organization_id)
);
alter table termination enable row level security;
alter table termination force row level security;
create policy every_organization on termination to lifecycle_retention, lifecycle_worker using (true);
create policy own_organization on termination to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX termination_due ON public.termination USING btree (due_at) WHERE (due_at IS NOT NULL);
grant delete, select on termination to lifecycle_retention;
grant insert, select, update on termination to lifecycle_request;
grant insert, select, update on termination to lifecycle_worker;

create table uncounted_organization (
  measure text not null,
  counted_as uuid not null,
  organization_id uuid not null,
  noted_at timestamp with time zone not null,
  constraint uncounted_organization_pkey PRIMARY KEY (measure, counted_as)
);
alter table uncounted_organization enable row level security;
alter table uncounted_organization force row level security;
create policy every_organization on uncounted_organization to lifecycle_retention, lifecycle_worker using (true);
create policy own_organization on uncounted_organization to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, insert, select on uncounted_organization to lifecycle_worker;
grant delete, select on uncounted_organization to lifecycle_retention;
grant insert on uncounted_organization to lifecycle_request;

create table unknown_body (
  organization_id uuid not null,
  attachment_id uuid not null,
  seen_at timestamp with time zone not null,
  constraint unknown_body_pkey PRIMARY KEY (attachment_id)
);
alter table unknown_body enable row level security;
alter table unknown_body force row level security;
create policy every_organization on unknown_body to lifecycle_retention, lifecycle_worker using (true);
create policy own_organization on unknown_body to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, insert, select on unknown_body to lifecycle_worker;
grant delete, select on unknown_body to lifecycle_retention;

create table vault_data_key (
  organization_id uuid not null,
  holder text not null,
  version integer not null,
  organization_key_version integer not null,
  wrapped bytea not null,
  created_at timestamp with time zone not null,
  created_by xid8 not null default pg_current_xact_id(),
  constraint vault_data_key_holder_check CHECK ((holder ~ '^(subject:.+|month:[0-9]{4}-[0-9]{2}|look-up)$'::text)),
  constraint vault_data_key_version_check CHECK ((version > 0)),
  constraint vault_data_key_organization_id_organization_key_version_fkey FOREIGN KEY (organization_id, organization_key_version) REFERENCES vault_organization_key(organization_id, version),
  constraint vault_data_key_pkey PRIMARY KEY (organization_id, holder, version)
);
alter table vault_data_key enable row level security;
alter table vault_data_key force row level security;
create policy every on vault_data_key to lifecycle_retention, lifecycle_worker using (true);
create policy own on vault_data_key to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX vault_data_key_wrapped_by ON public.vault_data_key USING btree (organization_id, organization_key_version);
CREATE TRIGGER refuse_erased BEFORE INSERT ON public.vault_data_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_erased();
CREATE TRIGGER refuse_erased_organization BEFORE INSERT ON public.vault_data_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_erased_organization();
grant delete, select on vault_data_key to lifecycle_retention;
grant insert, select on vault_data_key to lifecycle_request;
grant insert, select on vault_data_key to lifecycle_worker;
grant update (organization_key_version, wrapped) on vault_data_key to lifecycle_worker;

create table vault_erased_key (
  organization_id uuid not null,
  holder text not null,
  erased_at timestamp with time zone not null,
  created_by xid8 not null default pg_current_xact_id(),
  constraint vault_erased_key_pkey PRIMARY KEY (organization_id, holder)
);
alter table vault_erased_key enable row level security;
alter table vault_erased_key force row level security;
create policy every on vault_erased_key to lifecycle_retention, lifecycle_worker using (true);
create policy own on vault_erased_key to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE TRIGGER destroy_transit_keys AFTER INSERT ON public.vault_erased_key FOR EACH ROW EXECUTE FUNCTION vault_destroy_transit_keys();
CREATE TRIGGER keep_tombstones BEFORE DELETE OR UPDATE OR TRUNCATE ON public.vault_erased_key FOR EACH STATEMENT EXECUTE FUNCTION vault_keep_tombstones();
CREATE TRIGGER wait_for_makers BEFORE INSERT ON public.vault_erased_key FOR EACH ROW EXECUTE FUNCTION vault_wait_for_makers();
grant insert, select on vault_erased_key to lifecycle_retention;
grant select on vault_erased_key to lifecycle_request;
grant select on vault_erased_key to lifecycle_worker;

create table vault_erased_organization (
  organization_id uuid not null,
  erased_at timestamp with time zone not null,
  constraint vault_erased_organization_pkey PRIMARY KEY (organization_id)
);
alter table vault_erased_organization enable row level security;
alter table vault_erased_organization force row level security;
create policy every on vault_erased_organization to lifecycle_retention, lifecycle_worker using (true);
create policy own on vault_erased_organization to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE TRIGGER keep_tombstones BEFORE DELETE OR UPDATE OR TRUNCATE ON public.vault_erased_organization FOR EACH STATEMENT EXECUTE FUNCTION vault_keep_tombstones();
CREATE TRIGGER wait_for_makers BEFORE INSERT ON public.vault_erased_organization FOR EACH ROW EXECUTE FUNCTION vault_wait_for_organization();
grant insert, select on vault_erased_organization to lifecycle_retention;
grant select on vault_erased_organization to lifecycle_lookup;
grant select on vault_erased_organization to lifecycle_request;
grant select on vault_erased_organization to lifecycle_worker;

create table vault_organization_key (
  organization_id uuid not null,
  version integer not null,
  kek_id text not null,
  wrapped bytea not null,
  created_at timestamp with time zone not null,
  constraint vault_organization_key_version_check CHECK ((version > 0)),
  constraint vault_organization_key_pkey PRIMARY KEY (organization_id, version)
);
alter table vault_organization_key enable row level security;
alter table vault_organization_key force row level security;
create policy every on vault_organization_key to lifecycle_retention, lifecycle_worker using (true);
create policy own on vault_organization_key to lifecycle_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE TRIGGER refuse_erased_organization BEFORE INSERT ON public.vault_organization_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_erased_organization();
CREATE TRIGGER refuse_retired BEFORE INSERT OR UPDATE OF kek_id ON public.vault_organization_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_retired();
grant delete, insert, select on vault_organization_key to lifecycle_worker;
grant delete, select on vault_organization_key to lifecycle_retention;
grant insert, select on vault_organization_key to lifecycle_request;
grant update (kek_id, wrapped) on vault_organization_key to lifecycle_worker;

create table vault_retired_kek (
  kek_id text not null,
  retired_at timestamp with time zone not null,
  constraint vault_retired_kek_pkey PRIMARY KEY (kek_id)
);
CREATE TRIGGER wait_for_wrappers BEFORE INSERT ON public.vault_retired_kek FOR EACH ROW EXECUTE FUNCTION vault_wait_for_wrappers();
grant insert, select on vault_retired_kek to lifecycle_worker;
grant select on vault_retired_kek to lifecycle_request;

create table vault_service_key (
  name text not null,
  kek_id text not null,
  wrapped bytea not null,
  created_at timestamp with time zone not null,
  constraint vault_service_key_pkey PRIMARY KEY (name)
);
CREATE TRIGGER refuse_retired BEFORE INSERT OR UPDATE OF kek_id ON public.vault_service_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_retired();
grant insert, select on vault_service_key to lifecycle_request;
grant insert, select on vault_service_key to lifecycle_worker;
grant update (kek_id, wrapped) on vault_service_key to lifecycle_worker;

create table vault_transit_key (
  id uuid not null,
  organization_id uuid not null,
  day date not null,
  organization_key_version integer not null,
  wrapped bytea not null,
  created_at timestamp with time zone not null,
  constraint vault_transit_key_organization_id_organization_key_version_fkey FOREIGN KEY (organization_id, organization_key_version) REFERENCES vault_organization_key(organization_id, version) ON DELETE CASCADE,
  constraint vault_transit_key_pkey PRIMARY KEY (id),
  constraint vault_transit_key_organization_id_day_key UNIQUE (organization_id, day)
);
alter table vault_transit_key enable row level security;
alter table vault_transit_key force row level security;
create policy every on vault_transit_key to lifecycle_retention, lifecycle_worker using (true);
CREATE TRIGGER hold_up_destruction BEFORE INSERT ON public.vault_transit_key FOR EACH ROW EXECUTE FUNCTION vault_hold_up_destruction();
CREATE TRIGGER refuse_erased_organization BEFORE INSERT ON public.vault_transit_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_erased_organization();
grant delete, select on vault_transit_key to lifecycle_retention;
grant insert, select on vault_transit_key to lifecycle_worker;
grant update (organization_key_version, wrapped) on vault_transit_key to lifecycle_worker;
