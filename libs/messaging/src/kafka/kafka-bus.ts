import { type Bus, UnknownTopicError } from '../bus.js';
import { openAdmin } from './admin.js';
import { kafkaClient } from './client.js';
import type { KafkaOptions } from './kafka-options.js';
import { joinGroup, type Member } from './member.js';
import { openSender } from './sender.js';
import { reconcileTopics } from './topics.js';

/** The bus on Apache Kafka. Everything that touches kafkajs stands in this folder. */
export function kafkaBus(options: KafkaOptions): Bus {
  const kafka = kafkaClient(options);
  const admin = openAdmin(kafka);
  const sender = openSender(kafka, options);
  const members = new Set<Member>();

  const partitions = async (topic: string): Promise<number> => {
    const found = await admin.use((client) => client.listTopics());
    if (!found.includes(topic)) throw new UnknownTopicError(topic);
    const { topics } = await admin.use((client) => client.fetchTopicMetadata({ topics: [topic] }));
    return topics[0]?.partitions.length ?? 0;
  };
  const known = new Set<string>();
  const mustExist = async (topic: string): Promise<void> => {
    if (known.has(topic)) return;
    await partitions(topic);
    known.add(topic);
  };

  return {
    ensureTopics: (topics) => admin.useFresh((client) => reconcileTopics(client, topics)),
    partitions,
    send: async (topic, messages) => {
      if (messages.length === 0) return;
      await mustExist(topic);
      await sender.send(topic, messages);
    },
    subscribe: async (wanted) => {
      try {
        for (const topic of wanted.topics) await partitions(topic);
      } catch (error) {
        if (error instanceof UnknownTopicError) throw error;
        // Brokers that are away keep nobody from starting: the member tries until they are back.
        wanted.onError?.(error);
      }
      const member = joinGroup(kafka, admin, wanted, options);
      members.add(member);
      return {
        ...member,
        close: async () => {
          await member.close();
          members.delete(member);
        },
      };
    },
    close: async () => {
      await Promise.all([...members].map((member) => member.close()));
      await sender.close();
      await admin.close();
    },
  };
}
