import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { ownKafka, testPostgres, type TestPostgres, whyNoKafka } from '@vouchsafe/testing';
import { localKeyProvider, vaultMigrations } from '@vouchsafe/vault';
import { busUrl, eventually } from '../contract/support.js';
import { startScript } from '../contract/worker-process.js';
import { busMigrations } from '../embedded/migrations.js';
import { publishTo } from '../publish.js';
import { factAt, type KilledConsumer, openBus } from './killed-consumer.fixture.js';
import { consumerMigrations } from './migrations.js';
import { effectMigration } from './source.fixture.js';

const LANES = 16;
const PER_LANE = 120;

const missing = await whyNoKafka();
// Brokers start slowly on a machine that is doing much else at once.
jest.setTimeout(120_000);

killedConsumers('the embedded log', async (postgres) => {
  await postgres.database('bus', busMigrations);
  return { bus: { url: busUrl(postgres.adminUrl) }, stop: () => Promise.resolve() };
});
killedConsumers(
  'Kafka',
  async () => {
    const kafka = await ownKafka();
    return { bus: { brokers: kafka.brokers }, stop: () => kafka.stop() };
  },
  missing,
);

/** Deterministic, so that a failure can be run again. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

function killedConsumers(
  name: string,
  open: (postgres: TestPostgres) => Promise<{ bus: KilledConsumer['bus']; stop(): Promise<void> }>,
  skipped?: string,
): void {
  (skipped === undefined ? describe : describe.skip)(
    `on ${name}${skipped === undefined ? '' : ` (skipped: ${skipped})`}`,
    () => {
      let postgres: TestPostgres;
      let database: Database;
      let folder: string;
      let opened: Awaited<ReturnType<typeof open>>;
      beforeAll(async () => {
        folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-killed-'));
        postgres = await testPostgres();
        opened = await open(postgres);
        database = await postgres.database('receiver', [
          ...vaultMigrations,
          ...consumerMigrations,
          effectMigration,
        ]);
      });
      afterAll(async () => {
        await opened.stop();
        await postgres.stop();
        await rm(folder, { recursive: true });
      });

      it('gives each fact its effect once, in order, while consumers are killed and frozen, and messages are lost and repeated', async () => {
        const bus = openBus(opened.bus);
        await bus.ensureTopics([{ name: 'notes', partitions: 4, retentionMs: 600_000, segmentMs: 600_000 }]);
        const kekFile = path.join(folder, 'kek.json');
        await localKeyProvider(kekFile, { create: true });
        const databaseUrl = new URL(postgres.adminUrl);
        const task: KilledConsumer = {
          bus: opened.bus,
          databaseUrl: `postgres://${databaseUrl.host}/receiver`,
          password: databaseUrl.password,
          kekFile,
          perLane: PER_LANE,
        };
        const start = () => startScript(path.join(import.meta.dirname, 'killed-consumer.fixture.ts'), task);
        const consumers = [start(), start()];
        const effects = () =>
          database.asWorker((sql) =>
            sql.query<{ lane: number; number: string }>('select lane, number from effect order by place'),
          );

        const random = dice(20_261_122);
        const publisher = publishTo(bus, 'notes');
        const publishing = (async () => {
          for (let number = 1; number <= PER_LANE; number += 1) {
            const facts = Array.from({ length: LANES }, (_, lane) => factAt(lane, number));
            // One in twenty is lost on the way, one in five is sent twice.
            const sent = facts.filter(() => random() > 0.05);
            await publisher.send([...sent, ...sent.filter(() => random() > 0.8)]);
            await sleep(60);
          }
        })();
        let kills = 0;
        const published = new AbortController();
        const killing = (async () => {
          while (!published.signal.aborted) {
            await sleep(900);
            // One loses its partitions in mid-batch without knowing, and goes on when others have them.
            const zombie = consumers[1];
            zombie?.freeze();
            await consumers.shift()?.kill();
            consumers.push(start());
            kills += 1;
            await sleep(1_300);
            zombie?.thaw();
          }
        })();
        await publishing;
        published.abort();
        await killing;
        await publisher.sendPositions(
          'source',
          Array.from({ length: LANES }, (_, lane) => ({ lane, number: BigInt(PER_LANE) })),
        );
        await eventually(async () => (await effects()).length >= LANES * PER_LANE, 40_000);

        const rows = await effects();
        expect(kills).toBeGreaterThan(2);
        for (let lane = 0; lane < LANES; lane += 1) {
          expect(rows.filter((row) => row.lane === lane).map(({ number }) => Number(number))).toEqual(
            Array.from({ length: PER_LANE }, (_, n) => n + 1),
          );
        }
        await Promise.all(consumers.map((consumer) => consumer.kill()));
        await bus.close();
      });
    },
  );
}
