import type { SqlMigration } from '@vouchsafe/database';

/** What a consumer keeps beside its effects, in its own database. */
export const consumerMigrations: readonly SqlMigration[] = [
  {
    name: 'messaging-001-consumer',
    sql: ({ worker, retention }) => `
      -- The last number of each lane that has had its effect.
      create table consumed_lane (
        consumer text not null,
        source text not null,
        lane int not null,
        number bigint not null default 0,
        primary key (consumer, source, lane)
      );
      create table consumer_offset (
        consumer text not null,
        topic text not null,
        partition int not null,
        next_offset bigint not null,
        primary key (consumer, topic, partition)
      );
      grant select, insert, update on consumed_lane, consumer_offset to ${worker};

      create table parked_message (
        id bigint generated always as identity primary key,
        consumer text not null,
        organization_id uuid not null,
        source text not null,
        lane int not null,
        number bigint not null,
        message_id text not null,
        type text not null,
        time timestamptz not null,
        traceparent text,
        -- JSON: its personal fields are sealed, or the whole of it where it does not fit its contract.
        data jsonb not null,
        -- Sealed; null for a message that only waits behind one that failed.
        error text,
        attempts int not null default 0,
        parked_at timestamptz not null,
        unique (consumer, source, lane, number)
      );
      create index parked_message_order on parked_message (consumer, organization_id, id);
      alter table parked_message enable row level security;
      alter table parked_message force row level security;
      create policy every_organization on parked_message to ${worker} using (true);
      create policy whole_organizations on parked_message to ${retention} using (true);
      grant select, insert, update, delete on parked_message to ${worker};
      grant select, delete on parked_message to ${retention};`,
  },
  {
    name: 'messaging-002-parked-error',
    sql: () => `
      -- The failure's kind alone, in clear. What earlier releases kept was its text, sealed under a key that no erasure destroys; the
      -- table is written anew, so that it does not stay in the files.
      alter table parked_message alter column error type text
        using case when error is null then null else 'Kept by an earlier release' end;`,
  },
  {
    name: 'messaging-003-dead-letter',
    sql: ({ worker, retention }) => `
      alter table parked_message rename to dead_letter;
      alter table dead_letter rename column parked_at to dead_lettered_at;
      alter sequence parked_message_id_seq rename to dead_letter_id_seq;
      alter index parked_message_pkey rename to dead_letter_pkey;
      alter index parked_message_order rename to dead_letter_order;
      alter index parked_message_consumer_source_lane_number_key rename to dead_letter_consumer_source_lane_number_key;
      -- The former name, for the former release during an upgrade and after a rollback. The next release drops it (ADR 0040).
      create view parked_message with (security_invoker = true) as
        select id, consumer, organization_id, source, lane, number, message_id, type, time, traceparent, data, error, attempts,
          dead_lettered_at as parked_at
        from dead_letter;
      grant select, insert, update, delete on parked_message to ${worker};
      grant select, delete on parked_message to ${retention};`,
  },
  {
    name: 'messaging-004-late-fact',
    sql: ({ worker }) => `
      -- Facts that came of an organization after its data was deleted (P31), and had no effect: how many of which type.
      create table late_fact (
        organization_id uuid not null,
        type text not null,
        facts bigint not null,
        last_at timestamptz not null,
        primary key (organization_id, type)
      );
      alter table late_fact enable row level security;
      alter table late_fact force row level security;
      create policy every_organization on late_fact to ${worker} using (true);
      grant select, insert, update on late_fact to ${worker};`,
  },
];
