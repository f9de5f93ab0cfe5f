/** @promise P06 (main) a production service reaches Kafka by TLS 1.3 with AES-256, or does not start */
import { readFileSync } from 'node:fs';
import {
  type Bus,
  embeddedBus,
  kafkaBus,
  type OutgoingMessage,
  type SubscribeOptions,
  UnknownTopicError,
} from '@vouchsafe/messaging';
import { secret } from '@vouchsafe/vault';
import { Gauge } from 'prom-client';
import { z } from 'zod';
import { ConfigError, type HostConfig } from '../config.js';
import type { ServiceLogger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import { topicSpecs } from './topics.js';

const KAFKA_URL = /^kafka:\/\/([^\s/@,:]+:\d{1,5}(?:,[^\s/@,:]+:\d{1,5})*)$/;

/** Which bus, and how it is reached. */
export const busConfig = z.object({
  /** `postgres://user:password@host:port/bus` of the embedded bus, or `kafka://host:port,host:port` of some brokers. */
  VOUCHSAFE_BUS_URL: z
    .string()
    .refine(
      (url) => KAFKA_URL.test(url) || z.url({ protocol: /^postgres(ql)?$/ }).safeParse(url).success,
      'should be postgres://user:password@host:port/bus or kafka://host:port,host:port',
    )
    .transform((value) => secret(value)),
  /** `on` in production (P06). TLS 1.3 with AES-256. */
  VOUCHSAFE_KAFKA_TLS: z.enum(['on', 'off']).default('off'),
  /** PEM file of the authorities that the brokers' certificates come from; the system's where nothing is given. */
  VOUCHSAFE_KAFKA_CA_FILE: z.string().min(1).optional(),
  /** Log-in by SASL/SCRAM-SHA-512. */
  VOUCHSAFE_KAFKA_USERNAME: z.string().min(1).optional(),
  VOUCHSAFE_KAFKA_PASSWORD: z
    .string()
    .min(1)
    .transform((value) => secret(value))
    .optional(),
  /** Copies that Kafka keeps of each partition: 3 in a cluster. */
  VOUCHSAFE_KAFKA_REPLICAS: z.coerce.number().int().min(1).max(9).default(1),
});
export type BusConfig = z.output<typeof busConfig> & Pick<HostConfig, 'VOUCHSAFE_ENVIRONMENT'>;

/** @throws ConfigError for settings that do not go together */
export function openBus(service: string, config: BusConfig, logger: ServiceLogger): Bus {
  const url = config.VOUCHSAFE_BUS_URL.reveal();
  const brokers = KAFKA_URL.exec(url)?.[1]?.split(',');
  if (!brokers) return embeddedBus({ url, onError: (error) => logger.warn({ err: error }, 'Bus') });
  const { VOUCHSAFE_KAFKA_USERNAME: username, VOUCHSAFE_KAFKA_PASSWORD: password } = config;
  if ((username === undefined) !== (password === undefined)) {
    throw new ConfigError('VOUCHSAFE_KAFKA_USERNAME and VOUCHSAFE_KAFKA_PASSWORD must be set together');
  }
  if (config.VOUCHSAFE_ENVIRONMENT === 'production' && config.VOUCHSAFE_KAFKA_TLS === 'off') {
    throw new ConfigError(
      'VOUCHSAFE_KAFKA_TLS: must be on in production: messages without personal data are not encrypted on the bus',
    );
  }
  return kafkaBus({
    brokers,
    clientId: `vouchsafe-${service}`,
    ...(config.VOUCHSAFE_KAFKA_TLS === 'on' && { tls: trusted(config.VOUCHSAFE_KAFKA_CA_FILE) }),
    ...(username !== undefined && password && { sasl: { username, password: () => password.reveal() } }),
    log: (level, message) => logger[level](message),
  });
}

function trusted(file: string | undefined): { readonly ca?: string } {
  if (file === undefined) return {};
  try {
    return { ca: readFileSync(file, 'utf8') };
  } catch (error) {
    throw new ConfigError(
      `VOUCHSAFE_KAFKA_CA_FILE: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'failed'})`,
    );
  }
}

const RETRY_MS = 5_000;

/**
 * Makes the topics that are missing, and reports those that differ. A bus that is away must not keep a service from starting:
 * requests are served, facts wait in the store, and this goes on in the background.
 */
export function topicKeeper(
  bus: Bus,
  { VOUCHSAFE_KAFKA_REPLICAS: replicas }: BusConfig,
  logger: ServiceLogger,
  metrics: Metrics,
) {
  const gauge = new Gauge({
    name: 'bus_topic_differences',
    help: 'Settings of a topic that differ from the declared ones; only an operator changes them',
    labelNames: ['topic', 'setting'],
    registers: [metrics.registry],
  });
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    clearTimeout(timer);
    try {
      const differences = await bus.ensureTopics(topicSpecs(replicas));
      gauge.reset();
      for (const { topic, setting, declared, found } of differences) {
        gauge.set({ topic, setting }, 1);
        logger.warn(
          { topic },
          `${setting} of the topic is ${found} instead of the declared ${declared}; it is left unchanged`,
        );
      }
    } catch (error) {
      logger.warn({ err: error, retryInMs: RETRY_MS }, 'The topics could not be inspected; retrying');
      timer = setTimeout(() => void keep(), RETRY_MS);
    }
  };
  const keep = (): Promise<void> => {
    looking ??= look().finally(() => (looking = undefined));
    return looking;
  };

  return {
    keep,
    /** As the bus itself; when a call finds a topic missing (the bus is new, or was emptied), the topics are created again. */
    bus: {
      ...bus,
      subscribe: (options: SubscribeOptions) =>
        bus.subscribe({
          ...options,
          onError: (error) => {
            if (error instanceof UnknownTopicError) void keep();
            options.onError?.(error);
          },
        }),
      send: async (topic: string, messages: readonly OutgoingMessage[]): Promise<void> => {
        try {
          await bus.send(topic, messages);
        } catch (error) {
          if (error instanceof UnknownTopicError) await keep();
          throw error;
        }
      },
    } satisfies Bus,
    stop: async (): Promise<void> => {
      await looking;
      clearTimeout(timer);
    },
  };
}
