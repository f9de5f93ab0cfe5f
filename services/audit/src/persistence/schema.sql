-- The database `audit` as its migrations make it. Written by `npm run golden`; a test compares.

create schema if not exists lookup authorization audit_lookup;
grant usage on schema lookup to audit_migrator;
grant usage on schema lookup to audit_request;
grant usage on schema lookup to audit_retention;
grant usage on schema lookup to audit_worker;

create schema if not exists public authorization audit_migrator;
grant usage on schema public to audit_lookup;
grant usage on schema public to audit_request;
grant usage on schema public to audit_retention;
grant usage on schema public to audit_worker;

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
alter function differs_by_seals(jsonb,jsonb) owner to audit_migrator;
grant execute on function differs_by_seals(jsonb,jsonb) to audit_lookup;

CREATE OR REPLACE FUNCTION public.ensure_entry_month(wanted timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
 SET "TimeZone" TO 'UTC'
AS $function$
      declare
        first timestamptz := date_trunc('month', wanted, 'UTC');
        next timestamptz := date_trunc('month', wanted, 'UTC') + interval '1 month';
        suffix text := to_char(first at time zone 'UTC', 'YYYY_MM');
      begin
        if to_regclass('entry_' || suffix) is not null and to_regclass('disclosure_' || suffix) is not null then
          return;
        end if;
        perform pg_advisory_xact_lock(3104200501);
        execute format('create table if not exists entry_%s partition of entry for values from (%L) to (%L)',
          suffix, first, next);
        execute format('create table if not exists disclosure_%s partition of disclosure for values from (%L) to (%L)',
          suffix, first, next);
      end $function$
;
alter function ensure_entry_month(timestamp with time zone) owner to audit_migrator;
grant execute on function ensure_entry_month(timestamp with time zone) to audit_request;
grant execute on function ensure_entry_month(timestamp with time zone) to audit_worker;

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
alter function ensure_outgoing_partition(bigint) owner to audit_migrator;
grant execute on function ensure_outgoing_partition(bigint) to audit_worker;

CREATE OR REPLACE FUNCTION public.keep_log_of_organization()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public'
AS $function$
      begin
        insert into retention (organization_id, due_at) values (new.organization_id, new.opened_at) on conflict do nothing;
        return null;
      end $function$
;
alter function keep_log_of_organization() owner to audit_migrator;
grant execute on function keep_log_of_organization() to public;

CREATE OR REPLACE FUNCTION public.log_only_grows()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        if new.size < old.size or new.checkpoint_size < old.checkpoint_size or new.recorded_at < old.recorded_at then
          raise exception 'log % would go back', old.log_id using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $function$
;
alter function log_only_grows() owner to audit_migrator;
grant execute on function log_only_grows() to public;

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
alter function lookup.delete_events(uuid,bigint,bigint) owner to audit_lookup;
grant execute on function lookup.delete_events(uuid,bigint,bigint) to audit_retention;

CREATE OR REPLACE FUNCTION lookup.entries_with_words(wanted text[], at_most integer)
 RETURNS TABLE(recorded_at timestamp with time zone, index bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
          select recorded_at, index from entry
          where words @> wanted
            and organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid
          limit at_most
        $function$
;
alter function lookup.entries_with_words(text[],integer) owner to audit_lookup;
grant execute on function lookup.entries_with_words(text[],integer) to audit_request;

CREATE OR REPLACE FUNCTION lookup.log_of_reader(token bytea, at timestamp with time zone)
 RETURNS TABLE(organization_id uuid, log_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
          select organization_id, log_id from reader
          where token_hash = token and revoked_at is null and (expires_at is null or expires_at > at)
        $function$
;
alter function lookup.log_of_reader(bytea,timestamp with time zone) owner to audit_lookup;
grant execute on function lookup.log_of_reader(bytea,timestamp with time zone) to audit_request;

CREATE OR REPLACE FUNCTION lookup.manifest_vkeys()
 RETURNS SETOF text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
          select vkey from signing_key where log_id is null order by signs_from
        $function$
;
alter function lookup.manifest_vkeys() owner to audit_lookup;
grant execute on function lookup.manifest_vkeys() to audit_request;

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
alter function lookup.seal_marked(uuid,text[],integer[],jsonb[]) owner to audit_lookup;
grant execute on function lookup.seal_marked(uuid,text[],integer[],jsonb[]) to audit_retention;

CREATE OR REPLACE FUNCTION public.make_immutable(events text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      begin
        execute format('create trigger immutable before update or delete or truncate on %I
          for each statement execute function refuse_change()', events);
      end $function$
;
alter function make_immutable(text) owner to audit_migrator;

CREATE OR REPLACE FUNCTION public.origin_of_entry()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        new.source := convert_from(new.leaf, 'UTF8')::json ->> 'source';
        new.provenance := case when new.source = 'api' then 'asserted' else 'observed' end;
        return new;
      end $function$
;
alter function origin_of_entry() owner to audit_migrator;
grant execute on function origin_of_entry() to public;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        if tg_op in ('UPDATE', 'DELETE') and current_user = 'audit_lookup' then return null; end if;
        raise exception 'events are immutable: % on % refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
      end $function$
;
alter function refuse_change() owner to audit_migrator;
grant execute on function refuse_change() to public;

CREATE OR REPLACE FUNCTION public.tile_only_grows()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        if substring(new.hashes for length(old.hashes)) <> old.hashes then
          raise exception 'a tile of log % would change', old.log_id using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $function$
;
alter function tile_only_grows() owner to audit_migrator;
grant execute on function tile_only_grows() to public;

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
alter function vault_destroy_transit_keys() owner to audit_migrator;
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
alter function vault_hold_up_destruction() owner to audit_migrator;
grant execute on function vault_hold_up_destruction() to public;

CREATE OR REPLACE FUNCTION public.vault_keep_tombstones()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'A tombstone stays' using errcode = 'insufficient_privilege';
end $function$
;
alter function vault_keep_tombstones() owner to audit_migrator;
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
alter function vault_refuse_erased() owner to audit_migrator;
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
alter function vault_refuse_erased_organization() owner to audit_migrator;
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
alter function vault_refuse_retired() owner to audit_migrator;
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
alter function vault_wait_for_makers() owner to audit_migrator;
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
alter function vault_wait_for_organization() owner to audit_migrator;
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
alter function vault_wait_for_wrappers() owner to audit_migrator;
grant execute on function vault_wait_for_wrappers() to public;

create table checkpoint (
  organization_id uuid not null,
  log_id uuid not null,
  size bigint not null,
  note bytea not null,
  signed_at timestamp with time zone not null,
  constraint checkpoint_pkey PRIMARY KEY (log_id, size)
) partition by HASH (log_id);
alter table checkpoint enable row level security;
alter table checkpoint force row level security;
create policy erased_organization on checkpoint to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on checkpoint as restrictive for delete to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on checkpoint to audit_retention, audit_worker using (true);
create policy own_organization on checkpoint to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, select on checkpoint to audit_retention;
grant insert, select on checkpoint to audit_worker;
grant select on checkpoint to audit_request;

create table checkpoint_0 partition of checkpoint FOR VALUES WITH (modulus 8, remainder 0);

create table checkpoint_1 partition of checkpoint FOR VALUES WITH (modulus 8, remainder 1);

create table checkpoint_2 partition of checkpoint FOR VALUES WITH (modulus 8, remainder 2);

create table checkpoint_3 partition of checkpoint FOR VALUES WITH (modulus 8, remainder 3);

create table checkpoint_4 partition of checkpoint FOR VALUES WITH (modulus 8, remainder 4);

create table checkpoint_5 partition of checkpoint FOR VALUES WITH (modulus 8, remainder 5);

create table checkpoint_6 partition of checkpoint FOR VALUES WITH (modulus 8, remainder 6);

create table checkpoint_7 partition of checkpoint FOR VALUES WITH (modulus 8, remainder 7);

create table consumed_lane (
  consumer text not null,
  source text not null,
  lane integer not null,
  number bigint not null default 0,
  constraint consumed_lane_pkey PRIMARY KEY (consumer, source, lane)
);
grant insert, select, update on consumed_lane to audit_worker;

create table consumer_offset (
  consumer text not null,
  topic text not null,
  partition integer not null,
  next_offset bigint not null,
  constraint consumer_offset_pkey PRIMARY KEY (consumer, topic, partition)
);
grant insert, select, update on consumer_offset to audit_worker;

create table cursor (
  name text not null,
  previous pg_snapshot not null,
  current pg_snapshot not null,
  "position" bigint not null,
  constraint cursor_pkey PRIMARY KEY (name)
);
grant delete, insert, select, update on cursor to audit_worker;

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
create policy every_organization on dead_letter to audit_worker using (true);
create policy whole_organizations on dead_letter to audit_retention using (true);
CREATE INDEX dead_letter_order ON public.dead_letter USING btree (consumer, organization_id, id);
grant delete, insert, select, update on dead_letter to audit_worker;
grant delete, select on dead_letter to audit_retention;

create table disclosure (
  organization_id uuid not null,
  log_id uuid not null,
  index bigint not null,
  recorded_at timestamp with time zone not null,
  subject_id text,
  sealed text not null
) partition by RANGE (recorded_at);
alter table disclosure enable row level security;
alter table disclosure force row level security;
create policy every_organization on disclosure to audit_retention, audit_worker using (true);
create policy own_organization on disclosure to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX disclosure_entry ON ONLY public.disclosure USING btree (organization_id, recorded_at, index);
grant delete, select on disclosure to audit_retention;
grant insert, select on disclosure to audit_request;
grant insert, select on disclosure to audit_worker;

create table entry (
  organization_id uuid not null,
  log_id uuid not null,
  index bigint not null,
  recorded_at timestamp with time zone not null,
  occurred_at timestamp with time zone not null,
  operation text not null,
  outcome text not null,
  entity_type text,
  actor_key uuid,
  entity_key uuid,
  source_key uuid,
  request_key uuid,
  words text[] not null,
  disclosable smallint not null,
  leaf bytea not null,
  provenance text,
  source text,
  submitter_type text,
  submitter_id text,
  constraint entry_pkey PRIMARY KEY (organization_id, recorded_at, index)
) partition by RANGE (recorded_at);
alter table entry enable row level security;
alter table entry force row level security;
create policy every_organization on entry to audit_retention, audit_worker using (true);
create policy own_organization on entry to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX entry_actor ON ONLY public.entry USING btree (organization_id, actor_key, recorded_at, index);
CREATE INDEX entry_entity ON ONLY public.entry USING btree (organization_id, entity_key, recorded_at, index);
CREATE INDEX entry_entity_type ON ONLY public.entry USING btree (organization_id, entity_type, recorded_at, index);
CREATE INDEX entry_of_session ON ONLY public.entry USING btree (organization_id, recorded_at, index) WHERE (submitter_type = 'session'::text);
CREATE INDEX entry_operation ON ONLY public.entry USING btree (organization_id, operation, recorded_at, index);
CREATE INDEX entry_provenance ON ONLY public.entry USING btree (organization_id, provenance, recorded_at, index);
CREATE INDEX entry_request ON ONLY public.entry USING btree (organization_id, request_key) WHERE (request_key IS NOT NULL);
CREATE INDEX entry_source ON ONLY public.entry USING btree (organization_id, source_key, recorded_at, index);
CREATE INDEX entry_source_name ON ONLY public.entry USING btree (organization_id, source, recorded_at, index);
CREATE INDEX entry_submitter ON ONLY public.entry USING btree (organization_id, submitter_id, recorded_at, index) WHERE (provenance = 'asserted'::text);
CREATE INDEX entry_unsuccessful ON ONLY public.entry USING btree (organization_id, recorded_at, index) WHERE (outcome <> 'success'::text);
CREATE INDEX entry_words ON ONLY public.entry USING gin (words);
CREATE TRIGGER origin BEFORE INSERT ON public.entry FOR EACH ROW WHEN ((new.provenance IS NULL)) EXECUTE FUNCTION origin_of_entry();
grant delete, select on entry to audit_retention;
grant insert, select on entry to audit_request;
grant insert, select on entry to audit_worker;
grant select on entry to audit_lookup;
grant update (actor_key, entity_key, source_key, request_key) on entry to audit_retention;

create table entry_bundle (
  organization_id uuid not null,
  log_id uuid not null,
  number bigint not null,
  first_recorded_at timestamp with time zone not null,
  last_recorded_at timestamp with time zone not null,
  first_occurred_at timestamp with time zone not null,
  last_occurred_at timestamp with time zone not null,
  constraint entry_bundle_pkey PRIMARY KEY (log_id, number)
) partition by HASH (log_id);
alter table entry_bundle enable row level security;
alter table entry_bundle force row level security;
create policy erased_organization on entry_bundle to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on entry_bundle as restrictive for delete to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on entry_bundle to audit_retention, audit_worker using (true);
create policy own_organization on entry_bundle to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, select on entry_bundle to audit_retention;
grant insert, select on entry_bundle to audit_request;
grant insert, select on entry_bundle to audit_worker;
grant update (last_recorded_at, first_occurred_at, last_occurred_at) on entry_bundle to audit_request;
grant update (last_recorded_at, first_occurred_at, last_occurred_at) on entry_bundle to audit_worker;

create table entry_bundle_0 partition of entry_bundle FOR VALUES WITH (modulus 8, remainder 0);

create table entry_bundle_1 partition of entry_bundle FOR VALUES WITH (modulus 8, remainder 1);

create table entry_bundle_2 partition of entry_bundle FOR VALUES WITH (modulus 8, remainder 2);

create table entry_bundle_3 partition of entry_bundle FOR VALUES WITH (modulus 8, remainder 3);

create table entry_bundle_4 partition of entry_bundle FOR VALUES WITH (modulus 8, remainder 4);

create table entry_bundle_5 partition of entry_bundle FOR VALUES WITH (modulus 8, remainder 5);

create table entry_bundle_6 partition of entry_bundle FOR VALUES WITH (modulus 8, remainder 6);

create table entry_bundle_7 partition of entry_bundle FOR VALUES WITH (modulus 8, remainder 7);

create table entry_volume (
  organization_id uuid not null,
  seconds integer not null,
  entries bigint not null,
  bytes bigint not null,
  ends_at timestamp with time zone not null,
  constraint entry_volume_pkey PRIMARY KEY (organization_id, seconds)
);
alter table entry_volume enable row level security;
alter table entry_volume force row level security;
create policy erased_organization on entry_volume to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on entry_volume as restrictive for delete to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on entry_volume to audit_retention, audit_worker using (true);
create policy own_organization on entry_volume to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, select on entry_volume to audit_retention;
grant insert, select, update on entry_volume to audit_request;

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
create policy erased_organization on erasure to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on erasure as restrictive for delete to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on erasure to audit_retention, audit_worker using (true);
create policy own_organization on erasure to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX erasure_due ON public.erasure USING btree (due_at) WHERE (receipt_at IS NULL);
grant delete, select on erasure to audit_retention;
grant insert, select on erasure to audit_worker;
grant select on erasure to audit_request;
grant update (due_at, attempts, receipt_at, held_because, inventory, retained, held_by) on erasure to audit_worker;
grant update (keys_destroyed, destroyed_at, effective_from) on erasure to audit_retention;

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
create policy every_organization on event to audit_worker using (true);
create policy own_organization on event to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX event_position ON ONLY public.event USING btree ("position");
CREATE INDEX event_transaction_id_position ON ONLY public.event USING btree (transaction_id, "position");
CREATE TRIGGER immutable BEFORE DELETE OR UPDATE OR TRUNCATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
grant delete, select on event to audit_lookup;
grant insert, select on event to audit_request;
grant insert, select on event to audit_worker;
grant update (payload) on event to audit_lookup;

create table event_default partition of event DEFAULT;
CREATE TRIGGER immutable BEFORE DELETE OR UPDATE OR TRUNCATE ON public.event_default FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table expired_range (
  organization_id uuid not null,
  log_id uuid not null,
  first bigint not null,
  last bigint not null,
  first_recorded_at timestamp with time zone not null,
  last_recorded_at timestamp with time zone not null,
  first_occurred_at timestamp with time zone not null,
  last_occurred_at timestamp with time zone not null,
  run_id uuid not null,
  constraint expired_range_check CHECK ((last >= first)),
  constraint expired_range_log_id_fkey FOREIGN KEY (log_id) REFERENCES log(log_id),
  constraint expired_range_run_id_fkey FOREIGN KEY (run_id) REFERENCES retention_run(run_id),
  constraint expired_range_pkey PRIMARY KEY (log_id, first)
);
alter table expired_range enable row level security;
alter table expired_range force row level security;
create policy erased_organization on expired_range to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on expired_range as restrictive for delete to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on expired_range to audit_retention, audit_worker using (true);
create policy own_organization on expired_range to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX expired_range_run ON public.expired_range USING btree (run_id);
grant delete, insert, select on expired_range to audit_retention;
grant select on expired_range to audit_request;
grant select on expired_range to audit_worker;

create table export (
  export_id uuid not null,
  organization_id uuid not null,
  status text not null,
  requested_by text not null,
  requested_at timestamp with time zone not null,
  sealed_request text,
  done bigint not null default 0,
  total bigint not null default 0,
  attempt integer not null default 0,
  leased_until timestamp with time zone,
  failed_because text,
  sealed_key text,
  directory_at bigint,
  directory_length bigint,
  size bigint,
  expires_at timestamp with time zone,
  expired_because text,
  constraint export_expired_because_check CHECK ((expired_because = ANY (ARRAY['time'::text, 'erasure'::text]))),
  constraint export_status_check CHECK ((status = ANY (ARRAY['running'::text, 'ready'::text, 'failed'::text, 'expired'::text]))),
  constraint export_pkey PRIMARY KEY (export_id)
);
alter table export enable row level security;
alter table export force row level security;
create policy erased_organization on export to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on export as restrictive for delete to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on export to audit_retention, audit_worker using (true);
create policy own_organization on export to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX export_due ON public.export USING btree (expires_at) WHERE (status = ANY (ARRAY['ready'::text, 'failed'::text]));
CREATE INDEX export_to_do ON public.export USING btree (requested_at) WHERE (status = 'running'::text);
grant delete, select on export to audit_retention;
grant insert, select on export to audit_request;
grant select, update on export to audit_worker;
grant update (status, sealed_request, sealed_key, expires_at, expired_because) on export to audit_retention;

create table export_subject (
  organization_id uuid not null,
  export_id uuid not null,
  subject_id text not null,
  constraint export_subject_export_id_fkey FOREIGN KEY (export_id) REFERENCES export(export_id) ON DELETE CASCADE,
  constraint export_subject_pkey PRIMARY KEY (export_id, subject_id)
);
alter table export_subject enable row level security;
alter table export_subject force row level security;
create policy erased_organization on export_subject to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on export_subject as restrictive for delete to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on export_subject to audit_retention, audit_worker using (true);
create policy own_organization on export_subject to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX export_subject_subject ON public.export_subject USING btree (organization_id, subject_id);
grant delete, insert, select on export_subject to audit_worker;
grant delete, select on export_subject to audit_retention;

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
create policy every_organization on hold to audit_retention, audit_worker using (true);
create policy held_organization on hold to audit_request using ((held_organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX hold_on_organization ON public.hold USING btree (held_organization_id) WHERE (released_at IS NULL);
grant insert, select on hold to audit_worker;
grant select on hold to audit_request;
grant select on hold to audit_retention;
grant update (confirmed_at, release_requested_at, released_at) on hold to audit_worker;

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
create policy erased_organization on idempotency_key to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on idempotency_key as restrictive for delete to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every on idempotency_key to audit_worker using (true);
create policy own on idempotency_key to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX idempotency_key_recorded_at ON public.idempotency_key USING btree (recorded_at);
grant delete, select on idempotency_key to audit_retention;
grant delete, select on idempotency_key to audit_worker;
grant insert, select, update on idempotency_key to audit_request;

create table lane (
  lane smallint not null,
  last_number bigint not null default 0,
  acknowledged bigint not null default 0,
  constraint lane_check CHECK ((acknowledged <= last_number)),
  constraint lane_pkey PRIMARY KEY (lane)
);
grant select, update on lane to audit_worker;

create table late_fact (
  organization_id uuid not null,
  type text not null,
  facts bigint not null,
  last_at timestamp with time zone not null,
  constraint late_fact_pkey PRIMARY KEY (organization_id, type)
);
alter table late_fact enable row level security;
alter table late_fact force row level security;
create policy every_organization on late_fact to audit_worker using (true);
grant insert, select, update on late_fact to audit_worker;

create table log (
  log_id uuid not null,
  organization_id uuid not null,
  origin text not null,
  size bigint not null default 0,
  right_edge bytea not null default '\x'::bytea,
  recorded_at timestamp with time zone not null,
  checkpoint_size bigint not null default 0,
  opened_at timestamp with time zone not null,
  closed_at timestamp with time zone,
  constraint log_check CHECK ((checkpoint_size <= size)),
  constraint log_size_check CHECK ((size >= 0)),
  constraint log_pkey PRIMARY KEY (log_id),
  constraint log_origin_key UNIQUE (origin)
);
alter table log enable row level security;
alter table log force row level security;
create policy erased_organization_alone on log as restrictive for update to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on log to audit_retention, audit_worker using (true);
create policy own_organization on log to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE UNIQUE INDEX log_open ON public.log USING btree (organization_id) WHERE (closed_at IS NULL);
CREATE INDEX log_to_sign ON public.log USING btree (log_id) WHERE (size > checkpoint_size);
CREATE TRIGGER keep AFTER INSERT ON public.log FOR EACH ROW EXECUTE FUNCTION keep_log_of_organization();
CREATE TRIGGER only_grows BEFORE UPDATE ON public.log FOR EACH ROW EXECUTE FUNCTION log_only_grows();
grant insert, select on log to audit_request;
grant insert, select on log to audit_worker;
grant select on log to audit_retention;
grant update (closed_at) on log to audit_retention;
grant update (size, right_edge, recorded_at) on log to audit_request;
grant update (size, right_edge, recorded_at, checkpoint_size) on log to audit_worker;

create table outgoing (
  lane smallint not null,
  number bigint not null,
  event_position bigint not null,
  ordinal smallint not null,
  contract_type text,
  constraint outgoing_pkey PRIMARY KEY (lane, number)
) partition by RANGE (number);
grant insert, select on outgoing to audit_worker;

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
grant delete, insert, select, update on parked_message to audit_worker;
grant delete, select on parked_message to audit_retention;

create table reader (
  reader_id uuid not null,
  organization_id uuid not null,
  log_id uuid not null,
  token_hash bytea not null,
  sealed_name text not null,
  created_by text not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint reader_log_id_fkey FOREIGN KEY (log_id) REFERENCES log(log_id),
  constraint reader_pkey PRIMARY KEY (reader_id),
  constraint reader_token_hash_key UNIQUE (token_hash)
);
alter table reader enable row level security;
alter table reader force row level security;
create policy erased_organization on reader to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on reader as restrictive for delete to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on reader to audit_retention, audit_worker using (true);
create policy own_organization on reader to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX reader_organization ON public.reader USING btree (organization_id, created_at);
grant delete, select on reader to audit_retention;
grant insert, select on reader to audit_request;
grant select on reader to audit_lookup;
grant select on reader to audit_worker;
grant update (revoked_at) on reader to audit_request;

create table retention (
  organization_id uuid not null,
  purpose text not null default 'audit-trail'::text,
  months integer,
  due_at timestamp with time zone not null,
  constraint retention_months_check CHECK (((months >= 1) AND (months <= 120))),
  constraint retention_purpose_check CHECK ((purpose = 'audit-trail'::text)),
  constraint retention_pkey PRIMARY KEY (organization_id, purpose)
);
alter table retention enable row level security;
alter table retention force row level security;
create policy erased_organization on retention to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on retention as restrictive for delete to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on retention to audit_retention, audit_worker using (true);
create policy own_organization on retention to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX retention_due ON public.retention USING btree (due_at);
grant delete, select on retention to audit_retention;
grant insert on retention to audit_request;
grant insert, select on retention to audit_worker;
grant update (due_at) on retention to audit_retention;
grant update (months, due_at) on retention to audit_worker;

create table retention_run (
  run_id uuid not null,
  organization_id uuid not null,
  purpose text not null,
  months integer not null,
  recorded_before timestamp with time zone not null,
  begun_at timestamp with time zone not null,
  gone_until timestamp with time zone not null default '-infinity'::timestamp with time zone,
  entries bigint not null default 0,
  disclosures bigint not null default 0,
  submissions bigint not null default 0,
  finished_at timestamp with time zone,
  constraint retention_run_pkey PRIMARY KEY (run_id)
);
alter table retention_run enable row level security;
alter table retention_run force row level security;
create policy erased_organization on retention_run to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on retention_run as restrictive for delete to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on retention_run to audit_retention, audit_worker using (true);
create policy own_organization on retention_run to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE UNIQUE INDEX retention_run_unfinished ON public.retention_run USING btree (organization_id, purpose) WHERE (finished_at IS NULL);
grant delete, select on retention_run to audit_retention;
grant insert, select on retention_run to audit_worker;
grant update (finished_at) on retention_run to audit_worker;
grant update (gone_until, entries, disclosures, submissions) on retention_run to audit_retention;

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
create policy erased_organization_alone on sealing_run as restrictive for delete to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on sealing_run to audit_retention, audit_worker using (true);
grant delete, select on sealing_run to audit_retention;
grant insert, select, update on sealing_run to audit_lookup;
grant select on sealing_run to audit_worker;
grant update (told) on sealing_run to audit_worker;

create table signing_key (
  vkey text not null,
  organization_id uuid not null,
  log_id uuid,
  name text not null,
  sealed_seed text,
  signs_from timestamp with time zone not null,
  signs_until timestamp with time zone,
  constraint signing_key_log_id_fkey FOREIGN KEY (log_id) REFERENCES log(log_id),
  constraint signing_key_pkey PRIMARY KEY (vkey)
);
alter table signing_key enable row level security;
alter table signing_key force row level security;
create policy erased_organization_alone on signing_key as restrictive for update to audit_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on signing_key to audit_retention, audit_worker using (true);
create policy own_organization on signing_key to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE UNIQUE INDEX signing_key_current ON public.signing_key USING btree (name) WHERE (signs_until IS NULL);
grant insert, select on signing_key to audit_request;
grant insert, select on signing_key to audit_worker;
grant select on signing_key to audit_lookup;
grant select on signing_key to audit_retention;
grant update (sealed_seed) on signing_key to audit_retention;

create table submission (
  organization_id uuid not null,
  id_key uuid not null,
  content_key uuid,
  log_id uuid not null,
  index bigint not null,
  leaf_version smallint not null default 1,
  constraint submission_pkey PRIMARY KEY (organization_id, id_key)
) partition by HASH (organization_id);
alter table submission enable row level security;
alter table submission force row level security;
create policy every_organization on submission to audit_retention, audit_worker using (true);
create policy own_organization on submission to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX submission_entry ON ONLY public.submission USING btree (log_id, index);
grant delete, select on submission to audit_retention;
grant insert, select on submission to audit_request;
grant insert, select on submission to audit_worker;
grant update (content_key) on submission to audit_retention;

create table submission_0 partition of submission FOR VALUES WITH (modulus 8, remainder 0);

create table submission_1 partition of submission FOR VALUES WITH (modulus 8, remainder 1);

create table submission_2 partition of submission FOR VALUES WITH (modulus 8, remainder 2);

create table submission_3 partition of submission FOR VALUES WITH (modulus 8, remainder 3);

create table submission_4 partition of submission FOR VALUES WITH (modulus 8, remainder 4);

create table submission_5 partition of submission FOR VALUES WITH (modulus 8, remainder 5);

create table submission_6 partition of submission FOR VALUES WITH (modulus 8, remainder 6);

create table submission_7 partition of submission FOR VALUES WITH (modulus 8, remainder 7);

create table tile (
  organization_id uuid not null,
  log_id uuid not null,
  level smallint not null,
  index bigint not null,
  hashes bytea not null,
  constraint tile_hashes_check CHECK ((((length(hashes) % 32) = 0) AND (length(hashes) <= 8192))),
  constraint tile_pkey PRIMARY KEY (log_id, level, index)
) partition by HASH (log_id);
alter table tile enable row level security;
alter table tile force row level security;
create policy every_organization on tile to audit_retention, audit_worker using (true);
create policy own_organization on tile to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE TRIGGER only_grows BEFORE UPDATE ON public.tile FOR EACH ROW EXECUTE FUNCTION tile_only_grows();
grant insert, select on tile to audit_request;
grant insert, select on tile to audit_worker;
grant update (hashes) on tile to audit_request;
grant update (hashes) on tile to audit_worker;

create table tile_0 partition of tile FOR VALUES WITH (modulus 8, remainder 0);

create table tile_1 partition of tile FOR VALUES WITH (modulus 8, remainder 1);

create table tile_2 partition of tile FOR VALUES WITH (modulus 8, remainder 2);

create table tile_3 partition of tile FOR VALUES WITH (modulus 8, remainder 3);

create table tile_4 partition of tile FOR VALUES WITH (modulus 8, remainder 4);

create table tile_5 partition of tile FOR VALUES WITH (modulus 8, remainder 5);

create table tile_6 partition of tile FOR VALUES WITH (modulus 8, remainder 6);

create table tile_7 partition of tile FOR VALUES WITH (modulus 8, remainder 7);

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
create policy every on vault_data_key to audit_retention, audit_worker using (true);
create policy own on vault_data_key to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX vault_data_key_wrapped_by ON public.vault_data_key USING btree (organization_id, organization_key_version);
CREATE TRIGGER refuse_erased BEFORE INSERT ON public.vault_data_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_erased();
CREATE TRIGGER refuse_erased_organization BEFORE INSERT ON public.vault_data_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_erased_organization();
grant delete, select on vault_data_key to audit_retention;
grant insert, select on vault_data_key to audit_request;
grant insert, select on vault_data_key to audit_worker;
grant update (organization_key_version, wrapped) on vault_data_key to audit_worker;

create table vault_erased_key (
  organization_id uuid not null,
  holder text not null,
  erased_at timestamp with time zone not null,
  created_by xid8 not null default pg_current_xact_id(),
  constraint vault_erased_key_pkey PRIMARY KEY (organization_id, holder)
);
alter table vault_erased_key enable row level security;
alter table vault_erased_key force row level security;
create policy every on vault_erased_key to audit_retention, audit_worker using (true);
create policy own on vault_erased_key to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE TRIGGER destroy_transit_keys AFTER INSERT ON public.vault_erased_key FOR EACH ROW EXECUTE FUNCTION vault_destroy_transit_keys();
CREATE TRIGGER keep_tombstones BEFORE DELETE OR UPDATE OR TRUNCATE ON public.vault_erased_key FOR EACH STATEMENT EXECUTE FUNCTION vault_keep_tombstones();
CREATE TRIGGER wait_for_makers BEFORE INSERT ON public.vault_erased_key FOR EACH ROW EXECUTE FUNCTION vault_wait_for_makers();
grant insert, select on vault_erased_key to audit_retention;
grant select on vault_erased_key to audit_request;
grant select on vault_erased_key to audit_worker;

create table vault_erased_organization (
  organization_id uuid not null,
  erased_at timestamp with time zone not null,
  constraint vault_erased_organization_pkey PRIMARY KEY (organization_id)
);
alter table vault_erased_organization enable row level security;
alter table vault_erased_organization force row level security;
create policy every on vault_erased_organization to audit_retention, audit_worker using (true);
create policy own on vault_erased_organization to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE TRIGGER keep_tombstones BEFORE DELETE OR UPDATE OR TRUNCATE ON public.vault_erased_organization FOR EACH STATEMENT EXECUTE FUNCTION vault_keep_tombstones();
CREATE TRIGGER wait_for_makers BEFORE INSERT ON public.vault_erased_organization FOR EACH ROW EXECUTE FUNCTION vault_wait_for_organization();
grant insert, select on vault_erased_organization to audit_retention;
grant select on vault_erased_organization to audit_lookup;
grant select on vault_erased_organization to audit_request;
grant select on vault_erased_organization to audit_worker;

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
create policy every on vault_organization_key to audit_retention, audit_worker using (true);
create policy own on vault_organization_key to audit_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE TRIGGER refuse_erased_organization BEFORE INSERT ON public.vault_organization_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_erased_organization();
CREATE TRIGGER refuse_retired BEFORE INSERT OR UPDATE OF kek_id ON public.vault_organization_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_retired();
grant delete, insert, select on vault_organization_key to audit_worker;
grant delete, select on vault_organization_key to audit_retention;
grant insert, select on vault_organization_key to audit_request;
grant update (kek_id, wrapped) on vault_organization_key to audit_worker;

create table vault_retired_kek (
  kek_id text not null,
  retired_at timestamp with time zone not null,
  constraint vault_retired_kek_pkey PRIMARY KEY (kek_id)
);
CREATE TRIGGER wait_for_wrappers BEFORE INSERT ON public.vault_retired_kek FOR EACH ROW EXECUTE FUNCTION vault_wait_for_wrappers();
grant insert, select on vault_retired_kek to audit_worker;
grant select on vault_retired_kek to audit_request;

create table vault_service_key (
  name text not null,
  kek_id text not null,
  wrapped bytea not null,
  created_at timestamp with time zone not null,
  constraint vault_service_key_pkey PRIMARY KEY (name)
);
CREATE TRIGGER refuse_retired BEFORE INSERT OR UPDATE OF kek_id ON public.vault_service_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_retired();
grant insert, select on vault_service_key to audit_request;
grant insert, select on vault_service_key to audit_worker;
grant update (kek_id, wrapped) on vault_service_key to audit_worker;

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
create policy every on vault_transit_key to audit_retention, audit_worker using (true);
CREATE TRIGGER hold_up_destruction BEFORE INSERT ON public.vault_transit_key FOR EACH ROW EXECUTE FUNCTION vault_hold_up_destruction();
CREATE TRIGGER refuse_erased_organization BEFORE INSERT ON public.vault_transit_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_erased_organization();
grant delete, select on vault_transit_key to audit_retention;
grant insert, select on vault_transit_key to audit_worker;
grant update (organization_key_version, wrapped) on vault_transit_key to audit_worker;
