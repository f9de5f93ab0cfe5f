import { setTimeout as sleep } from 'node:timers/promises';
import { startRelay } from '@vouchsafe/event-store';
import { batchReaction, publishTo, startConsumer } from '@vouchsafe/messaging';
import type { Measured, Row } from '../harness.ts';
import { DURABLE } from '../postgres.ts';
import { happened, relaySetup } from './relay-setup.ts';

const PER_SECOND = 2_000;
const PER_TRANSACTION = 20;
const BOUND_MS = 25;

/** From the commit of an event to the consumer's handler that has it: relay, Kafka and consumer, at a steady pace. */
export const row: Row = {
  run: async ({ compete, afterwards, seconds }) => {
    const setup = await relaySetup();
    afterwards(setup.close);
    const topic = await setup.topic();
    const committed = new Map<string, number>();
    const lags: number[] = [];
    const relay = startRelay({ ...setup, ...publishTo(setup.bus, topic) });
    setup.store.onAppended(() => relay.wake());
    const consumer = await startConsumer({
      ...{ database: setup.database, vault: setup.vault, bus: setup.bus, topics: [topic], group: 'lag' },
      fetchMissing: () => Promise.resolve([]),
      fetchTransitKeys: async (_, ids) => ({
        keys: await setup.database.asWorker((sql) => setup.vault.findTransitKeys(sql, ids)),
        heldMilliseconds: setup.vault.heldMilliseconds,
      }),
      reactions: [
        batchReaction(happened, (facts) => {
          const now = performance.now();
          // A handler may be quicker than the answer to who committed.
          for (const { data } of facts) lags.push(now - (committed.get(data.mark) ?? now));
          return Promise.resolve();
        }),
      ],
    });
    afterwards(async () => {
      await consumer.stop();
      await relay.stop();
    });
    let turn = 0;
    await compete({
      variant: `p99 at ${PER_SECOND}/s`,
      conditions: {
        concurrency: 'writers, relay and consumer in one process',
        payload: `${PER_TRANSACTION} events a transaction; figures are 1 s divided by the time`,
        durability: `${DURABLE}; acks all, idempotent`,
      },
      ours: async () => {
        lags.length = 0;
        const events = await atPace(seconds * 2);
        const patience = performance.now() + 10_000;
        while (lags.length < events && performance.now() < patience) await sleep(10);
        return perSecondOf(percentile(lags, 0.99), events - lags.length);
      },
      peers: [
        {
          name: `the bound of ${BOUND_MS} ms`,
          atLeast: 1,
          run: () => Promise.resolve(perSecondOf(BOUND_MS, 0)),
        },
      ],
    });

    /** @returns how many events were committed */
    async function atPace(forSeconds: number): Promise<number> {
      const began = performance.now();
      const appending: Promise<void>[] = [];
      let events = 0;
      while (performance.now() - began < forSeconds * 1000) {
        const due = ((performance.now() - began) / 1000) * PER_SECOND;
        for (; events < due; events += PER_TRANSACTION) {
          turn += 1;
          const marks = Array.from({ length: PER_TRANSACTION }, (_, n) => `${turn}/${n}`);
          appending.push(
            setup.append(turn, marks).then(() => {
              const now = performance.now();
              for (const mark of marks) committed.set(mark, now);
            }),
          );
        }
        await sleep(5);
      }
      await Promise.all(appending);
      return events;
    }
  },
};

function percentile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.POSITIVE_INFINITY;
}

/** The harness speaks of how many a second; a time of 25 ms is 40. */
function perSecondOf(ms: number, lost: number): Measured {
  return { perSecond: 1000 / ms, errors: lost };
}
