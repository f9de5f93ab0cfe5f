import { expect, it } from '@jest/globals';
import { type BusSuite, PARTITIONS } from './bus-suite.js';
import { eventually } from './support.js';

/** From where a consumer reads on. */
export function readingFurther(the: BusSuite): void {
  it('brings the same messages again after a rejected batch', async () => {
    await the.say('a', '1', '2');
    const attempts: string[][] = [];
    const { subscription } = await the.read({
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
    await the.say('a', '1', '2', '3');
    const { seen, subscription } = await the.read();
    await eventually(() => seen.length === 3);
    const partition = { topic: the.topic, partition: seen[0]?.partition ?? 0 };
    subscription.seek(partition, 1n);
    await eventually(() => seen.length === 5);
    subscription.seek(partition, 'earliest');
    await eventually(() => seen.length === 8);
    expect(seen.map(({ value }) => value)).toEqual(['1', '2', '3', '2', '3', '1', '2', '3']);
    await subscription.close();
  });

  it('starts where the consumer says, and at the earliest where that is outside of the log', async () => {
    await the.say('a', '1', '2', '3');
    const from = async (offset: bigint | 'end', last: string) => {
      const { seen, subscription } = await the.read({ startFrom: () => Promise.resolve(offset) });
      await eventually(() => subscription.assigned().length === PARTITIONS);
      await the.say('a', last);
      await eventually(() => seen.at(-1)?.value === last);
      await subscription.close();
      return seen.map(({ value }) => value);
    };
    expect(await from(2n, '4')).toEqual(['3', '4']);
    expect(await from(1_000n, '5')).toEqual(['1', '2', '3', '4', '5']);
    expect(await from(-1n, '6')).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  it('starts at the end for those who want news only', async () => {
    await the.say('a', 'old');
    let positioned = 0;
    const { seen, subscription } = await the.read({
      startFrom: () => Promise.resolve('end'),
      onAssigned: () => (positioned += 1),
    });
    await eventually(() => positioned === PARTITIONS);
    await the.say('a', 'new');
    await eventually(() => seen.length > 0);
    expect(seen.map(({ value }) => value)).toEqual(['new']);
    await subscription.close();
  });
}
