import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Subscription } from '@vouchsafe/messaging';
import { ownKafka, type OwnKafka, whyNoKafka } from '@vouchsafe/testing';
import { pino } from 'pino';
import { hostConfig, readConfig } from '../config.js';
import { Metrics } from '../metrics.js';
import { busConfig, openBus, topicKeeper } from './bus.js';
import { topicOf } from './topics.js';

const schema = busConfig.extend({ VOUCHSAFE_ENVIRONMENT: hostConfig.shape.VOUCHSAFE_ENVIRONMENT });
const logger = pino({ level: 'silent' });
const topic = topicOf('identity');
const missing = await whyNoKafka();
// Brokers start slowly on a machine that is doing much else at once.
jest.setTimeout(120_000);

(missing === undefined ? describe : describe.skip)(
  `a service that subscribes on a real Kafka${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let kafka: OwnKafka;
    let topics: ReturnType<typeof topicKeeper>;
    let subscription: Subscription | undefined;
    const seen: string[] = [];

    beforeAll(async () => {
      kafka = await ownKafka();
    });
    beforeEach(() => {
      seen.length = 0;
      const config = readConfig(schema, { VOUCHSAFE_BUS_URL: `kafka://${kafka.brokers.join(',')}` });
      topics = topicKeeper(openBus('audit', config, logger), config, logger, new Metrics());
    });
    afterEach(async () => {
      await subscription?.close();
      await topics.stop();
      await topics.bus.close();
    });
    afterAll(() => kafka.stop());

    const subscribe = async (): Promise<void> => {
      subscription = await topics.bus.subscribe({
        group: 'audit',
        topics: [topic],
        startFrom: () => Promise.resolve('earliest'),
        onBatch: ({ messages }) => {
          seen.push(...messages.map(({ value }) => value));
          return Promise.resolve();
        },
      });
    };
    const topicIsThere = () => eventually(() => topics.bus.partitions(topic).then(Boolean, () => false));
    const expectToReceive = async (value: string): Promise<void> => {
      await topicIsThere();
      // A topic that was just made may have no leader yet: the relay sends again, too.
      await eventually(() =>
        topics.bus.send(topic, [{ key: null, headers: {}, value }]).then(
          () => true,
          () => false,
        ),
      );
      await eventually(() => seen.includes(value));
      // No order holds between partitions: what an earlier test sent may come after it.
      expect(seen).toContain(value);
    };

    it('has the topics made that it finds missing', async () => {
      await subscribe();
      await expectToReceive('on a new bus');
    });

    it('receives after a start without brokers, which come back empty', async () => {
      const replaced = kafka.replace();
      await topics.keep();
      await subscribe();
      await replaced;
      await expectToReceive('when the bus is there');
    });

    it('has them made again where the bus is emptied, though nobody sends', async () => {
      await topics.keep();
      await subscribe();
      await expectToReceive('before');
      await kafka.replace();
      await expectToReceive('after');
    });
  },
);

async function eventually(check: () => Promise<boolean> | boolean): Promise<void> {
  const until = Date.now() + 60_000;
  while (!(await check())) {
    if (Date.now() > until) throw new Error('It did not come true');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
