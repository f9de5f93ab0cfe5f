/** @promise P06 settings without TLS are refused in production */
import { describe, expect, it } from '@jest/globals';
import type { Bus, TopicDifference } from '@vouchsafe/messaging';
import { UnknownTopicError } from '@vouchsafe/messaging';
import { pino } from 'pino';
import { ConfigError, hostConfig, readConfig } from '../config.js';
import { Metrics } from '../metrics.js';
import { busConfig, openBus, topicKeeper } from './bus.js';

const schema = busConfig.extend({ VOUCHSAFE_ENVIRONMENT: hostConfig.shape.VOUCHSAFE_ENVIRONMENT });
const logger = pino({ level: 'silent' });
const open = (env: Record<string, string>): Bus => openBus('audit', readConfig(schema, env), logger);

describe('the bus is chosen by its URL', () => {
  it.each([
    ['postgres://bus_worker:secret@127.0.0.1:5432/bus'],
    ['kafka://127.0.0.1:9092'],
    ['kafka://one.example:9092,two.example:9093'],
  ])('%s', async (VOUCHSAFE_BUS_URL) => {
    await open({ VOUCHSAFE_BUS_URL }).close();
  });

  it.each([['kafka://'], ['kafka://host'], ['kafka://user:hunter2@host:9092'], ['amqp://host:5672/']])(
    'refuses %s, without repeating it',
    (VOUCHSAFE_BUS_URL) => {
      expect(() => open({ VOUCHSAFE_BUS_URL })).toThrow(
        /^Wrong configuration:\n {2}VOUCHSAFE_BUS_URL: should be postgres:\/\/user:password@host:port\/bus or kafka:\/\/host:port,host:port$/,
      );
    },
  );

  const kafka = { VOUCHSAFE_BUS_URL: 'kafka://host:9092' };
  it.each([
    [{ VOUCHSAFE_KAFKA_USERNAME: 'audit' }, 'must be set together'],
    [{ VOUCHSAFE_KAFKA_PASSWORD: 'hunter2' }, 'must be set together'],
    [{ VOUCHSAFE_ENVIRONMENT: 'production' }, 'VOUCHSAFE_KAFKA_TLS: must be on in production'],
    [
      { VOUCHSAFE_KAFKA_TLS: 'on', VOUCHSAFE_KAFKA_CA_FILE: '/nowhere' },
      'VOUCHSAFE_KAFKA_CA_FILE: cannot be read (ENOENT)',
    ],
  ])('refuses %j (P06)', (more, words) => {
    expect(() => open({ ...kafka, ...more })).toThrow(ConfigError);
    expect(() => open({ ...kafka, ...more })).toThrow(words);
  });
});

describe('the topics of a running service', () => {
  const config = readConfig(schema, { VOUCHSAFE_BUS_URL: 'kafka://host:9092' });
  const standIn = (more: Partial<Bus>): Bus => ({
    ensureTopics: () => Promise.resolve([]),
    partitions: () => Promise.resolve(8),
    send: () => Promise.resolve(),
    subscribe: () => Promise.reject(new Error('Nobody subscribes here')),
    close: () => Promise.resolve(),
    ...more,
  });

  it('are reported in a gauge where they differ', async () => {
    const found: TopicDifference = {
      topic: 'vouchsafe.audit',
      setting: 'partitions',
      declared: '8',
      found: '12',
    };
    const metrics = new Metrics();
    const topics = topicKeeper(
      standIn({ ensureTopics: () => Promise.resolve([found]) }),
      config,
      logger,
      metrics,
    );
    await topics.keep();
    await topics.stop();
    expect(await metrics.registry.metrics()).toContain(
      'bus_topic_differences{topic="vouchsafe.audit",setting="partitions"} 1',
    );
  });

  it('are created again when a call finds one missing: the bus was emptied', async () => {
    const there = new Set<string>();
    const bus = standIn({
      ensureTopics: (declared) => {
        for (const { name } of declared) there.add(name);
        return Promise.resolve([]);
      },
      send: (topic) => (there.has(topic) ? Promise.resolve() : Promise.reject(new UnknownTopicError(topic))),
    });
    const topics = topicKeeper(bus, config, logger, new Metrics());
    await expect(topics.bus.send('vouchsafe.audit', [])).rejects.toThrow(UnknownTopicError);
    await topics.bus.send('vouchsafe.audit', []);
    await topics.stop();
  });

  it('keep no service from starting while the bus is away', async () => {
    const away = standIn({ ensureTopics: () => Promise.reject(new Error('away')) });
    const topics = topicKeeper(away, config, logger, new Metrics());
    await topics.keep();
    await topics.stop();
  });
});
