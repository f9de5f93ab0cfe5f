import { expect, it } from '@jest/globals';
import { type BusSuite, done, PARTITIONS } from './bus-suite.js';
import { eventually } from './support.js';

/** What the log keeps of what was sent to it, and for how long. */
export function keptMessages(the: BusSuite): void {
  it('keeps the order of each key, and offsets without gaps, under several publishers', async () => {
    const publishers = [
      the.publisher(['a', 'b'], 20),
      the.publisher(['c', 'd'], 20),
      the.publisher(['e', 'f'], 20),
    ];
    const { seen, subscription } = await the.read();
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
    const killed = the.publisher(['a', 'b'], 100_000);
    await eventually(() => killed.reports.length >= 10);
    await killed.kill();
    const acknowledged = killed.reports.flatMap((said) => (said.kind === 'acknowledged' ? [said.upTo] : []));
    const { seen, subscription } = await the.read();
    await eventually(() => seen.filter(({ key }) => key === 'a').length > (acknowledged.at(-1) ?? 0));
    const own = seen.filter(({ key }) => key === 'a').map(({ value }) => Number(value));
    expect(own).toEqual(own.map((_, n) => n));
    await subscription.close();
  });

  it('drops what is past its retention, and starts a late consumer at what is kept', async () => {
    the.topic = `${the.topic}-short`;
    await the.bus.ensureTopics([the.spec({ segmentMs: 1 })]);
    await the.say('a', 'old', 'older');
    await the.under.keepFor(the.topic, 1);
    const bounds: { earliest: bigint; end: bigint }[] = [];
    await eventually(async () => {
      await the.under.retain();
      const { subscription } = await the.read({
        group: `looking at ${the.topic}`,
        onAssigned: ({ earliest, end }) => bounds.push({ earliest, end }),
      });
      await eventually(() => subscription.assigned().length === PARTITIONS);
      await eventually(() => bounds.length % PARTITIONS === 0);
      await subscription.close();
      return bounds.slice(-PARTITIONS).every(({ earliest, end }) => earliest === end);
    });
    await the.under.keepFor(the.topic, 3_600_000);
    await the.say('a', 'new');
    const { seen, subscription } = await the.read({ startFrom: () => Promise.resolve(0n) });
    await eventually(() => seen.length > 0);
    // Offsets go on: they are not given out again.
    expect(seen.map(({ value, offset }) => ({ value, offset }))).toEqual([{ value: 'new', offset: 2n }]);
    await subscription.close();
  });

  it('puts a slot into its partition, whatever the key', async () => {
    await the.bus.send(
      the.topic,
      [0, 1, 2, 3, 5, 63].map((slot) => ({ key: 'same', slot, headers: {}, value: String(slot) })),
    );
    const { seen, subscription } = await the.read();
    await eventually(() => seen.length === 6);
    for (const { partition, value } of seen) expect(partition).toBe(Number(value) % PARTITIONS);
    await subscription.close();
  });

  it('keeps key, headers and value as they are', async () => {
    const odd = { key: null, headers: { 'content-type': 'x', ce_id: 'ö "\\' }, value: '{"a":"☃ \\u0000"}' };
    await the.bus.send(the.topic, [odd]);
    const { seen, subscription } = await the.read();
    await eventually(() => seen.length === 1);
    expect(seen[0]).toMatchObject(odd);
    await subscription.close();
  });
}
