import { type Bus, differencesOf, type TopicDifference } from '../bus.js';
import { openLog } from './log.js';
import { joinGroup, type Member, type Membership } from './member.js';
import { coalescedNotify, listen } from './wake.js';

export interface EmbeddedBusOptions extends Partial<Membership> {
  /** Of the database that `busMigrations` made, with the credentials of its `bus_worker`. */
  readonly url: string;
  /** Between two looks for segments to close or drop. */
  readonly retainEveryMs?: number;
  /** Failures of the work in the background, which is tried again. */
  readonly onError?: (error: unknown) => void;
}

/** The bus of one machine: a log in Postgres behind the same port as Kafka. */
export function embeddedBus(options: EmbeddedBusOptions): Bus {
  const { url, heartbeatMs = 1_000, deadAfterMs = 10_000, retainEveryMs = 60_000, onError } = options;
  const log = openLog(url);
  const members = new Set<Member>();
  const notify = coalescedNotify(log.notify);
  const counts = new Map<string, Promise<number>>();

  const listener = listen(url, (channel) => {
    for (const member of members) {
      if (channel === groupChannel(member.group)) member.wakeHeartbeat();
      if (member.topics.some((topic) => channel === topicChannel(topic))) member.wakePoll();
    }
  });
  const retention = setInterval(() => void log.retain().catch(onError), retainEveryMs).unref();

  const partitionsOf = (topic: string): Promise<number> => {
    const known = counts.get(topic) ?? log.partitions(topic);
    counts.set(topic, known);
    return known.catch((error: unknown) => {
      counts.delete(topic);
      throw error;
    });
  };

  return {
    ensureTopics: async (topics) => {
      const differences: TopicDifference[] = [];
      for (const declared of topics) {
        const found = await log.topic(declared.name);
        if (found) differences.push(...differencesOf(declared, found));
        else await log.createTopic(declared);
      }
      return differences;
    },
    partitions: (topic) => log.partitions(topic),
    send: async (topic, messages) => {
      if (messages.length === 0) return;
      try {
        await log.append(topic, await partitionsOf(topic), messages);
      } catch (error) {
        // The count may be what was wrong: an emptied bus can have come back with other topics.
        counts.delete(topic);
        throw error;
      }
      notify(topicChannel(topic));
    },
    subscribe: async (wanted) => {
      for (const topic of wanted.topics) {
        await log.partitions(topic).catch((error: unknown) => wanted.onError?.(error));
      }
      const member = joinGroup(log, wanted, { heartbeatMs, deadAfterMs }, () =>
        notify(groupChannel(wanted.group)),
      );
      members.add(member);
      return {
        ...member.subscription,
        close: async () => {
          await member.subscription.close();
          members.delete(member);
        },
      };
    },
    close: async () => {
      clearInterval(retention);
      await Promise.all([...members].map((member) => member.subscription.close()));
      await listener.stop();
      await log.close();
    },
  };
}

const topicChannel = (topic: string): string => `topic ${topic}`;
const groupChannel = (group: string): string => `group ${group}`;
