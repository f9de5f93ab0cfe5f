import type { ServiceName } from '@vouchsafe/contracts';
import { Database } from '@vouchsafe/database';
import { type Bus, type Consumer, ConsumerTransport, NOT_OPENED } from '@vouchsafe/messaging';
import { Vault } from '@vouchsafe/vault';
import { Counter, Gauge } from 'prom-client';
import { assertEverythingConsumed } from '../boot-checks.js';
import { CONFIG, type RunningService } from '../boot.js';
import { Clock } from '../clock.js';
import { InternalClient } from '../internal-client.js';
import { Metrics } from '../metrics.js';
import { fetchMissingFrom } from './lanes.js';
import { originsFor } from '../service-urls.js';
import { BUS } from './persistence.module.js';
import { topicOf } from './topics.js';
import { fetchTransitKeysFrom } from './transit-keys.js';

export interface ConsumingOptions {
  /** The consumer group that all instances of the service share. */
  readonly group: string;
  /** Facts of one transaction. */
  readonly maxBatch?: number;
}

/** Brings the facts that a service consumes (`services`) to its `@ReactsTo` methods, each with its effects once. */
export async function consume(
  service: ServiceName,
  { app, logger }: Pick<RunningService, 'app' | 'logger'>,
  { group, maxBatch }: ConsumingOptions,
): Promise<Consumer> {
  assertEverythingConsumed(app, service);
  const clock = app.get(Clock);
  const origins = originsFor(service, app.get<Readonly<Record<string, unknown>>>(CONFIG));
  const transport = new ConsumerTransport({
    database: app.get(Database),
    vault: app.get(Vault),
    bus: app.get<Bus>(BUS),
    group,
    topics: Object.keys(origins).map(topicOf),
    fetchMissing: fetchMissingFrom(app.get(InternalClient), origins),
    fetchTransitKeys: fetchTransitKeysFrom(app.get(InternalClient), origins),
    onNotOpened: countNotOpened(app.get(Metrics)),
    now: () => clock.now(),
    onError: (error) => logger.warn({ err: error }, 'Facts could not be consumed; retrying'),
    ...(maxBatch === undefined ? {} : { maxBatch }),
  });
  app.connectMicroservice({ strategy: transport });
  await app.startAllMicroservices();
  const consumer = transport.running;
  measureDeadLetters(app.get(Metrics), consumer);
  return consumer;
}

/**
 * `not-authentic` is an alert: something other than our services writes to the bus. So is `not-encrypted`, once what release 0.1.0 sent
 * has been read.
 */
function countNotOpened({ registry }: Metrics): (why: (typeof NOT_OPENED)[number]) => void {
  const counter = new Counter({
    name: 'consumer_messages_not_opened_total',
    help: 'Messages with personal fields that were fetched from their source because they could not be opened, by reason',
    labelNames: ['why'],
    registers: [registry],
  });
  for (const why of NOT_OPENED) counter.inc({ why }, 0);
  return (why) => counter.inc({ why });
}

/** An operator must act: alert above zero. */
function measureDeadLetters({ registry }: Metrics, consumer: Consumer): void {
  new Gauge({
    name: 'consumer_dead_letters',
    help: 'Dead letters: facts that this service could not handle, and the facts behind them (npm run dead-letters)',
    registers: [registry],
    async collect() {
      // A count that cannot be read is NaN, never a reassuring zero.
      this.set(await consumer.deadLetterCount().catch(() => Number.NaN));
    },
  });
}
