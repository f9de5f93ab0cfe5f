import path from 'node:path';
import { ownKafka, whyNoKafka } from '@vouchsafe/testing';
import kafkajs from 'kafkajs';
import { busContract } from '../contract/bus-contract.js';
import { kafkaBus } from './kafka-bus.js';

const missing = await whyNoKafka();

busContract(
  'Kafka',
  async () => {
    const kafka = await ownKafka({
      settings: {
        // What a broker does from time to time, done at once.
        'log.retention.check.interval.ms': '100',
        'log.initial.task.delay.ms': '0',
        'file.delete.delay.ms': '0',
      },
    });
    const options = { brokers: kafka.brokers, clientId: 'contract', sessionTimeoutMs: 1_500 };
    const bus = kafkaBus(options);
    const admin = new kafkajs.Kafka({
      brokers: [...kafka.brokers],
      logLevel: kafkajs.logLevel.NOTHING,
    }).admin();
    await admin.connect();
    return {
      module: path.join(import.meta.dirname, 'open-for-tests.fixture.ts'),
      options,
      bus,
      empty: () => kafka.replace(),
      keepFor: async (topic, retentionMs) => {
        await admin.alterConfigs({
          validateOnly: false,
          resources: [
            {
              type: kafkajs.ConfigResourceTypes.TOPIC,
              name: topic,
              configEntries: [{ name: 'retention.ms', value: String(retentionMs) }],
            },
          ],
        });
      },
      retain: () => Promise.resolve(),
      stop: async () => {
        await admin.disconnect();
        await bus.close();
        await kafka.stop();
      },
    };
  },
  missing,
);
