import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Bus, type IncomingMessage, type SubscribeOptions, UnknownTopicError } from '../bus.js';
import { eventually } from './support.js';
import {
  startWorker,
  type WorkerMessage,
  type WorkerProcess,
  type WorkerReport,
  type WorkerTask,
} from './worker-process.js';

export interface BusUnderTest {
  /** File that exports `openBus(options: unknown): Bus`, for processes of their own. */
  readonly module: string;
  /** JSON; a member that is killed counts as dead after `deadAfterMs` of these at the latest. */
  readonly options: unknown;
  readonly bus: Bus;
  /** Puts a new, empty bus in the place of the old one, under the feet of everybody connected. */
  empty(): Promise<void>;
  /** Changes a topic's retention by hand, as an operator would. */
  keepFor(topic: string, retentionMs: number): Promise<void>;
  /** Does now what the bus does from time to time: closes old segments, drops those past their retention. */
  retain(): Promise<void>;
  stop(): Promise<void>;
}

const PARTITIONS = 4;

/** What every bus keeps, seen from processes of their own, some of which are killed. */
export function busContract(name: string, make: () => Promise<BusUnderTest>, missing?: string): void {
  (missing === undefined ? describe : describe.skip)(`${name}, as a bus,${because(missing)}`, () => {
    let under: BusUnderTest;
    let bus: Bus;
    let topic = '';
    let topics = 0;
    const workers: WorkerProcess[] = [];
    beforeAll(async () => {
      under = await make();
      bus = under.bus;
    });
    afterAll(() => under.stop());
    beforeEach(async () => {
      topics += 1;
      topic = `topic-${topics}`;
      await bus.ensureTopics([spec()]);
    });
    afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.kill())));

    const spec = (more = {}) => ({
      name: topic,
      partitions: PARTITIONS,
      retentionMs: 3_600_000,
      segmentMs: 3_600_000,
      ...more,
    });
    const worker = (task: WorkerTask, all?: WorkerReport[]): WorkerProcess => {
      const started = startWorker(under.module, under.options, task, all);
      workers.push(started);
      return started;
    };
    const publisher = (keys: readonly string[], batches: number) =>
      worker({ role: 'publish', topic, keys, batches });
    const member = (group: string, pauseMs = 0, all?: WorkerReport[]) =>
      worker({ role: 'consume', topic, group, pauseMs }, all);
    const done = (process: WorkerProcess) => () => process.reports.some(({ kind }) => kind === 'done');
    const say = (key: string, ...values: string[]) =>
      bus.send(
        topic,
        values.map((value) => ({ key, headers: {}, value })),
      );

    /** Reads in this process, as a group of its own. */
    const read = async (more: Partial<SubscribeOptions> = {}) => {
      const seen: (IncomingMessage & { partition: number })[] = [];
      const subscription = await bus.subscribe({
        group: `reader of ${topic}`,
        topics: [topic],
        startFrom: () => Promise.resolve('earliest' as const),
        onBatch: ({ partition, messages }) => {
          seen.push(...messages.map((message) => ({ ...message, partition })));
          return Promise.resolve();
        },
        ...more,
      });
      return { seen, subscription };
    };

    it('keeps the order of each key, and offsets without gaps, under several publishers', async () => {
      const publishers = [publisher(['a', 'b'], 20), publisher(['c', 'd'], 20), publisher(['e', 'f'], 20)];
      const { seen, subscription } = await read();
      await eventually(() => publishers.every((each) => done(each)()));
      await eventually(() => seen.length >= 360);
      for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
        const own = seen.filter((message) => message.key === key);
        expect(own.map(({ value }) => Number(value))).toEqual(Array.from({ length: 60 }, (_, n) => n));
        expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
      }
      for (const [, own] of Map.groupBy(seen, ({ partition }) => partition)) {
        expect(own.map(({ offset }) => offset)).toEqual(own.map((_, n) => BigInt(n)));
      }
      await subscription.close();
    });

    it('holds what it has acknowledged to a publisher that is killed, each batch whole or not at all', async () => {
      const killed = publisher(['a', 'b'], 100_000);
      await eventually(() => killed.reports.length >= 10);
      await killed.kill();
      const acknowledged = killed.reports.flatMap((said) =>
        said.kind === 'acknowledged' ? [said.upTo] : [],
      );
      const { seen, subscription } = await read();
      await eventually(() => seen.filter(({ key }) => key === 'a').length > (acknowledged.at(-1) ?? 0));
      const own = seen.filter(({ key }) => key === 'a').map(({ value }) => Number(value));
      expect(own).toEqual(own.map((_, n) => n));
      await subscription.close();
    });

    it('gives each message to one member of a group, and to every group', async () => {
      const everything: Record<string, WorkerReport[]> = { left: [], right: [] };
      const members = [member('left', 0, everything.left), member('left', 0, everything.left)];
      members.push(member('right', 0, everything.right));
      await eventually(() => members.every((each) => held(each).size > 0));
      await eventually(() => held(members[0]).size === 2 && held(members[1]).size === 2);
      const sending = publisher(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], 10);
      await eventually(done(sending));
      for (const reports of Object.values(everything)) {
        await eventually(() => messagesOf(reports).length >= 240);
        const places = messagesOf(reports).map(({ partition, offset }) => `${partition}/${offset}`);
        expect(new Set(places).size).toBe(240);
        expect(places.length).toBe(240);
      }
      expect(members.slice(0, 2).every((each) => messagesOf(each.reports).length > 0)).toBe(true);
    });

    it('shares out anew when members come and go, without two that read the same partition', async () => {
      const all: WorkerReport[] = [];
      const first = member('group', 1, all);
      await eventually(() => held(first).size === PARTITIONS);
      const sending = publisher(['a', 'b', 'c', 'd', 'e', 'f'], 60);
      const second = member('group', 1, all);
      await eventually(() => held(first).size === 2 && held(second).size === 2);
      await first.stop();
      await eventually(() => held(second).size === PARTITIONS);
      await eventually(done(sending));
      await eventually(() => messagesOf(all).length >= 1_080);
      const places = messagesOf(all).map(({ partition, offset }) => `${partition}/${offset}`);
      // Both left in peace, so nothing was delivered twice.
      expect(new Set(places).size).toBe(1_080);
      expect(places.length).toBe(1_080);
    });

    it('gives the batch in which a member was killed to another one', async () => {
      const doomed = member('group', 60_000);
      await eventually(() => held(doomed).size === PARTITIONS);
      await say('a', '1', '2', '3');
      await eventually(() => doomed.reports.some(({ kind }) => kind === 'begun'));
      await doomed.kill();
      const heir = member('group');
      await eventually(() => messagesOf(heir.reports).length >= 3);
      expect(messagesOf(heir.reports).map(({ value }) => value)).toEqual(['1', '2', '3']);
    });

    it('takes the partitions of a member that is frozen, which has lost them when it thaws', async () => {
      const frozen = member('group');
      await eventually(() => held(frozen).size === PARTITIONS);
      frozen.freeze();
      const heir = member('group');
      await eventually(() => held(heir).size === PARTITIONS);
      await say('a', '1', '2');
      await eventually(() => messagesOf(heir.reports).length === 2);
      frozen.thaw();
      await eventually(() => held(frozen).size === 2 && held(heir).size === 2);
    });

    it('brings the same messages again after a rejected batch', async () => {
      await say('a', '1', '2');
      const attempts: string[][] = [];
      const { subscription } = await read({
        onBatch: ({ messages }) => {
          attempts.push(messages.map(({ value }) => value));
          return attempts.length < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve();
        },
      });
      await eventually(() => attempts.length >= 3);
      expect(attempts).toEqual([
        ['1', '2'],
        ['1', '2'],
        ['1', '2'],
      ]);
      await subscription.close();
    });

    it('goes back where it is told', async () => {
      await say('a', '1', '2', '3');
      const { seen, subscription } = await read();
      await eventually(() => seen.length === 3);
      const place = { topic, partition: seen[0]?.partition ?? 0 };
      subscription.seek(place, 1n);
      await eventually(() => seen.length === 5);
      subscription.seek(place, 'earliest');
      await eventually(() => seen.length === 8);
      expect(seen.map(({ value }) => value)).toEqual(['1', '2', '3', '2', '3', '1', '2', '3']);
      await subscription.close();
    });

    it('starts where the consumer says, and at the earliest where that is outside of the log', async () => {
      await say('a', '1', '2', '3');
      const from = async (offset: bigint | 'end', last: string) => {
        const { seen, subscription } = await read({ startFrom: () => Promise.resolve(offset) });
        await eventually(() => subscription.assigned().length === PARTITIONS);
        await say('a', last);
        await eventually(() => seen.at(-1)?.value === last);
        await subscription.close();
        return seen.map(({ value }) => value);
      };
      expect(await from(2n, '4')).toEqual(['3', '4']);
      expect(await from(1_000n, '5')).toEqual(['1', '2', '3', '4', '5']);
      expect(await from(-1n, '6')).toEqual(['1', '2', '3', '4', '5', '6']);
    });

    it('starts at the end for those who want news only', async () => {
      await say('a', 'old');
      let placed = 0;
      const { seen, subscription } = await read({
        startFrom: () => Promise.resolve('end'),
        onAssigned: () => (placed += 1),
      });
      await eventually(() => placed === PARTITIONS);
      await say('a', 'new');
      await eventually(() => seen.length > 0);
      expect(seen.map(({ value }) => value)).toEqual(['new']);
      await subscription.close();
    });

    it('drops what is past its retention, and starts a late consumer at what is kept', async () => {
      topic = `${topic}-short`;
      await bus.ensureTopics([spec({ segmentMs: 1 })]);
      await say('a', 'old', 'older');
      await under.keepFor(topic, 1);
      const bounds: { earliest: bigint; end: bigint }[] = [];
      await eventually(async () => {
        await under.retain();
        const { subscription } = await read({
          group: `looking at ${topic}`,
          onAssigned: ({ earliest, end }) => bounds.push({ earliest, end }),
        });
        await eventually(() => subscription.assigned().length === PARTITIONS);
        await eventually(() => bounds.length % PARTITIONS === 0);
        await subscription.close();
        return bounds.slice(-PARTITIONS).every(({ earliest, end }) => earliest === end);
      });
      await under.keepFor(topic, 3_600_000);
      await say('a', 'new');
      const { seen, subscription } = await read({ startFrom: () => Promise.resolve(0n) });
      await eventually(() => seen.length > 0);
      // Offsets go on: they are not given out again.
      expect(seen.map(({ value, offset }) => ({ value, offset }))).toEqual([{ value: 'new', offset: 2n }]);
      await subscription.close();
    });

    it('puts a slot into its partition, whatever the key', async () => {
      await bus.send(
        topic,
        [0, 1, 2, 3, 5, 63].map((slot) => ({ key: 'same', slot, headers: {}, value: String(slot) })),
      );
      const { seen, subscription } = await read();
      await eventually(() => seen.length === 6);
      for (const { partition, value } of seen) expect(partition).toBe(Number(value) % PARTITIONS);
      await subscription.close();
    });

    it('keeps key, headers and value as they are', async () => {
      const odd = { key: null, headers: { 'content-type': 'x', ce_id: 'ö "\\' }, value: '{"a":"☃ \\u0000"}' };
      await bus.send(topic, [odd]);
      const { seen, subscription } = await read();
      await eventually(() => seen.length === 1);
      expect(seen[0]).toMatchObject(odd);
      await subscription.close();
    });

    it('tells of a topic that is other than declared, and leaves it as it is', async () => {
      expect(await bus.ensureTopics([spec()])).toEqual([]);
      const wanted = spec({ partitions: 8, retentionMs: 60_000 });
      for (let time = 0; time < 2; time += 1) {
        expect(await bus.ensureTopics([wanted])).toEqual([
          { topic, setting: 'partitions', declared: '8', found: '4' },
          { topic, setting: 'retentionMs', declared: '60000', found: '3600000' },
        ]);
      }
      expect(await bus.partitions(topic)).toBe(PARTITIONS);
    });

    it('refuses a topic that nobody declared', async () => {
      await expect(bus.send('undeclared', [{ key: null, headers: {}, value: '' }])).rejects.toThrow(
        UnknownTopicError,
      );
      await expect(bus.partitions('undeclared')).rejects.toThrow(UnknownTopicError);
    });

    it('waits for a topic that is made after it was subscribed to, and says so', async () => {
      topic = `${topic}-later`;
      const errors: unknown[] = [];
      const { seen, subscription } = await read({ onError: (error) => errors.push(error) });
      await eventually(() => errors.some((error) => error instanceof UnknownTopicError));
      await bus.ensureTopics([spec()]);
      await say('a', 'news');
      await eventually(() => seen.length > 0);
      expect(seen.map(({ value }) => value)).toEqual(['news']);
      await subscription.close();
    });

    it('goes on from the beginning when a new, empty bus took its place', async () => {
      await say('a', '1', '2', '3');
      const { seen, subscription } = await read();
      await eventually(() => seen.length === 3);
      await under.empty();
      await bus.ensureTopics([spec()]);
      await say('a', 'anew');
      await eventually(() => seen.length === 4, 60_000);
      expect(seen[3]?.value).toBe('anew');
      await subscription.close();
    }, 180_000);
  });
}

function because(missing: string | undefined): string {
  return missing === undefined ? '' : ` (skipped: ${missing})`;
}

/** Partitions that a member holds now. */
function held(worker: WorkerProcess | undefined): Set<number> {
  const partitions = new Set<number>();
  for (const said of worker?.reports ?? []) {
    if (said.kind === 'assigned') partitions.add(said.partition);
    if (said.kind === 'revoked') partitions.delete(said.partition);
  }
  return partitions;
}

function messagesOf(reports: readonly WorkerReport[]): (WorkerMessage & { partition: number })[] {
  return reports.flatMap((said) =>
    said.kind === 'batch' ? said.messages.map((message) => ({ ...message, partition: said.partition })) : [],
  );
}
