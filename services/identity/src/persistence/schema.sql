-- The database `identity` as its migrations make it. Written by `npm run golden`; a test compares.

create schema if not exists lookup authorization identity_lookup;
grant usage on schema lookup to identity_migrator;
grant usage on schema lookup to identity_request;
grant usage on schema lookup to identity_retention;
grant usage on schema lookup to identity_worker;

create schema if not exists public authorization identity_migrator;
grant usage on schema public to identity_lookup;
grant usage on schema public to identity_request;
grant usage on schema public to identity_retention;
grant usage on schema public to identity_worker;

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
alter function differs_by_seals(jsonb,jsonb) owner to identity_migrator;
grant execute on function differs_by_seals(jsonb,jsonb) to identity_lookup;

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
alter function ensure_outgoing_partition(bigint) owner to identity_migrator;
grant execute on function ensure_outgoing_partition(bigint) to identity_worker;

CREATE OR REPLACE FUNCTION lookup.api_key(wanted bytea)
 RETURNS TABLE(organization_id uuid, api_key_id uuid, scopes text[], expires_at timestamp with time zone, last_used_at timestamp with time zone, revoked_at timestamp with time zone, creator_role text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
            select k.organization_id, k.api_key_id, k.scopes, k.expires_at, k.last_used_at, k.revoked_at, m.role
            from api_key k join member m on m.user_id = k.created_by
            where k.key_hash = wanted$function$
;
alter function lookup.api_key(bytea) owner to identity_lookup;
grant execute on function lookup.api_key(bytea) to identity_request;
grant execute on function lookup.api_key(bytea) to identity_worker;

CREATE OR REPLACE FUNCTION lookup.api_key_and_organization(wanted bytea)
 RETURNS TABLE(organization_id uuid, api_key_id uuid, scopes text[], expires_at timestamp with time zone, last_used_at timestamp with time zone, revoked_at timestamp with time zone, creator_role text, source text, organization_inactive boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
            select k.organization_id, k.api_key_id, k.scopes, k.expires_at, k.last_used_at, k.revoked_at, m.role, k.source,
              o.inactive_since is not null
            from api_key k
            join member m on m.user_id = k.created_by
            join organization o on o.organization_id = k.organization_id
            where k.key_hash = wanted$function$
;
alter function lookup.api_key_and_organization(bytea) owner to identity_lookup;
grant execute on function lookup.api_key_and_organization(bytea) to identity_request;
grant execute on function lookup.api_key_and_organization(bytea) to identity_worker;

CREATE OR REPLACE FUNCTION lookup.api_key_with_source(wanted bytea)
 RETURNS TABLE(organization_id uuid, api_key_id uuid, scopes text[], expires_at timestamp with time zone, last_used_at timestamp with time zone, revoked_at timestamp with time zone, creator_role text, source text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
            select k.organization_id, k.api_key_id, k.scopes, k.expires_at, k.last_used_at, k.revoked_at, m.role, k.source
            from api_key k join member m on m.user_id = k.created_by
            where k.key_hash = wanted$function$
;
alter function lookup.api_key_with_source(bytea) owner to identity_lookup;
grant execute on function lookup.api_key_with_source(bytea) to identity_request;
grant execute on function lookup.api_key_with_source(bytea) to identity_worker;

CREATE OR REPLACE FUNCTION lookup.challenge(wanted bytea)
 RETURNS TABLE(organization_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$select organization_id from log_in_challenge where challenge_hash = wanted$function$
;
alter function lookup.challenge(bytea) owner to identity_lookup;
grant execute on function lookup.challenge(bytea) to identity_request;
grant execute on function lookup.challenge(bytea) to identity_worker;

CREATE OR REPLACE FUNCTION lookup.count_email(addressee bytea, subject text, at timestamp with time zone, ends timestamp with time zone)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
            insert into email_limit as t values (addressee, subject, 1, ends)
            on conflict (email_hash, about) do update set
              emails = case when t.window_ends_at > at then t.emails + 1 else 1 end,
              window_ends_at = case when t.window_ends_at > at then t.window_ends_at else ends end
            returning emails$function$
;
alter function lookup.count_email(bytea,text,timestamp with time zone,timestamp with time zone) owner to identity_lookup;
grant execute on function lookup.count_email(bytea,text,timestamp with time zone,timestamp with time zone) to identity_request;
grant execute on function lookup.count_email(bytea,text,timestamp with time zone,timestamp with time zone) to identity_worker;

CREATE OR REPLACE FUNCTION lookup.count_letter(addressee bytea, subject text, at timestamp with time zone, ends timestamp with time zone)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
            insert into letter_limit as t values (addressee, subject, 1, ends)
            on conflict (email_hash, about) do update set
              letters = case when t.window_ends_at > at then t.letters + 1 else 1 end,
              window_ends_at = case when t.window_ends_at > at then t.window_ends_at else ends end
            returning letters$function$
;
alter function lookup.count_letter(bytea,text,timestamp with time zone,timestamp with time zone) owner to identity_lookup;
grant execute on function lookup.count_letter(bytea,text,timestamp with time zone,timestamp with time zone) to identity_request;
grant execute on function lookup.count_letter(bytea,text,timestamp with time zone,timestamp with time zone) to identity_worker;

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
alter function lookup.delete_events(uuid,bigint,bigint) owner to identity_lookup;
grant execute on function lookup.delete_events(uuid,bigint,bigint) to identity_retention;

CREATE OR REPLACE FUNCTION lookup.forget_attempts(proved bytea)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$delete from attempt_limit where attempt_key = proved$function$
;
alter function lookup.forget_attempts(bytea) owner to identity_lookup;
grant execute on function lookup.forget_attempts(bytea) to identity_request;
grant execute on function lookup.forget_attempts(bytea) to identity_worker;

CREATE OR REPLACE FUNCTION lookup.give_back_attempt(taken bytea)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$update attempt_limit set attempts = greatest(attempts - 1, 0) where attempt_key = taken$function$
;
alter function lookup.give_back_attempt(bytea) owner to identity_lookup;
grant execute on function lookup.give_back_attempt(bytea) to identity_request;
grant execute on function lookup.give_back_attempt(bytea) to identity_worker;

CREATE OR REPLACE FUNCTION lookup.link_token(wanted bytea, meant_for text)
 RETURNS TABLE(organization_id uuid, subject_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$select organization_id, subject_id from link_token where token_hash = wanted and purpose = meant_for$function$
;
alter function lookup.link_token(bytea,text) owner to identity_lookup;
grant execute on function lookup.link_token(bytea,text) to identity_request;
grant execute on function lookup.link_token(bytea,text) to identity_worker;

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
alter function lookup.seal_marked(uuid,text[],integer[],jsonb[]) owner to identity_lookup;
grant execute on function lookup.seal_marked(uuid,text[],integer[],jsonb[]) to identity_retention;

CREATE OR REPLACE FUNCTION lookup.session(wanted bytea)
 RETURNS TABLE(organization_id uuid, session_id uuid, user_id uuid, level text, awaits_documents boolean, last_seen_at timestamp with time zone, authenticated_at timestamp with time zone, idle_expires_at timestamp with time zone, expires_at timestamp with time zone, ended_at timestamp with time zone, role text, second_factor_required boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
            select s.organization_id, s.session_id, s.user_id, s.level, s.awaits_documents, s.last_seen_at,
              s.authenticated_at, s.idle_expires_at, s.expires_at, s.ended_at, m.role,
              o.second_factor_required
                or exists (select from password p where p.user_id = s.user_id and not p.good_alone)
            from session s
            join member m on m.user_id = s.user_id
            join organization o on o.organization_id = s.organization_id
            where s.session_hash = wanted$function$
;
alter function lookup.session(bytea) owner to identity_lookup;
grant execute on function lookup.session(bytea) to identity_request;
grant execute on function lookup.session(bytea) to identity_worker;

CREATE OR REPLACE FUNCTION lookup.session_and_organization(wanted bytea)
 RETURNS TABLE(organization_id uuid, session_id uuid, user_id uuid, level text, awaits_documents boolean, last_seen_at timestamp with time zone, authenticated_at timestamp with time zone, idle_expires_at timestamp with time zone, expires_at timestamp with time zone, ended_at timestamp with time zone, role text, second_factor_required boolean, organization_inactive boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
            select s.organization_id, s.session_id, s.user_id, s.level, s.awaits_documents, s.last_seen_at,
              s.authenticated_at, s.idle_expires_at, s.expires_at, s.ended_at, m.role,
              o.second_factor_required
                or exists (select from password p where p.user_id = s.user_id and not p.good_alone),
              o.inactive_since is not null
            from session s
            join member m on m.user_id = s.user_id
            join organization o on o.organization_id = s.organization_id
            where s.session_hash = wanted$function$
;
alter function lookup.session_and_organization(bytea) owner to identity_lookup;
grant execute on function lookup.session_and_organization(bytea) to identity_request;
grant execute on function lookup.session_and_organization(bytea) to identity_worker;

CREATE OR REPLACE FUNCTION lookup.take_attempt(wanted bytea, at timestamp with time zone, ends timestamp with time zone)
 RETURNS TABLE(attempts integer, window_ends_at timestamp with time zone)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
            insert into attempt_limit as t values (wanted, 1, ends)
            on conflict (attempt_key) do update set
              attempts = case when t.window_ends_at > at then t.attempts + 1 else 1 end,
              window_ends_at = case when t.window_ends_at > at then t.window_ends_at else ends end
            returning t.attempts, t.window_ends_at$function$
;
alter function lookup.take_attempt(bytea,timestamp with time zone,timestamp with time zone) owner to identity_lookup;
grant execute on function lookup.take_attempt(bytea,timestamp with time zone,timestamp with time zone) to identity_request;
grant execute on function lookup.take_attempt(bytea,timestamp with time zone,timestamp with time zone) to identity_worker;

CREATE OR REPLACE FUNCTION lookup.user_by_email(wanted bytea)
 RETURNS TABLE(organization_id uuid, user_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$select organization_id, user_id from email_address where email_hash = wanted$function$
;
alter function lookup.user_by_email(bytea) owner to identity_lookup;
grant execute on function lookup.user_by_email(bytea) to identity_request;
grant execute on function lookup.user_by_email(bytea) to identity_worker;

CREATE OR REPLACE FUNCTION public.make_immutable(events text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      begin
        execute format('create trigger immutable before update or delete or truncate on %I
          for each statement execute function refuse_change()', events);
      end $function$
;
alter function make_immutable(text) owner to identity_migrator;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        if tg_op in ('UPDATE', 'DELETE') and current_user = 'identity_lookup' then return null; end if;
        raise exception 'events are immutable: % on % refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
      end $function$
;
alter function refuse_change() owner to identity_migrator;
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
alter function vault_destroy_transit_keys() owner to identity_migrator;
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
alter function vault_hold_up_destruction() owner to identity_migrator;
grant execute on function vault_hold_up_destruction() to public;

CREATE OR REPLACE FUNCTION public.vault_keep_tombstones()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'A tombstone stays' using errcode = 'insufficient_privilege';
end $function$
;
alter function vault_keep_tombstones() owner to identity_migrator;
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
alter function vault_refuse_erased() owner to identity_migrator;
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
alter function vault_refuse_erased_organization() owner to identity_migrator;
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
alter function vault_refuse_retired() owner to identity_migrator;
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
alter function vault_wait_for_makers() owner to identity_migrator;
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
alter function vault_wait_for_organization() owner to identity_migrator;
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
alter function vault_wait_for_wrappers() owner to identity_migrator;
grant execute on function vault_wait_for_wrappers() to public;

create table account (
  organization_id uuid not null,
  user_id uuid not null,
  email_sealed text,
  name_sealed text,
  email_verified_at timestamp with time zone,
  registered_at timestamp with time zone not null,
  last_used_on date not null default ((now() AT TIME ZONE 'utc'::text))::date,
  unused_warnings smallint not null default 0,
  anonymized_from date,
  constraint account_unused_warnings_check CHECK (((unused_warnings >= 0) AND (unused_warnings <= 2))),
  constraint account_pkey PRIMARY KEY (user_id)
);
alter table account enable row level security;
alter table account force row level security;
create policy every_organization on account to identity_retention, identity_worker using (true);
create policy own_organization on account to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX account_by_last_use ON public.account USING btree (last_used_on);
grant delete, insert, select, update on account to identity_request;
grant delete, select on account to identity_retention;
grant select on account to identity_worker;
grant update (last_used_on, unused_warnings, anonymized_from) on account to identity_worker;

create table api_key (
  organization_id uuid not null,
  api_key_id uuid not null,
  key_hash bytea not null,
  start text not null,
  name text not null,
  scopes text[] not null,
  created_by uuid not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  source text not null default 'api'::text,
  constraint api_key_pkey PRIMARY KEY (api_key_id),
  constraint api_key_key_hash_key UNIQUE (key_hash),
  constraint api_key_organization_id_created_at_api_key_id_key UNIQUE (organization_id, created_at, api_key_id)
);
alter table api_key enable row level security;
alter table api_key force row level security;
create policy every_organization on api_key to identity_retention, identity_worker using (true);
create policy own_organization on api_key to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, select on api_key to identity_retention;
grant insert, select, update on api_key to identity_request;
grant select on api_key to identity_lookup;

create table attempt_limit (
  attempt_key bytea not null,
  attempts integer not null,
  window_ends_at timestamp with time zone not null,
  constraint attempt_limit_pkey PRIMARY KEY (attempt_key)
);
alter table attempt_limit enable row level security;
alter table attempt_limit force row level security;
create policy every_row on attempt_limit to identity_retention using (true);
grant delete, insert, select, update on attempt_limit to identity_lookup;
grant delete, select on attempt_limit to identity_retention;

create table authenticator (
  organization_id uuid not null,
  authenticator_id uuid not null,
  user_id uuid not null,
  kind text not null,
  secret_sealed text not null,
  last_step bigint not null default 0,
  created_at timestamp with time zone not null,
  enrolled_at timestamp with time zone,
  last_used_at timestamp with time zone,
  constraint authenticator_kind_check CHECK ((kind = 'totp'::text)),
  constraint authenticator_pkey PRIMARY KEY (authenticator_id)
);
alter table authenticator enable row level security;
alter table authenticator force row level security;
create policy every_organization on authenticator to identity_retention, identity_worker using (true);
create policy own_organization on authenticator to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX authenticator_by_user ON public.authenticator USING btree (user_id);
grant delete, insert, select, update on authenticator to identity_request;
grant delete, select on authenticator to identity_retention;
grant select on authenticator to identity_lookup;

create table consent (
  organization_id uuid not null,
  user_id uuid not null,
  document text not null,
  version text not null,
  sha256 text not null,
  accepted_at timestamp with time zone not null,
  source_ip_sealed text,
  user_agent_sealed text,
  constraint consent_pkey PRIMARY KEY (user_id, document, version, sha256)
);
alter table consent enable row level security;
alter table consent force row level security;
create policy every_organization on consent to identity_retention, identity_worker using (true);
create policy own_organization on consent to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, select on consent to identity_retention;
grant insert, select on consent to identity_request;

create table consumed_lane (
  consumer text not null,
  source text not null,
  lane integer not null,
  number bigint not null default 0,
  constraint consumed_lane_pkey PRIMARY KEY (consumer, source, lane)
);
grant insert, select, update on consumed_lane to identity_worker;

create table consumer_offset (
  consumer text not null,
  topic text not null,
  partition integer not null,
  next_offset bigint not null,
  constraint consumer_offset_pkey PRIMARY KEY (consumer, topic, partition)
);
grant insert, select, update on consumer_offset to identity_worker;

create table cursor (
  name text not null,
  previous pg_snapshot not null,
  current pg_snapshot not null,
  "position" bigint not null,
  constraint cursor_pkey PRIMARY KEY (name)
);
grant delete, insert, select, update on cursor to identity_worker;

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
create policy every_organization on dead_letter to identity_worker using (true);
create policy whole_organizations on dead_letter to identity_retention using (true);
CREATE INDEX dead_letter_order ON public.dead_letter USING btree (consumer, organization_id, id);
grant delete, insert, select, update on dead_letter to identity_worker;
grant delete, select on dead_letter to identity_retention;

create table email (
  organization_id uuid not null,
  email_id uuid not null,
  subject_id uuid,
  kind text not null,
  content_sealed text,
  idempotency_key text not null,
  created_at timestamp with time zone not null,
  due_at timestamp with time zone not null,
  attempts integer not null default 0,
  sent_at timestamp with time zone,
  last_error text,
  constraint email_pkey PRIMARY KEY (email_id),
  constraint email_idempotency_key_key UNIQUE (idempotency_key)
);
alter table email enable row level security;
alter table email force row level security;
create policy every_organization on email to identity_retention, identity_worker using (true);
create policy own_organization on email to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX email_due ON public.email USING btree (due_at) WHERE (sent_at IS NULL);
grant delete, insert, select, update on email to identity_worker;
grant delete, select on email to identity_retention;
grant insert, select on email to identity_request;

create table email_address (
  organization_id uuid not null,
  email_hash bytea not null,
  user_id uuid not null,
  constraint email_address_pkey PRIMARY KEY (email_hash),
  constraint email_address_user_id_key UNIQUE (user_id)
);
alter table email_address enable row level security;
alter table email_address force row level security;
create policy every_organization on email_address to identity_retention, identity_worker using (true);
create policy own_organization on email_address to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, insert, select on email_address to identity_request;
grant delete, select on email_address to identity_retention;
grant select on email_address to identity_lookup;

create table email_limit (
  email_hash bytea not null,
  about text not null,
  emails integer not null,
  window_ends_at timestamp with time zone not null,
  constraint email_limit_about_check CHECK ((about = ANY (ARRAY['sign-up'::text, 'password-reset'::text, 'invitation'::text]))),
  constraint email_limit_pkey PRIMARY KEY (email_hash, about)
);
alter table email_limit enable row level security;
alter table email_limit force row level security;
create policy every_row on email_limit to identity_retention using (true);
grant delete, select on email_limit to identity_retention;
grant insert, select, update on email_limit to identity_lookup;

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
create policy erased_organization on erasure to identity_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on erasure as restrictive for delete to identity_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on erasure to identity_retention, identity_worker using (true);
create policy own_organization on erasure to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX erasure_due ON public.erasure USING btree (due_at) WHERE (receipt_at IS NULL);
grant delete, select on erasure to identity_retention;
grant insert, select on erasure to identity_worker;
grant select on erasure to identity_request;
grant update (due_at, attempts, receipt_at, held_because, inventory, retained, held_by) on erasure to identity_worker;
grant update (keys_destroyed, destroyed_at, effective_from) on erasure to identity_retention;

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
create policy every_organization on event to identity_worker using (true);
create policy own_organization on event to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX event_position ON ONLY public.event USING btree ("position");
CREATE INDEX event_transaction_id_position ON ONLY public.event USING btree (transaction_id, "position");
CREATE TRIGGER immutable BEFORE DELETE OR UPDATE OR TRUNCATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
grant delete, select on event to identity_lookup;
grant insert, select on event to identity_request;
grant insert, select on event to identity_worker;
grant update (payload) on event to identity_lookup;

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
create policy every_organization on hold to identity_retention, identity_worker using (true);
create policy held_organization on hold to identity_request using ((held_organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX hold_on_organization ON public.hold USING btree (held_organization_id) WHERE (released_at IS NULL);
grant insert, select on hold to identity_worker;
grant select on hold to identity_request;
grant select on hold to identity_retention;
grant update (confirmed_at, release_requested_at, released_at) on hold to identity_worker;

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
create policy erased_organization on idempotency_key to identity_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy erased_organization_alone on idempotency_key as restrictive for delete to identity_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every on idempotency_key to identity_worker using (true);
create policy own on idempotency_key to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX idempotency_key_recorded_at ON public.idempotency_key USING btree (recorded_at);
grant delete, select on idempotency_key to identity_retention;
grant delete, select on idempotency_key to identity_worker;
grant insert, select, update on idempotency_key to identity_request;

create table invitation (
  organization_id uuid not null,
  invitation_id uuid not null,
  email_sealed text,
  role text not null,
  status text not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  invited_by uuid,
  email_hash bytea,
  constraint invitation_status_check CHECK ((status = ANY (ARRAY['open'::text, 'accepted'::text, 'revoked'::text]))),
  constraint invitation_pkey PRIMARY KEY (invitation_id),
  constraint invitation_organization_id_created_at_invitation_id_key UNIQUE (organization_id, created_at, invitation_id)
);
alter table invitation enable row level security;
alter table invitation force row level security;
create policy every_organization on invitation to identity_retention, identity_worker using (true);
create policy own_organization on invitation to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX invitation_by_email ON public.invitation USING btree (email_hash) WHERE (email_hash IS NOT NULL);
CREATE INDEX invitation_by_inviter ON public.invitation USING btree (invited_by) WHERE (status = 'open'::text);
grant delete, select on invitation to identity_retention;
grant insert, select, update on invitation to identity_request;
grant update (email_hash) on invitation to identity_retention;

create table lane (
  lane smallint not null,
  last_number bigint not null default 0,
  acknowledged bigint not null default 0,
  constraint lane_check CHECK ((acknowledged <= last_number)),
  constraint lane_pkey PRIMARY KEY (lane)
);
grant select, update on lane to identity_worker;

create table late_fact (
  organization_id uuid not null,
  type text not null,
  facts bigint not null,
  last_at timestamp with time zone not null,
  constraint late_fact_pkey PRIMARY KEY (organization_id, type)
);
alter table late_fact enable row level security;
alter table late_fact force row level security;
create policy every_organization on late_fact to identity_worker using (true);
grant insert, select, update on late_fact to identity_worker;

create view letter as
 SELECT organization_id,
    email_id AS letter_id,
    subject_id,
    kind,
    content_sealed,
    idempotency_key,
    created_at,
    due_at,
    attempts,
    sent_at,
    last_error
   FROM email;
alter table letter set (security_invoker=true);
grant delete, insert, select, update on letter to identity_worker;
grant delete, select on letter to identity_retention;
grant insert, select on letter to identity_request;

create view letter_limit as
 SELECT email_hash,
    about,
    emails AS letters,
    window_ends_at
   FROM email_limit;
alter table letter_limit set (security_invoker=true);
grant delete, select on letter_limit to identity_retention;
grant insert, select, update on letter_limit to identity_lookup;

create table link_token (
  organization_id uuid not null,
  token_hash bytea not null,
  purpose text not null,
  subject_id uuid not null,
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  constraint link_token_purpose_check CHECK ((purpose = ANY (ARRAY['verify-email'::text, 'reset-password'::text, 'accept-invitation'::text]))),
  constraint link_token_pkey PRIMARY KEY (token_hash)
);
alter table link_token enable row level security;
alter table link_token force row level security;
create policy every_organization on link_token to identity_retention, identity_worker using (true);
create policy own_organization on link_token to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX link_token_by_subject ON public.link_token USING btree (subject_id);
grant delete, insert, select on link_token to identity_worker;
grant delete, insert, select, update on link_token to identity_request;
grant delete, select on link_token to identity_retention;
grant select on link_token to identity_lookup;

create table log_in_challenge (
  organization_id uuid not null,
  challenge_hash bytea not null,
  user_id uuid not null,
  next text not null,
  session_id uuid,
  level text not null,
  attempts integer not null default 0,
  expires_at timestamp with time zone not null,
  completed_at timestamp with time zone,
  constraint log_in_challenge_level_check CHECK ((level = ANY (ARRAY['single-factor'::text, 'two-factor'::text]))),
  constraint log_in_challenge_next_check CHECK ((next = ANY (ARRAY['totp'::text, 'enrol-second-factor'::text, 'accept-documents'::text]))),
  constraint log_in_challenge_pkey PRIMARY KEY (challenge_hash)
);
alter table log_in_challenge enable row level security;
alter table log_in_challenge force row level security;
create policy every_organization on log_in_challenge to identity_retention, identity_worker using (true);
create policy own_organization on log_in_challenge to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, insert, select, update on log_in_challenge to identity_request;
grant delete, select on log_in_challenge to identity_retention;
grant select on log_in_challenge to identity_lookup;

create table member (
  organization_id uuid not null,
  user_id uuid not null,
  role text not null,
  joined_at timestamp with time zone not null,
  constraint member_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'auditor'::text, 'billing'::text]))),
  constraint member_pkey PRIMARY KEY (user_id),
  constraint member_organization_id_joined_at_user_id_key UNIQUE (organization_id, joined_at, user_id)
);
alter table member enable row level security;
alter table member force row level security;
create policy every_organization on member to identity_retention, identity_worker using (true);
create policy own_organization on member to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, insert, select, update on member to identity_request;
grant delete, select on member to identity_retention;
grant select on member to identity_lookup;
grant select on member to identity_worker;

create table organization (
  organization_id uuid not null,
  name text not null,
  status text not null,
  second_factor_required boolean not null default false,
  registered_at timestamp with time zone not null,
  inactive_since timestamp with time zone,
  constraint organization_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text]))),
  constraint organization_pkey PRIMARY KEY (organization_id)
);
alter table organization enable row level security;
alter table organization force row level security;
create policy every_organization on organization to identity_retention, identity_worker using (true);
create policy own_organization on organization to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, select on organization to identity_retention;
grant insert, select, update on organization to identity_request;
grant select on organization to identity_lookup;
grant select on organization to identity_worker;
grant update (inactive_since) on organization to identity_worker;

create table outgoing (
  lane smallint not null,
  number bigint not null,
  event_position bigint not null,
  ordinal smallint not null,
  contract_type text,
  constraint outgoing_pkey PRIMARY KEY (lane, number)
) partition by RANGE (number);
grant insert, select on outgoing to identity_worker;

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
grant delete, insert, select, update on parked_message to identity_worker;
grant delete, select on parked_message to identity_retention;

create table password (
  organization_id uuid not null,
  user_id uuid not null,
  hash text not null,
  changed_at timestamp with time zone not null,
  good_alone boolean not null,
  constraint password_pkey PRIMARY KEY (user_id)
);
alter table password enable row level security;
alter table password force row level security;
create policy every_organization on password to identity_retention, identity_worker using (true);
create policy own_organization on password to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, insert, select, update on password to identity_request;
grant delete, select on password to identity_retention;
grant select on password to identity_lookup;

create table recovery_code (
  organization_id uuid not null,
  user_id uuid not null,
  code_hash bytea not null,
  used_at timestamp with time zone,
  constraint recovery_code_pkey PRIMARY KEY (user_id, code_hash)
);
alter table recovery_code enable row level security;
alter table recovery_code force row level security;
create policy every_organization on recovery_code to identity_retention, identity_worker using (true);
create policy own_organization on recovery_code to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
grant delete, insert, select, update on recovery_code to identity_request;
grant delete, select on recovery_code to identity_retention;

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
create policy erased_organization_alone on sealing_run as restrictive for delete to identity_retention using ((organization_id IN ( SELECT vault_erased_organization.organization_id
   FROM vault_erased_organization)));
create policy every_organization on sealing_run to identity_retention, identity_worker using (true);
grant delete, select on sealing_run to identity_retention;
grant insert, select, update on sealing_run to identity_lookup;
grant select on sealing_run to identity_worker;
grant update (told) on sealing_run to identity_worker;

create table session (
  organization_id uuid not null,
  session_id uuid not null,
  session_hash bytea not null,
  user_id uuid not null,
  level text not null,
  awaits_documents boolean not null default false,
  started_at timestamp with time zone not null,
  last_seen_at timestamp with time zone not null,
  authenticated_at timestamp with time zone not null,
  idle_expires_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  source_ip_sealed text,
  user_agent_sealed text,
  constraint session_level_check CHECK ((level = ANY (ARRAY['single-factor'::text, 'two-factor'::text]))),
  constraint session_pkey PRIMARY KEY (session_id),
  constraint session_session_hash_key UNIQUE (session_hash)
);
alter table session enable row level security;
alter table session force row level security;
create policy every_organization on session to identity_retention, identity_worker using (true);
create policy own_organization on session to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX session_by_user ON public.session USING btree (user_id) WHERE (ended_at IS NULL);
grant delete, insert, select, update on session to identity_request;
grant delete, select on session to identity_retention;
grant select on session to identity_lookup;

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
create policy every on vault_data_key to identity_retention, identity_worker using (true);
create policy own on vault_data_key to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE INDEX vault_data_key_wrapped_by ON public.vault_data_key USING btree (organization_id, organization_key_version);
CREATE TRIGGER refuse_erased BEFORE INSERT ON public.vault_data_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_erased();
CREATE TRIGGER refuse_erased_organization BEFORE INSERT ON public.vault_data_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_erased_organization();
grant delete, select on vault_data_key to identity_retention;
grant insert, select on vault_data_key to identity_request;
grant insert, select on vault_data_key to identity_worker;
grant update (organization_key_version, wrapped) on vault_data_key to identity_worker;

create table vault_erased_key (
  organization_id uuid not null,
  holder text not null,
  erased_at timestamp with time zone not null,
  created_by xid8 not null default pg_current_xact_id(),
  constraint vault_erased_key_pkey PRIMARY KEY (organization_id, holder)
);
alter table vault_erased_key enable row level security;
alter table vault_erased_key force row level security;
create policy every on vault_erased_key to identity_retention, identity_worker using (true);
create policy own on vault_erased_key to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE TRIGGER destroy_transit_keys AFTER INSERT ON public.vault_erased_key FOR EACH ROW EXECUTE FUNCTION vault_destroy_transit_keys();
CREATE TRIGGER keep_tombstones BEFORE DELETE OR UPDATE OR TRUNCATE ON public.vault_erased_key FOR EACH STATEMENT EXECUTE FUNCTION vault_keep_tombstones();
CREATE TRIGGER wait_for_makers BEFORE INSERT ON public.vault_erased_key FOR EACH ROW EXECUTE FUNCTION vault_wait_for_makers();
grant insert, select on vault_erased_key to identity_retention;
grant select on vault_erased_key to identity_request;
grant select on vault_erased_key to identity_worker;

create table vault_erased_organization (
  organization_id uuid not null,
  erased_at timestamp with time zone not null,
  constraint vault_erased_organization_pkey PRIMARY KEY (organization_id)
);
alter table vault_erased_organization enable row level security;
alter table vault_erased_organization force row level security;
create policy every on vault_erased_organization to identity_retention, identity_worker using (true);
create policy own on vault_erased_organization to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE TRIGGER keep_tombstones BEFORE DELETE OR UPDATE OR TRUNCATE ON public.vault_erased_organization FOR EACH STATEMENT EXECUTE FUNCTION vault_keep_tombstones();
CREATE TRIGGER wait_for_makers BEFORE INSERT ON public.vault_erased_organization FOR EACH ROW EXECUTE FUNCTION vault_wait_for_organization();
grant insert, select on vault_erased_organization to identity_retention;
grant select on vault_erased_organization to identity_lookup;
grant select on vault_erased_organization to identity_request;
grant select on vault_erased_organization to identity_worker;

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
create policy every on vault_organization_key to identity_retention, identity_worker using (true);
create policy own on vault_organization_key to identity_request using ((organization_id = (NULLIF(current_setting('vouchsafe.organization_id'::text, true), ''::text))::uuid));
CREATE TRIGGER refuse_erased_organization BEFORE INSERT ON public.vault_organization_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_erased_organization();
CREATE TRIGGER refuse_retired BEFORE INSERT OR UPDATE OF kek_id ON public.vault_organization_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_retired();
grant delete, insert, select on vault_organization_key to identity_worker;
grant delete, select on vault_organization_key to identity_retention;
grant insert, select on vault_organization_key to identity_request;
grant update (kek_id, wrapped) on vault_organization_key to identity_worker;

create table vault_retired_kek (
  kek_id text not null,
  retired_at timestamp with time zone not null,
  constraint vault_retired_kek_pkey PRIMARY KEY (kek_id)
);
CREATE TRIGGER wait_for_wrappers BEFORE INSERT ON public.vault_retired_kek FOR EACH ROW EXECUTE FUNCTION vault_wait_for_wrappers();
grant insert, select on vault_retired_kek to identity_worker;
grant select on vault_retired_kek to identity_request;

create table vault_service_key (
  name text not null,
  kek_id text not null,
  wrapped bytea not null,
  created_at timestamp with time zone not null,
  constraint vault_service_key_pkey PRIMARY KEY (name)
);
CREATE TRIGGER refuse_retired BEFORE INSERT OR UPDATE OF kek_id ON public.vault_service_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_retired();
grant insert, select on vault_service_key to identity_request;
grant insert, select on vault_service_key to identity_worker;
grant update (kek_id, wrapped) on vault_service_key to identity_worker;

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
create policy every on vault_transit_key to identity_retention, identity_worker using (true);
CREATE TRIGGER hold_up_destruction BEFORE INSERT ON public.vault_transit_key FOR EACH ROW EXECUTE FUNCTION vault_hold_up_destruction();
CREATE TRIGGER refuse_erased_organization BEFORE INSERT ON public.vault_transit_key FOR EACH ROW EXECUTE FUNCTION vault_refuse_erased_organization();
grant delete, select on vault_transit_key to identity_retention;
grant insert, select on vault_transit_key to identity_worker;
grant update (organization_key_version, wrapped) on vault_transit_key to identity_worker;
