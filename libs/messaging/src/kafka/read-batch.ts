import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { IncomingMessage, SubscribeOptions } from '../bus.js';
import { isFault } from './faults.js';
import type { Assignment } from './assignment.js';
import type { Assignments } from './assignments.js';

/** Errors which mean that other members have taken the partitions. */
const LOST = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'] as const;

/** Hands a fetched batch on in portions, and commits how far it came; what became void meanwhile is dropped. */
export async function readBatch(
  fetched: EachBatchPayload,
  assignments: Assignments,
  options: SubscribeOptions,
  sessionTimeoutMs: number,
): Promise<void> {
  const assignment = assignments.of(fetched.batch);
  const turn = assignment?.turn();
  if (!assignment || turn === undefined || assignment.isStopped() || fetched.isStale()) return;
  // A rebalance by other members is handled after the batch; only a lost membership ends the batch.
  const heartbeat = setInterval(() => {
    fetched.heartbeat().catch((error: unknown) => {
      if (LOST.some((code) => isFault(error, code))) assignment.stop();
    });
  }, sessionTimeoutMs / 5);
  // What was taken stays taken, also where a later portion fails.
  let next: bigint | undefined;
  try {
    for await (const taken of handOn(fetched, assignment, turn, options)) next = taken;
  } catch (error) {
    options.onError?.(error);
    assignment.rest();
  } finally {
    clearInterval(heartbeat);
  }
  const { topic, partition } = assignment;
  if (next !== undefined && assignment.turn() === turn) {
    await fetched.commitOffsetsIfNecessary({
      topics: [{ topic, partitions: [{ partition, offset: String(next) }] }],
    });
  }
}

/** Yields, after each portion, the offset at which the next one begins. */
async function* handOn(
  fetched: EachBatchPayload,
  assignment: Assignment,
  turn: number,
  options: SubscribeOptions,
): AsyncGenerator<bigint> {
  const { batch } = fetched;
  const { topic, partition, signal } = assignment;
  const end = BigInt(batch.highWatermark);
  for (const messages of portions(batch.messages, options.maxBatch ?? 500)) {
    const last = messages.at(-1);
    if (!last || assignment.isStopped()) break;
    await options.onBatch({ topic, partition, messages: messages.map(incoming), end, signal });
    if (assignment.turn() !== turn) break;
    const next = BigInt(last.offset) + 1n;
    assignment.moved(next);
    fetched.resolveOffset(last.offset);
    yield next;
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
