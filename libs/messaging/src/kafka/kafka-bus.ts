import type { Bus } from '../bus.js';
import { openAdmin } from './admin.js';
import { kafkaClient } from './client.js';
import type { KafkaOptions } from './kafka-options.js';
import { joinGroup, type Member } from './member.js';
import { openSender } from './sender.js';
import { partitionsOf, reconcileTopics } from './topics.js';

/** The bus on Apache Kafka. Everything that touches kafkajs stands in this folder. */
export function kafkaBus(options: KafkaOptions): Bus {
  const kafka = kafkaClient(options);
  const admin = openAdmin(kafka);
  const sender = openSender(kafka, options);
  const members = new Set<Member>();

  const partitions = (topic: string): Promise<number> => partitionsOf(admin, topic);
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
    subscribe: (wanted) => {
      const member = joinGroup(kafka, admin, wanted, options);
      members.add(member);
      return Promise.resolve({
        ...member,
        close: async () => {
          await member.close();
          members.delete(member);
        },
      });
    },
    close: async () => {
      await Promise.all([...members].map((member) => member.close()));
      await sender.close();
      await admin.close();
    },
  };
}
