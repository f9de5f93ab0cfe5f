import { createHash } from 'node:crypto';
import { prepared } from '@vouchsafe/database';
import pg from 'pg';
import { type IncomingMessage, type OutgoingMessage, type TopicSpec, UnknownTopicError } from '../bus.js';

/** The statements of the embedded log; what they promise stands in `migrations.ts`. */
export function openLog(url: string) {
  const pool = new pg.Pool({
    connectionString: url,
    max: 8,
    application_name: 'vouchsafe-bus',
    // `send` resolves when the message survives a crash of the server, whatever the cluster's default is.
    options: '-c synchronous_commit=on',
  });
  // A pooled connection that breaks while idle is replaced at the next use.
  pool.on('error', () => undefined);
  const run = async <Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> =>
    (await pool.query<Row>({ ...prepared(text), values })).rows;

  return {
    ...topicsIn(run),
    ...messagesIn(run),
    ...groupsIn(run),

    retain: async (): Promise<void> => {
      await run('select retain()', []);
    },

    notify: async (channel: string): Promise<void> => {
      await run('select pg_notify($1, $2)', ['bus', channel]);
    },

    close: () => pool.end(),
  };
}

type Run = <Row extends pg.QueryResultRow>(text: string, values: unknown[]) => Promise<Row[]>;

function topicsIn(run: Run) {
  return {
    partitions: async (topic: string): Promise<number> => {
      const [row] = await run<{ count: number }>(
        `select count(*)::int as count from topic join topic_partition on topic_id = id where name = $1`,
        [topic],
      );
      if (!row?.count) throw new UnknownTopicError(topic);
      return row.count;
    },

    topic: async (name: string): Promise<Omit<TopicSpec, 'name'> | undefined> => {
      const [row] = await run<{ partitions: number; retention_ms: string; segment_ms: string }>(
        `select (select count(*)::int from topic_partition where topic_id = id) as partitions,
           (extract(epoch from retention) * 1000)::bigint as retention_ms,
           (extract(epoch from segment_age) * 1000)::bigint as segment_ms
         from topic where name = $1`,
        [name],
      );
      return (
        row && {
          partitions: row.partitions,
          retentionMs: Number(row.retention_ms),
          segmentMs: Number(row.segment_ms),
        }
      );
    },

    createTopic: async ({ name, partitions: count, retentionMs, segmentMs }: TopicSpec): Promise<void> => {
      await run('select ensure_topic($1, $2, $3, $4)', [name, count, retentionMs, segmentMs]);
    },
  };
}

function messagesIn(run: Run) {
  return {
    append: async (topic: string, count: number, messages: readonly OutgoingMessage[]): Promise<void> => {
      await run('select append($1, $2, $3, $4, $5)', [
        topic,
        messages.map((message) => (message.slot ?? hash(message.key ?? '')) % count),
        messages.map((message) => message.key),
        messages.map((message) => JSON.stringify(message.headers)),
        messages.map((message) => message.value),
      ]);
    },

    /** Where each partition of the topics ends. */
    ends: (topics: readonly string[]) =>
      run<{ topic_id: number; partition: number; next_offset: string }>(
        `select topic_id, partition, next_offset
         from topic_partition join topic on topic.id = topic_id where name = any ($1)`,
        [topics],
      ),

    bounds: async (topicId: number, partition: number): Promise<{ earliest: bigint; end: bigint }> => {
      const [row] = await run<{ earliest: string | null; end: string }>(
        `select next_offset as end,
           (select min("offset") from message where topic_id = $1 and partition = $2) as earliest
         from topic_partition where topic_id = $1 and partition = $2`,
        [topicId, partition],
      );
      const end = BigInt(row?.end ?? 0);
      return { earliest: row?.earliest ? BigInt(row.earliest) : end, end };
    },

    read: async (
      topicId: number,
      partition: number,
      from: bigint,
      limit: number,
    ): Promise<IncomingMessage[]> => {
      const rows = await run<MessageRow>(
        `select "offset", key, headers, value, appended_at from message
         where topic_id = $1 and partition = $2 and "offset" >= $3 order by "offset" limit $4`,
        [topicId, partition, from, limit],
      );
      return rows.map(({ offset, appended_at, ...rest }) => ({
        ...rest,
        offset: BigInt(offset),
        appendedAt: appended_at,
      }));
    },
  };
}

/** Who of a group holds which partitions, and how far they have been read. */
function groupsIn(run: Run) {
  return {
    heartbeat: (group: string, member: string, topics: readonly string[], deadAfterMs: number) =>
      run<HeartbeatRow>('select * from beat($1, $2, $3, $4)', [group, member, topics, deadAfterMs]),

    commit: async (group: string, member: string, offsets: readonly CommittedOffset[]): Promise<void> => {
      await run(
        `update assignment set committed = reached.next
         from unnest($3::int[], $4::int[], $5::bigint[]) as reached (topic_id, partition, next)
         where group_name = $1 and holder = $2
           and assignment.topic_id = reached.topic_id and assignment.partition = reached.partition`,
        [
          group,
          member,
          offsets.map((offset) => offset.topicId),
          offsets.map((offset) => offset.partition),
          offsets.map((offset) => offset.next),
        ],
      );
    },

    release: async (group: string, member: string, topicId: number, partition: number): Promise<void> => {
      await run('select let_go($1, $2, $3, $4)', [group, member, topicId, partition]);
    },

    leave: async (group: string, member: string): Promise<void> => {
      await run('select leave($1, $2)', [group, member]);
    },
  };
}

export type Log = ReturnType<typeof openLog>;

export interface CommittedOffset {
  readonly topicId: number;
  readonly partition: number;
  readonly next: bigint;
}

/** One row for each partition held; a single row without a topic when none is. */
export interface HeartbeatRow {
  readonly topic: string | null;
  readonly topic_id: number | null;
  readonly partition: number | null;
  readonly keep: boolean;
  readonly committed: string | null;
  /** Whether this heartbeat shared the partitions out anew. */
  readonly shared: boolean;
}

interface MessageRow {
  readonly offset: string;
  readonly key: string | null;
  readonly headers: Record<string, string>;
  readonly value: string;
  readonly appended_at: Date;
}

/** The same in every process and for ever. */
function hash(key: string): number {
  return createHash('sha256').update(key).digest().readUInt32BE();
}
