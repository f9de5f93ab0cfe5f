import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { differencesOf, type TopicDifference, type TopicSpec, UnknownTopicError } from '../bus.js';
import type { OpenAdmin } from './admin.js';
import { isFault } from './faults.js';

/** Makes topics that are missing, and tells how those that exist differ from what is declared. */
export async function reconcileTopics(
  admin: Admin,
  declared: readonly TopicSpec[],
): Promise<TopicDifference[]> {
  const before = new Set(await admin.listTopics());
  const missing = declared.filter(({ name }) => !before.has(name));
  // Another instance may be a moment ahead: then this changes nothing, and the comparison below tells.
  if (missing.length > 0) await admin.createTopics({ topics: missing.map(creation), waitForLeaders: false });
  const differences = await Promise.all(declared.map((topic) => whenKnown(() => compare(admin, topic))));
  return differences.flat();
}

/** @throws UnknownTopicError */
export async function partitionsOf(admin: OpenAdmin, topic: string): Promise<number> {
  const found = await admin.use((client) => client.listTopics());
  if (!found.includes(topic)) throw new UnknownTopicError(topic);
  const { topics } = await admin.use((client) => client.fetchTopicMetadata({ topics: [topic] }));
  return topics[0]?.partitions.length ?? 0;
}

/** A topic that was just made is known to the brokers a moment later. */
async function whenKnown<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const until = Date.now() + 10_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const unknown = NOT_YET.some((code) => isFault(error, code));
      if (!unknown || Date.now() > until) throw error;
      await sleep(100);
    }
  }
}

const NOT_YET = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'] as const;

function creation(topic: TopicSpec) {
  return {
    topic: topic.name,
    numPartitions: topic.partitions,
    replicationFactor: topic.replicas ?? 1,
    configEntries: Object.entries(configOf(topic)).map(([name, value]) => ({ name, value })),
  };
}

/** What the log itself keeps of a topic; the names are Kafka's. */
function configOf({ retentionMs, segmentMs, replicas = 1 }: TopicSpec): Record<string, string> {
  return {
    'retention.ms': String(retentionMs),
    'segment.ms': String(segmentMs),
    // Never compacted: compaction would keep a key's last fact, and the personal fields in it, for ever.
    'cleanup.policy': 'delete',
    // Age is counted from the broker's clock: a producer's wrong one must not keep a message longer.
    'message.timestamp.type': 'LogAppendTime',
    // A send is durable on all replicas in sync, which are at least so many: one may be away.
    'min.insync.replicas': String(Math.max(1, replicas - 1)),
  };
}

const COMPARED_BY_NAME = ['cleanup.policy', 'message.timestamp.type', 'min.insync.replicas'] as const;

async function compare(admin: Admin, declared: TopicSpec): Promise<TopicDifference[]> {
  const wanted = configOf(declared);
  const { topics } = await admin.fetchTopicMetadata({ topics: [declared.name] });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [
      { type: kafkajs.ConfigResourceTypes.TOPIC, name: declared.name, configNames: Object.keys(wanted) },
    ],
  });
  const found = new Map(
    resources.flatMap(({ configEntries }) =>
      configEntries.map((entry) => [entry.configName, entry.configValue]),
    ),
  );
  const partitions = topics[0]?.partitions ?? [];
  const replicas = Math.min(...partitions.map((partition) => partition.replicas.length));
  const differs = (setting: string, ours: string, theirs: string): TopicDifference[] =>
    ours === theirs ? [] : [{ topic: declared.name, setting, declared: ours, found: theirs }];
  return [
    ...differencesOf(declared, {
      partitions: partitions.length,
      retentionMs: Number(found.get('retention.ms')),
      segmentMs: Number(found.get('segment.ms')),
    }),
    ...differs('replicas', String(declared.replicas ?? 1), String(replicas)),
    ...COMPARED_BY_NAME.flatMap((name) => differs(name, wanted[name] ?? '', found.get(name) ?? '')),
  ];
}
