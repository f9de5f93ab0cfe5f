import { CompressionTypes, type ICustomPartitioner, type Kafka, Partitioners, type Producer } from 'kafkajs';
import { type OutgoingMessage, UnknownTopicError } from '../bus.js';
import { RETRY } from './client.js';
import { isFault } from './faults.js';
import type { KafkaOptions } from './kafka-options.js';

/** Below the brokers' default of 1 MiB for a partition's part of a request, headers and framing included. */
const REQUEST = { messages: 1_000, bytes: 900_000 } as const;

/**
 * Sends idempotently and waits for all replicas in sync. A producer whose send failed is thrown away: its sequence numbers may
 * be ahead of the log's, and the next one begins its own. Whoever sends again may double; the lanes' numbers drop that.
 */
export function openSender(kafka: Kafka, { metadataMaxAgeMs = 30_000 }: KafkaOptions) {
  let connected: Promise<Producer> | undefined;

  const connect = async (): Promise<Producer> => {
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: bySlotOrKey,
      allowAutoTopicCreation: false,
      metadataMaxAge: metadataMaxAgeMs,
      retry: RETRY,
    });
    await producer.connect();
    return producer;
  };
  const drop = async (): Promise<void> => {
    const former = connected;
    connected = undefined;
    await (await former?.catch(() => undefined))?.disconnect();
  };

  return {
    send: async (topic: string, messages: readonly OutgoingMessage[]): Promise<void> => {
      connected ??= connect();
      const used = connected;
      try {
        const producer = await used;
        for (const part of inRequests(messages)) {
          await producer.send({ topic, acks: -1, compression: CompressionTypes.None, messages: part });
        }
      } catch (error) {
        if (connected === used) void drop().catch(() => undefined);
        if (isFault(error, 'UNKNOWN_TOPIC_OR_PARTITION')) throw new UnknownTopicError(topic);
        throw error;
      }
    },
    close: drop,
  };
}

/** Named, because kafkajs warns of a default that it has changed before; slots are ours. */
const bySlotOrKey: ICustomPartitioner = () => {
  const byKey = Partitioners.DefaultPartitioner();
  return (args) => {
    const { slot } = args.message as Partial<OutgoingMessage>;
    return slot === undefined ? byKey(args) : slot % args.partitionMetadata.length;
  };
};

function inRequests(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const requests: OutgoingMessage[][] = [[]];
  let bytes = 0;
  for (const message of messages) {
    const last = requests.at(-1) ?? [];
    // Headers and framing take about as much again as a small message's value.
    const own = Buffer.byteLength(message.value) + 300;
    if (last.length > 0 && (last.length >= REQUEST.messages || bytes + own > REQUEST.bytes)) {
      requests.push([message]);
      bytes = own;
    } else {
      last.push(message);
      bytes += own;
    }
  }
  return requests;
}
