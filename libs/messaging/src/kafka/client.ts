import { Kafka, type LogEntry, logLevel } from 'kafkajs';
import type { KafkaLog, KafkaOptions } from './kafka-options.js';

/** Tries of one request before its failure is told; whoever asked tries again at its own pace. */
export const RETRY = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 4 } as const;

export function kafkaClient({ brokers, clientId, tls, sasl, log, sessionTimeoutMs }: KafkaOptions): Kafka {
  return new Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: 3_000,
    // Longer than a broker may rightly take: joining a group waits for its other members.
    requestTimeout: Math.max(30_000, sessionTimeoutMs ?? 0),
    retry: RETRY,
    logLevel: log ? logLevel.INFO : logLevel.NOTHING,
    logCreator: () => (entry) => log && write(log, entry),
    ...(tls && { ssl: { ...tls256, ...(tls.ca === undefined ? {} : { ca: tls.ca }) } }),
    ...(sasl && {
      sasl: { mechanism: 'scram-sha-512', username: sasl.username, password: sasl.password() },
    }),
  });
}

/** AES-256 or nothing: TLS 1.3 alone may agree on AES-128 (operations, 'Two regions'). */
const tls256 = {
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_256_GCM_SHA384',
  rejectUnauthorized: true,
} as const;

/**
 * kafkajs calls an error what it is about to try again (a coordinator that still loads, a broker that restarts). What it gives
 * up reaches the caller as a rejection; here such lines are news at most.
 */
function write(log: KafkaLog, { level, namespace, log: { message, error } }: LogEntry): void {
  const text = `Kafka ${namespace}: ${message}${typeof error === 'string' ? ` (${error})` : ''}`;
  const attempt = namespace === 'Connection' || namespace === 'BrokerPool';
  const limited = message.startsWith('Limiting retries for the idempotent producer');
  if (attempt || limited || level >= logLevel.INFO) log('debug', text);
  else if (level === logLevel.WARN) log('info', text);
  else log('warn', text);
}
