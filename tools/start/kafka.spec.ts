import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Bus, kafkaBus } from '@vouchsafe/messaging';
import { whyNoKafka } from '@vouchsafe/testing';
import { openDataFolder } from './data-folder.ts';
import { startKafka, type SystemKafka } from './kafka.ts';

// Brokers that were given are not started here.
delete process.env.KAFKA_BROKERS;
const missing = await whyNoKafka();
// Brokers start slowly on a machine that is doing much else at once.
jest.setTimeout(180_000);

(missing === undefined ? describe : describe.skip)(
  `the broker of npm start -- --kafka${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder: string;
    let kafka: SystemKafka;
    let said: string[];
    let ended: Promise<string>;
    beforeEach(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-broker-'));
    });
    afterEach(async () => {
      await kafka.stop();
      await rm(folder, { recursive: true });
    });

    async function start(): Promise<void> {
      said = [];
      const say = (line: string) => said.push(line);
      const data = await openDataFolder(folder, say);
      const { promise, resolve } = Promise.withResolvers<string>();
      ended = promise;
      kafka = await startKafka(data, say, resolve);
    }

    /** As a SIGKILL leaves it: the broker runs, and whoever started it is gone. */
    async function loseSupervisor(): Promise<void> {
      const file = path.join(folder, 'run.json');
      const run = JSON.parse(await readFile(file, 'utf8')) as object;
      await writeFile(file, JSON.stringify({ ...run, supervisor: { pid: 1, started: 'long ago' } }));
    }

    async function withBus<Answer>(ask: (bus: Bus) => Promise<Answer>): Promise<Answer> {
      const bus = kafkaBus({ brokers: [new URL(kafka.url).host], clientId: 'start' });
      try {
        return await ask(bus);
      } finally {
        await bus.close();
      }
    }

    it('is ended when its supervisor was killed, and what it held is there at the next start', async () => {
      await start();
      const topic = { name: 'kept', partitions: 3, retentionMs: 3_600_000, segmentMs: 3_600_000 };
      await withBus((bus) => bus.ensureTopics([topic]));
      const lost = { url: kafka.url, ended };
      await loseSupervisor();
      await start();
      expect(said.join('\n')).toMatch(
        /The last run was killed; stopping the processes that it left behind: kafka \(/,
      );
      expect(await lost.ended).toContain('kafka.log');
      expect(kafka.url).not.toBe(lost.url);
      expect(await withBus((bus) => bus.partitions('kept'))).toBe(3);
    });
  },
);
