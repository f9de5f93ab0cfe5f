import type { KafkaMessage } from 'kafkajs';
import type { IncomingMessage } from '../bus.js';

export function incoming({ offset, key, headers, value, timestamp }: KafkaMessage): IncomingMessage {
  return {
    offset: BigInt(offset),
    key: key === null ? null : key.toString(),
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, text]) => [
        name,
        String(Array.isArray(text) ? text.at(-1) : text),
      ]),
    ),
    value: value?.toString() ?? '',
    appendedAt: new Date(Number(timestamp)),
  };
}
