import type { SqlMigration } from '@vouchsafe/database';

/**
 * The embedded log: a database of its own, `bus`, whose owner is `bus_migrator` and whose only user is `bus_worker`.
 *
 * Offsets are taken under the lock of the partition's row, which is held until the commit: offsets are without gaps, and no
 * reader sees offset n + 1 before n. Segments are tables of their own and are dropped whole: a deleted row's text would stay
 * in Postgres's files until it is written over, a dropped table's file is gone. Times are the server's, one clock for all members.
 */
export const busMigrations: readonly SqlMigration[] = [
  {
    name: 'bus-001-log',
    sql: ({ worker }) => `
      create table topic (
        id int generated always as identity primary key,
        name text not null unique,
        retention interval not null,
        segment_age interval not null,
        segment int not null default 0
      );
      create table topic_partition (
        topic_id int not null references topic,
        partition int not null,
        next_offset bigint not null default 0,
        primary key (topic_id, partition)
      );
      create table segment (
        topic_id int not null references topic,
        segment int not null,
        opened_at timestamptz not null default clock_timestamp(),
        closed_at timestamptz,
        primary key (topic_id, segment)
      );
      create table message (
        topic_id int not null,
        segment int not null,
        partition int not null,
        "offset" bigint not null,
        key text,
        headers json not null,
        value text not null,
        appended_at timestamptz not null,
        primary key (topic_id, partition, "offset", segment)
      ) partition by list (topic_id);
      grant select on topic, topic_partition, segment, message to ${worker};

      create function open_segment(of_topic int) returns void
        language plpgsql security definer set search_path = public as $$
      declare
        opened int;
      begin
        update segment set closed_at = clock_timestamp() where topic_id = of_topic and closed_at is null;
        update topic set segment = segment + 1 where id = of_topic returning segment into opened;
        insert into segment (topic_id, segment) values (of_topic, opened);
        execute format('create table message_%s_%s partition of message_%s for values in (%s)',
          of_topic, opened, of_topic, opened);
      end $$;

      create function ensure_topic(wanted text, partitions int, keep_ms bigint, segment_ms bigint) returns void
        language plpgsql security definer set search_path = public as $$
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
      end $$;

      create function append(topic_name text, partitions int[], keys text[], headers text[], contents text[]) returns void
        language plpgsql security definer set search_path = public as $$
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
      end $$;

      -- Closes segments that are old enough and drops those whose youngest message is past its retention.
      create function retain() returns int
        language plpgsql security definer set search_path = public as $$
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
      end $$;

      revoke all on function open_segment, ensure_topic, append, retain from public;
      grant execute on function ensure_topic, append, retain to ${worker};`,
  },
  {
    name: 'bus-002-group',
    sql: ({ worker }) => `
      create table consumer_group (
        name text primary key,
        generation int not null default 0
      );
      create table group_member (
        group_name text not null references consumer_group,
        member uuid not null,
        topics text[] not null,
        seen_at timestamptz not null,
        primary key (group_name, member)
      );
      -- 'holder' reads the partition now; 'target' shall read it: it takes over when the holder has let go or is gone.
      create table assignment (
        group_name text not null references consumer_group,
        topic_id int not null references topic,
        partition int not null,
        target uuid,
        holder uuid,
        committed bigint,
        primary key (group_name, topic_id, partition)
      );
      grant select, insert, update, delete on consumer_group, group_member, assignment to ${worker};

      -- Shares the partitions of each topic out in turn between the members that want the topic.
      create function share_out(of_group text) returns void language sql as $$
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
      $$;

      -- A member's sign of life. Removes the dead, shares out anew when the members or partitions have changed, hands free
      -- partitions to their target, and answers what this member holds and what it must let go.
      create function beat(of_group text, me uuid, my_topics text[], dead_after_ms int)
        returns table (generation int, topic text, topic_id int, partition int, keep boolean, committed bigint, shared boolean)
        language plpgsql as $$
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
      end $$;

      create function let_go(of_group text, me uuid, of_topic int, of_partition int) returns void language sql as $$
        update assignment set holder = null
        where group_name = of_group and topic_id = of_topic and partition = of_partition and holder = me;
      $$;

      create function leave(of_group text, me uuid) returns void language sql as $$
        select from consumer_group where name = of_group for update;
        delete from group_member where group_name = of_group and member = me;
        update assignment set holder = null where group_name = of_group and holder = me;
        select share_out(of_group);
      $$;
      revoke all on function share_out, beat, let_go, leave from public;
      grant execute on function share_out, beat, let_go, leave to ${worker};`,
  },
];
