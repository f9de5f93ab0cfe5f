import { setTimeout as sleep } from 'node:timers/promises';
import { publication } from '@vouchsafe/contracts';
import { Database } from '@vouchsafe/database';
import type { DepartingMessage } from '@vouchsafe/event-store';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { factMessage } from '../cloud-events.js';
import type { Bus } from '../bus.js';
import { embeddedBus } from '../embedded/embedded-bus.js';
import { kafkaBus } from '../kafka/kafka-bus.js';
import { startConsumer } from './consumer.js';
import { batchReaction } from './reaction.js';
import { noteTaken, organizations } from './source.fixture.js';
import { givingKeys, transitKeyOf } from './transit-keys.fixture.js';

/** A member that the suite kills: it takes its time in the middle of each transaction. */
export interface KilledConsumer {
  readonly bus: { readonly url: string } | { readonly brokers: readonly string[] };
  readonly databaseUrl: string;
  readonly password: string;
  readonly kekFile: string;
  readonly perLane: number;
}

/** The source's facts are a function of their place, so every process knows what the source would answer. */
export function factAt(lane: number, number: number): DepartingMessage {
  const key = organizations[lane % organizations.length] ?? '';
  return {
    source: 'source',
    lane,
    number: BigInt(number),
    id: `source/${lane}/${number}`,
    key,
    transitKey: transitKeyOf(key),
    time: new Date('2026-11-22T10:00:00Z'),
    traceparent: undefined,
    publication: publication(noteTaken, { text: 'note', author: 'ada', name: 'Ada' }),
  };
}

/** Members that are missed soon. */
export function openBus(bus: KilledConsumer['bus']): Bus {
  return 'url' in bus
    ? embeddedBus({ ...bus, heartbeatMs: 100, deadAfterMs: 1_000 })
    : kafkaBus({ ...bus, clientId: 'killed', sessionTimeoutMs: 1_000 });
}

async function run({ bus, databaseUrl, password, kekFile, perLane }: KilledConsumer): Promise<void> {
  const database = new Database({ service: 'receiver', url: databaseUrl, password: () => password });
  await startConsumer({
    database,
    bus: openBus(bus),
    vault: new Vault({
      provider: await localKeyProvider(kekFile),
      environment: 'test',
      now: () => new Date('2026-11-22T10:00:00Z'),
    }),
    group: 'killed',
    topics: ['notes'],
    maxBatch: 40,
    reactions: [
      batchReaction(noteTaken, async (notes, transaction) => {
        await transaction.query(
          `insert into effect (source, lane, number) select 'source', lane, number
           from unnest($1::int[], $2::bigint[]) as note (lane, number)`,
          [notes.map(({ lane }) => lane), notes.map(({ number }) => number)],
        );
        await sleep(5);
      }),
    ],
    fetchTransitKeys: givingKeys(organizations.map((key) => transitKeyOf(key))),
    fetchMissing: (_, lane, first, limit) =>
      Promise.resolve(
        Array.from({ length: Math.min(limit, perLane - Number(first) + 1) }, (__, n) =>
          factMessage(factAt(lane, Number(first) + n)),
        ),
      ),
  });
}

const argument = process.argv[2];
if (import.meta.filename === process.argv[1] && argument) await run(JSON.parse(argument) as KilledConsumer);
