import { randomUUID } from 'node:crypto';
import { kafkaBus } from '@vouchsafe/messaging';
import { testKafka } from '@vouchsafe/testing';
import {
  Consumer,
  MessagesStreamModes,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';
import kafkajs from 'kafkajs';
import { type Row, timed } from '../harness.ts';
import { payload } from './event-store.ts';

const MESSAGES = 200_000;
const BATCH = 1_000;
const BYTES = 300;

/** kafkajs, which the adapter is made of, beside the other client that it could be made of (docs/adr): bare, out and in. */
export const row: Row = {
  run: async ({ compete, afterwards, size }) => {
    const kafka = await testKafka();
    afterwards(() => kafka.stop());
    const brokers = [...kafka.brokers];
    const bus = kafkaBus({ brokers, clientId: 'bench' });
    afterwards(() => bus.close());
    const topic = async (): Promise<string> => {
      const name = `bench-${randomUUID()}`;
      await bus.ensureTopics([{ name, partitions: 8, retentionMs: 86_400_000, segmentMs: 86_400_000 }]);
      return name;
    };
    const messages = size(MESSAGES);
    const value = payload(BYTES);
    const batch = Array.from({ length: BATCH }, (_, n) => ({ key: `key-${n % 64}`, value }));
    const client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });

    const kafkajsProducer = client.producer({
      idempotent: true,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await kafkajsProducer.connect();
    afterwards(() => kafkajsProducer.disconnect());
    const otherProducer = new Producer({
      clientId: 'bench',
      bootstrapBrokers: brokers,
      serializers: stringSerializers,
      idempotent: true,
    });
    afterwards(() => otherProducer.close());
    const byKafkajs = (to: string) => kafkajsProducer.send({ topic: to, acks: -1, messages: batch });
    const conditions = {
      concurrency: 'one client, one batch after the other',
      payload: `${messages} x ${BYTES} B in batches of ${BATCH}, 8 partitions`,
      durability: 'acks all, idempotent',
    };
    const fill = async (to: string, send: (to: string) => Promise<unknown>): Promise<void> => {
      for (let sent = 0; sent < messages; sent += BATCH) await send(to);
    };

    await compete({
      variant: 'out',
      conditions,
      ours: async () => {
        const to = await topic();
        return timed(messages, () => fill(to, byKafkajs));
      },
      peers: [
        {
          name: '@platformatic/kafka',
          atLeast: 1,
          run: async () => {
            const to = await topic();
            const named = batch.map((message) => ({ ...message, topic: to }));
            return timed(messages, () => fill(to, () => otherProducer.send({ acks: -1, messages: named })));
          },
        },
      ],
    });

    const full = await topic();
    await fill(full, byKafkajs);
    const all = Math.ceil(messages / BATCH) * BATCH;
    await compete({
      variant: 'in',
      conditions,
      ours: () => timed(all, () => readByKafkajs(client, full, all)),
      peers: [
        {
          name: '@platformatic/kafka',
          atLeast: 1,
          run: () => timed(all, () => readByOther(brokers, full, all)),
        },
      ],
    });
  },
};

async function readByKafkajs(client: kafkajs.Kafka, topic: string, all: number): Promise<void> {
  const consumer = client.consumer({ groupId: randomUUID() });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let seen = 0;
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        partitionsConsumedConcurrently: 8,
        eachBatch: ({ batch }) => {
          seen += batch.messages.length;
          if (seen >= all) resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
}

async function readByOther(brokers: string[], topic: string, all: number): Promise<void> {
  const consumer = new Consumer({
    groupId: randomUUID(),
    clientId: 'bench',
    bootstrapBrokers: brokers,
    deserializers: stringDeserializers,
  });
  const stream = await consumer.consume({
    topics: [topic],
    mode: MessagesStreamModes.EARLIEST,
    autocommit: false,
  });
  let seen = 0;
  for await (const message of stream) {
    seen += message.value.length > 0 ? 1 : 0;
    if (seen >= all) break;
  }
  await stream.close();
  await consumer.close();
}
