/**
 * The bus as the services see it: topics of partitions, order within a partition, groups that share partitions out. Two adapters
 * fill it (Kafka, and a log in Postgres for one machine); `busContract` is the suite that both pass.
 */
export interface Bus {
  /** Creates missing topics. An existing topic stays as it is: differences from its declaration are returned, never changed. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<readonly TopicDifference[]>;
  /** How many partitions a topic has; rejects with `UnknownTopicError` when there is none of the name. */
  partitions(topic: string): Promise<number>;
  /**
   * Resolves when all messages are durable, in this order within each partition. After a rejection any of them may be in the
   * log or not: senders send again, consumers drop what they know.
   */
  send(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
  /** Missing brokers and topics are reported to `onError`, and waited for. */
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  /** Closes all subscriptions, then the connections. */
  close(): Promise<void>;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** Messages older than this go, in whole segments. */
  readonly retentionMs: number;
  /** A segment is closed at this age; a message therefore lives `retentionMs + segmentMs` at the longest. */
  readonly segmentMs: number;
  /** Copies of each partition, where the bus keeps copies; 1 by default. */
  readonly replicas?: number;
}

/** How a topic on the bus differs from its declaration, in words for an operator. */
export interface TopicDifference {
  readonly topic: string;
  readonly setting: string;
  readonly declared: string;
  readonly found: string;
}

export interface OutgoingMessage {
  /** Messages of one key are in one partition, in order. No personal data in keys or headers. */
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
  /** Used instead of the key's hash: the partition is `slot` modulo the topic's partitions. Lanes use it. */
  readonly slot?: number;
}

export interface IncomingMessage {
  readonly offset: bigint;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
  /** When the log took it. */
  readonly appendedAt: Date;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface AssignedPartition extends TopicPartition {
  /** Offset of the oldest message that is still kept; equal to `end` when there is none. */
  readonly earliest: bigint;
  /** Offset that the next message will get. */
  readonly end: bigint;
  /** The group's committed offset: a hint, for consumers that keep no offset of their own. */
  readonly committed: bigint | null;
}

export interface Batch extends TopicPartition {
  /** At least one, of ascending offsets. */
  readonly messages: readonly IncomingMessage[];
  /** Offset that the next message of the partition would have got when the batch was read. */
  readonly end: bigint;
  /** Aborted when the partition is taken away or the subscription closes: long work should stop then. */
  readonly signal: AbortSignal;
}

export interface SubscribeOptions {
  /** Members of one group share the partitions out between them. */
  readonly group: string;
  readonly topics: readonly string[];
  /**
   * Where to start on a partition that was just assigned. An offset outside the log's bounds means `earliest`: the log was emptied
   * or replaced, or retention has passed the consumer; its lanes show what is missing.
   */
  readonly startFrom: (partition: AssignedPartition) => Promise<bigint | 'earliest' | 'end'>;
  /**
   * Batches of a partition come one after the other; those of different partitions at the same time. The adapter keeps the
   * membership alive meanwhile, as long as the event loop turns. When it resolves, the next batch follows; when it rejects, the
   * same messages come again after a pause.
   */
  readonly onBatch: (batch: Batch) => Promise<void>;
  readonly onAssigned?: (partition: AssignedPartition) => void;
  /** The partition's last batch has ended (or the membership was lost, then it may still run). */
  readonly onRevoked?: (partition: TopicPartition) => void;
  /** A rejection of `onBatch`, or a failure of the bus that is being retried. */
  readonly onError?: (error: unknown) => void;
  /** Most messages of one batch. */
  readonly maxBatch?: number;
}

export interface Subscription {
  /** Partitions assigned now. */
  assigned(): readonly TopicPartition[];
  /** Goes on from `offset` after the running batch; ignored for a partition that is not assigned. */
  seek(partition: TopicPartition, offset: bigint | 'earliest'): void;
  /** Leaves the group when the running batches have ended. */
  close(): Promise<void>;
}

export class UnknownTopicError extends Error {
  override readonly name = 'UnknownTopicError';
  constructor(readonly topic: string) {
    super(`The bus has no topic ${topic}`);
  }
}

/** Compares what every bus keeps of a topic; an adapter adds what it alone has. */
export function differencesOf(
  declared: TopicSpec,
  found: Pick<TopicSpec, 'partitions' | 'retentionMs' | 'segmentMs'>,
): TopicDifference[] {
  return (['partitions', 'retentionMs', 'segmentMs'] as const)
    .filter((setting) => declared[setting] !== found[setting])
    .map((setting) => ({
      topic: declared.name,
      setting,
      declared: String(declared[setting]),
      found: String(found[setting]),
    }));
}
