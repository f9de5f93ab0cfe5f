-- The database `bus` as its migrations make it. Written by `npm run golden`; a test compares.

create schema if not exists lookup authorization bus_lookup;
grant usage on schema lookup to bus_migrator;
grant usage on schema lookup to bus_request;
grant usage on schema lookup to bus_worker;

create schema if not exists public authorization bus_migrator;
grant usage on schema public to bus_lookup;
grant usage on schema public to bus_request;
grant usage on schema public to bus_retention;
grant usage on schema public to bus_worker;

create sequence schema_migration_id_seq as integer start 1 increment 1;

CREATE OR REPLACE FUNCTION public.append(topic_name text, partitions integer[], keys text[], headers text[], contents text[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
      declare
        to_topic int;
        into_segment int;
        appended int;
      begin
        select id into to_topic from topic where name = topic_name;
        -- In the order of partitions, so that two senders never wait for each other in a ring.
        perform from topic_partition where topic_id = to_topic and partition = any (partitions)
          order by partition for update;
        -- Shared with other senders; whoever opens the next segment waits for them.
        select segment into strict into_segment from topic where id = to_topic for share;
        insert into message (topic_id, segment, partition, "offset", key, headers, value, appended_at)
          select to_topic, into_segment, sent.partition,
            held.next_offset + row_number() over (partition by sent.partition order by sent.place) - 1,
            sent.key, sent.headers::json, sent.value, clock_timestamp()
          from unnest(partitions, keys, headers, contents)
            with ordinality as sent (partition, key, headers, value, place)
          join topic_partition held on held.topic_id = to_topic and held.partition = sent.partition;
        get diagnostics appended = row_count;
        if appended <> cardinality(partitions) then
          raise exception 'topic % has not all of the partitions %', topic_name, partitions;
        end if;
        update topic_partition held set next_offset = held.next_offset + sent.count
          from (select partition, count(*) from unnest(partitions) as partition group by partition) as sent
          where held.topic_id = to_topic and held.partition = sent.partition;
      end $function$
;
alter function append(text,integer[],text[],text[],text[]) owner to bus_migrator;
grant execute on function append(text,integer[],text[],text[],text[]) to bus_worker;

CREATE OR REPLACE FUNCTION public.beat(of_group text, me uuid, my_topics text[], dead_after_ms integer)
 RETURNS TABLE(generation integer, topic text, topic_id integer, partition integer, keep boolean, committed bigint, shared boolean)
 LANGUAGE plpgsql
AS $function$
      #variable_conflict use_column
      declare
        joined boolean;
        anew boolean := false;
      begin
        insert into consumer_group (name) values (of_group) on conflict do nothing;
        perform from consumer_group where name = of_group for update;
        insert into group_member values (of_group, me, my_topics, clock_timestamp())
          on conflict (group_name, member) do update set seen_at = excluded.seen_at
          returning xmax = 0 into joined;
        delete from group_member
          where group_name = of_group and seen_at < clock_timestamp() - dead_after_ms * interval '1 ms';
        if joined or found
          or exists (select from assignment a where a.group_name = of_group and a.target is not null
            and not exists (select from group_member m where m.group_name = of_group and m.member = a.target))
          or exists (select from group_member m join topic t on t.name = any (m.topics)
            join topic_partition p on p.topic_id = t.id
            where m.group_name = of_group and not exists (select from assignment a where a.group_name = of_group
              and a.topic_id = p.topic_id and a.partition = p.partition and a.target is not null))
        then
          perform share_out(of_group);
          anew := true;
        end if;
        update assignment a set holder = me
          where a.group_name = of_group and a.target = me and a.holder is distinct from me
            and not exists (select from group_member m where m.group_name = of_group and m.member = a.holder);
        return query
          select g.generation, t.name, t.id, a.partition, a.target is not distinct from me, a.committed, anew
          from consumer_group g
          left join assignment a on a.group_name = g.name and a.holder = me
          left join topic t on t.id = a.topic_id
          where g.name = of_group;
      end $function$
;
alter function beat(text,uuid,text[],integer) owner to bus_migrator;
grant execute on function beat(text,uuid,text[],integer) to bus_worker;

CREATE OR REPLACE FUNCTION public.ensure_topic(wanted text, partitions integer, keep_ms bigint, segment_ms bigint)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
      declare
        known topic;
      begin
        perform pg_advisory_xact_lock(hashtext('ensure_topic'));
        update topic set retention = keep_ms * interval '1 ms', segment_age = segment_ms * interval '1 ms'
          where name = wanted returning * into known;
        if not found then
          insert into topic (name, retention, segment_age)
            values (wanted, keep_ms * interval '1 ms', segment_ms * interval '1 ms') returning * into known;
          execute format('create table message_%s partition of message for values in (%s) partition by list (segment)',
            known.id, known.id);
          perform open_segment(known.id);
        end if;
        -- A topic may grow; it never shrinks.
        insert into topic_partition (topic_id, partition)
          select known.id, generate_series(0, partitions - 1) on conflict do nothing;
      end $function$
;
alter function ensure_topic(text,integer,bigint,bigint) owner to bus_migrator;
grant execute on function ensure_topic(text,integer,bigint,bigint) to bus_worker;

CREATE OR REPLACE FUNCTION public.leave(of_group text, me uuid)
 RETURNS void
 LANGUAGE sql
AS $function$
        select from consumer_group where name = of_group for update;
        delete from group_member where group_name = of_group and member = me;
        update assignment set holder = null where group_name = of_group and holder = me;
        select share_out(of_group);
      $function$
;
alter function leave(text,uuid) owner to bus_migrator;
grant execute on function leave(text,uuid) to bus_worker;

CREATE OR REPLACE FUNCTION public.let_go(of_group text, me uuid, of_topic integer, of_partition integer)
 RETURNS void
 LANGUAGE sql
AS $function$
        update assignment set holder = null
        where group_name = of_group and topic_id = of_topic and partition = of_partition and holder = me;
      $function$
;
alter function let_go(text,uuid,integer,integer) owner to bus_migrator;
grant execute on function let_go(text,uuid,integer,integer) to bus_worker;

CREATE OR REPLACE FUNCTION public.open_segment(of_topic integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
      declare
        opened int;
      begin
        update segment set closed_at = clock_timestamp() where topic_id = of_topic and closed_at is null;
        update topic set segment = segment + 1 where id = of_topic returning segment into opened;
        insert into segment (topic_id, segment) values (of_topic, opened);
        execute format('create table message_%s_%s partition of message_%s for values in (%s)',
          of_topic, opened, of_topic, opened);
      end $function$
;
alter function open_segment(integer) owner to bus_migrator;

CREATE OR REPLACE FUNCTION public.retain()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
      declare
        due record;
        dropped int := 0;
      begin
        if not pg_try_advisory_xact_lock(hashtext('retain')) then return 0; end if;
        for due in
          select topic.id from topic join segment on segment.topic_id = topic.id and segment.segment = topic.segment
          where segment.opened_at + topic.segment_age < clock_timestamp()
        loop
          -- An empty segment keeps nothing longer than it should be kept.
          perform from message where topic_id = due.id
            and segment = (select segment from topic where id = due.id) limit 1;
          if found then
            perform from topic where id = due.id for update;
            perform open_segment(due.id);
          end if;
        end loop;
        for due in
          select segment.* from segment join topic on topic.id = segment.topic_id
          where segment.closed_at + topic.retention < clock_timestamp()
        loop
          execute format('drop table message_%s_%s', due.topic_id, due.segment);
          delete from segment where topic_id = due.topic_id and segment.segment = due.segment;
          dropped := dropped + 1;
        end loop;
        return dropped;
      end $function$
;
alter function retain() owner to bus_migrator;
grant execute on function retain() to bus_worker;

CREATE OR REPLACE FUNCTION public.share_out(of_group text)
 RETURNS void
 LANGUAGE sql
AS $function$
        insert into assignment (group_name, topic_id, partition)
          select distinct of_group, topic_id, partition
          from group_member join topic on topic.name = any (topics) join topic_partition on topic_id = topic.id
          where group_name = of_group
          on conflict do nothing;
        with wanting as (
          select topic.id as topic_id, member, row_number() over (partition by topic.id order by member) - 1 as turn,
            count(*) over (partition by topic.id) as members
          from group_member join topic on topic.name = any (topics) where group_name = of_group
        )
        update assignment set target = (
          select member from wanting
          where wanting.topic_id = assignment.topic_id and turn = (assignment.partition + assignment.topic_id) % members
        ) where group_name = of_group;
        update consumer_group set generation = generation + 1 where name = of_group;
      $function$
;
alter function share_out(text) owner to bus_migrator;
grant execute on function share_out(text) to bus_worker;

create table assignment (
  group_name text not null,
  topic_id integer not null,
  partition integer not null,
  target uuid,
  holder uuid,
  committed bigint,
  constraint assignment_group_name_fkey FOREIGN KEY (group_name) REFERENCES consumer_group(name),
  constraint assignment_topic_id_fkey FOREIGN KEY (topic_id) REFERENCES topic(id),
  constraint assignment_pkey PRIMARY KEY (group_name, topic_id, partition)
);
grant delete, insert, select, update on assignment to bus_worker;

create table consumer_group (
  name text not null,
  generation integer not null default 0,
  constraint consumer_group_pkey PRIMARY KEY (name)
);
grant delete, insert, select, update on consumer_group to bus_worker;

create table group_member (
  group_name text not null,
  member uuid not null,
  topics text[] not null,
  seen_at timestamp with time zone not null,
  constraint group_member_group_name_fkey FOREIGN KEY (group_name) REFERENCES consumer_group(name),
  constraint group_member_pkey PRIMARY KEY (group_name, member)
);
grant delete, insert, select, update on group_member to bus_worker;

create table message (
  topic_id integer not null,
  segment integer not null,
  partition integer not null,
  "offset" bigint not null,
  key text,
  headers json not null,
  value text not null,
  appended_at timestamp with time zone not null,
  constraint message_pkey PRIMARY KEY (topic_id, partition, "offset", segment)
) partition by LIST (topic_id);
grant select on message to bus_worker;

create table message_1 partition of message FOR VALUES IN (1) partition by LIST (segment);

create table message_2 partition of message FOR VALUES IN (2) partition by LIST (segment);

create table message_3 partition of message FOR VALUES IN (3) partition by LIST (segment);

create table message_4 partition of message FOR VALUES IN (4) partition by LIST (segment);

create table message_5 partition of message FOR VALUES IN (5) partition by LIST (segment);

create table message_1_1 partition of message_1 FOR VALUES IN (1);

create table message_2_1 partition of message_2 FOR VALUES IN (1);

create table message_3_1 partition of message_3 FOR VALUES IN (1);

create table message_4_1 partition of message_4 FOR VALUES IN (1);

create table message_5_1 partition of message_5 FOR VALUES IN (1);

create table schema_migration (
  id integer not null default nextval('schema_migration_id_seq'::regclass),
  name character varying(255) not null,
  executed_at timestamp(6) with time zone not null default CURRENT_TIMESTAMP(6),
  constraint schema_migration_pkey PRIMARY KEY (id)
);

create table segment (
  topic_id integer not null,
  segment integer not null,
  opened_at timestamp with time zone not null default clock_timestamp(),
  closed_at timestamp with time zone,
  constraint segment_topic_id_fkey FOREIGN KEY (topic_id) REFERENCES topic(id),
  constraint segment_pkey PRIMARY KEY (topic_id, segment)
);
grant select on segment to bus_worker;

create table topic (
  id integer not null generated always as identity,
  name text not null,
  retention interval not null,
  segment_age interval not null,
  segment integer not null default 0,
  constraint topic_pkey PRIMARY KEY (id),
  constraint topic_name_key UNIQUE (name)
);
grant select on topic to bus_worker;

create table topic_partition (
  topic_id integer not null,
  partition integer not null,
  next_offset bigint not null default 0,
  constraint topic_partition_topic_id_fkey FOREIGN KEY (topic_id) REFERENCES topic(id),
  constraint topic_partition_pkey PRIMARY KEY (topic_id, partition)
);
grant select on topic_partition to bus_worker;
