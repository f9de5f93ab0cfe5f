import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { IncomingMessage, SubscribeOptions } from '../bus.js';
import { isFault } from './faults.js';
import type { Holding } from './holding.js';
import type { Holdings } from './holdings.js';

/** What tells a member that others have taken its partitions. */
const LOST = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'] as const;

/** Hands a fetched batch on in portions, and commits how far it came; what became void meanwhile is dropped. */
export async function readBatch(
  fetched: EachBatchPayload,
  holdings: Holdings,
  options: SubscribeOptions,
  sessionTimeoutMs: number,
): Promise<void> {
  const holding = holdings.of(fetched.batch);
  const turn = holding?.turn();
  if (!holding || turn === undefined || holding.isStopped() || fetched.isStale()) return;
  // Other members' rebalance is heard of after the batch; only a lost membership ends it.
  const beat = setInterval(() => {
    fetched.heartbeat().catch((error: unknown) => {
      if (LOST.some((code) => isFault(error, code))) holding.stop();
    });
  }, sessionTimeoutMs / 5);
  const progress: Progress = { next: undefined };
  try {
    await handOn(fetched, holding, turn, options, progress);
  } catch (error) {
    options.onError?.(error);
    holding.rest();
  } finally {
    clearInterval(beat);
  }
  const { topic, partition } = holding;
  if (progress.next !== undefined && holding.turn() === turn) {
    await fetched.commitOffsetsIfNecessary({
      topics: [{ topic, partitions: [{ partition, offset: String(progress.next) }] }],
    });
  }
}

/** Where the next batch begins, as soon as a portion was taken: a later one that fails takes nothing of that back. */
interface Progress {
  next: bigint | undefined;
}

async function handOn(
  fetched: EachBatchPayload,
  holding: Holding,
  turn: number,
  options: SubscribeOptions,
  progress: Progress,
): Promise<void> {
  const { batch } = fetched;
  const { topic, partition, signal } = holding;
  const end = BigInt(batch.highWatermark);
  for (const messages of portions(batch.messages, options.maxBatch ?? 500)) {
    const last = messages.at(-1);
    if (!last || holding.isStopped()) break;
    await options.onBatch({ topic, partition, messages: messages.map(incoming), end, signal });
    if (holding.turn() !== turn) break;
    progress.next = BigInt(last.offset) + 1n;
    holding.moved(progress.next);
    fetched.resolveOffset(last.offset);
  }
}

function* portions<Item>(items: readonly Item[], most: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += most) yield items.slice(at, at + most);
}

function incoming({ offset, key, headers, value, timestamp }: KafkaMessage): IncomingMessage {
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
