import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ownKafka, type OwnKafka, whyNoKafka } from '@vouchsafe/testing';
import kafkajs, { type Admin } from 'kafkajs';
import type { Bus } from '../bus.js';
import type { Consumer } from '../consumer/consumer.js';
import { type Receiver, receiver } from '../consumer/receiver.fixture.js';
import { sourceOf } from '../consumer/source.fixture.js';
import { eventually } from '../contract/support.js';
import { publishTo } from '../publish.js';
import { kafkaBus } from './kafka-bus.js';

const LANES = 12;
const PARTITIONS = 4;
const missing = await whyNoKafka();
// Brokers start slowly on a machine that is doing much else at once.
jest.setTimeout(120_000);

(missing === undefined ? describe : describe.skip)(
  `a consumer on a real Kafka loses and doubles nothing${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let service: Receiver;
    let kafka: OwnKafka;
    let bus: Bus;
    let admin: Admin;
    let source: ReturnType<typeof sourceOf>;
    let topic = '';
    let runs = 0;
    let running: Consumer | undefined;

    beforeAll(async () => {
      [service, kafka] = await Promise.all([receiver(), ownKafka()]);
    });
    afterAll(async () => {
      await Promise.all([service.stop(), kafka.stop()]);
    });
    beforeEach(async () => {
      runs += 1;
      topic = `hazard-${runs}`;
      source = sourceOf(`source-${runs}`);
      bus = kafkaBus({
        brokers: kafka.brokers,
        clientId: 'hazards',
        sessionTimeoutMs: 2_000,
        metadataMaxAgeMs: 300,
      });
      admin = new kafkajs.Kafka({
        brokers: [...kafka.brokers],
        logLevel: kafkajs.logLevel.NOTHING,
      }).admin();
      await admin.connect();
      await declare();
    });
    afterEach(async () => {
      await sleeps();
      await admin.disconnect();
      await bus.close();
    });

    const declare = () =>
      bus.ensureTopics([
        { name: topic, partitions: PARTITIONS, retentionMs: 3_600_000, segmentMs: 3_600_000 },
      ]);
    const wakes = async (): Promise<void> => {
      running = await service.consume(source, { bus, group: `group-${runs}`, topics: [topic] });
    };
    const sleeps = async (): Promise<void> => {
      await running?.stop();
      running = undefined;
    };

    /** Some facts of every lane, which the source has given out; whether the bus ever has them is the test's affair. */
    const give = (rounds = 5) =>
      Array.from({ length: rounds * LANES }, (_, n) => source.take(n % LANES, `note ${n}`));
    const send = (facts: ReturnType<typeof give>) => publishTo(bus, topic).send(facts);
    /** What the relay says every second. */
    const tellPositions = () =>
      publishTo(bus, topic).sendPositions(
        source.name,
        [...source.given].map(([lane, own]) => ({ lane, number: BigInt(own.length) })),
      );
    const effects = () => service.effects(source.name);

    /** Every fact that the source has given out had its effect once, each lane in its order. */
    async function expectOnceInOrder(): Promise<void> {
      await tellPositions();
      const all = [...source.given.values()].reduce((sum, own) => sum + own.length, 0);
      await eventually(async () => (await effects()).length >= all, 60_000);
      // What would come twice would come now.
      await sleep(500);
      await service.expectOnceInOrder(source);
    }

    it('of a bus that is new and empty: the past comes from the source', async () => {
      give();
      await wakes();
      await send(give());
      await expectOnceInOrder();
      expect(source.fetched.length).toBeGreaterThan(0);
    });

    it('of a bus that is replaced by an empty one, where its offsets point past the end', async () => {
      await wakes();
      await send(give());
      await expectOnceInOrder();
      await sleeps();
      await send(give());
      await kafka.replace();
      await bus.close();
      bus = kafkaBus({ brokers: kafka.brokers, clientId: 'hazards', sessionTimeoutMs: 2_000 });
      await declare();
      await send(give(1));
      await wakes();
      await expectOnceInOrder();
    });

    it('of a topic that lost its tail, and went on where the tail had been', async () => {
      await wakes();
      await send(give());
      await expectOnceInOrder();
      await sleeps();
      const lost = give();
      await send(lost);
      await admin.deleteTopics({ topics: [topic] });
      await eventually(async () => !(await admin.listTopics()).includes(topic));
      await declare();
      // More than before, so that the stored offsets lie inside of a log that is another one.
      await send(give(8));
      await wakes();
      await expectOnceInOrder();
    });

    it('of a consumer that slept longer than the topic keeps', async () => {
      await wakes();
      await send(give());
      await expectOnceInOrder();
      await sleeps();
      await send(give());
      const ends = await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({
        topic,
        partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
      });
      await send(give());
      await wakes();
      await expectOnceInOrder();
    });

    it('of a topic whose partitions grew under a running consumer: a lane that moves keeps its order', async () => {
      await wakes();
      await send(give());
      await expectOnceInOrder();
      await admin.createPartitions({ topicPartitions: [{ topic, count: 2 * PARTITIONS + 1 }] });
      for (let wave = 0; wave < 10; wave += 1) {
        await send(give(2));
        await sleep(100);
      }
      await expectOnceInOrder();
      const grown = await admin.fetchTopicOffsets(topic);
      expect(grown.filter(({ partition, high }) => partition >= PARTITIONS && high !== '0')).not.toEqual([]);
    });

    it('of a broker that is killed while facts are sent', async () => {
      await wakes();
      const relay = (async () => {
        for (let wave = 0; wave < 20; wave += 1) {
          const facts = give(1);
          // As the relay does: again, until the bus has them.
          while (
            !(await send(facts).then(
              () => true,
              () => false,
            ))
          )
            await sleep(100);
          await sleep(50);
        }
      })();
      await sleep(300);
      await kafka.restart();
      await relay;
      await expectOnceInOrder();
    });
  },
);
