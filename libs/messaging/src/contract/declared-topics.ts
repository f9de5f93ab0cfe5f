import { expect, it } from '@jest/globals';
import { UnknownTopicError } from '../bus.js';
import { type BusSuite, PARTITIONS } from './bus-suite.js';
import { eventually } from './support.js';

/** Topics that are missing, new, gone, or other than declared. */
export function declaredTopics(the: BusSuite): void {
  it('tells of a topic that is other than declared, and leaves it as it is', async () => {
    expect(await the.bus.ensureTopics([the.spec()])).toEqual([]);
    const wanted = the.spec({ partitions: 8, retentionMs: 60_000 });
    for (let time = 0; time < 2; time += 1) {
      expect(await the.bus.ensureTopics([wanted])).toEqual([
        { topic: the.topic, setting: 'partitions', declared: '8', found: '4' },
        { topic: the.topic, setting: 'retentionMs', declared: '60000', found: '3600000' },
      ]);
    }
    expect(await the.bus.partitions(the.topic)).toBe(PARTITIONS);
  });

  it('refuses a topic that nobody declared', async () => {
    await expect(the.bus.send('undeclared', [{ key: null, headers: {}, value: '' }])).rejects.toThrow(
      UnknownTopicError,
    );
    await expect(the.bus.partitions('undeclared')).rejects.toThrow(UnknownTopicError);
  });

  it('waits for a topic that is made after it was subscribed to, and says so', async () => {
    the.topic = `${the.topic}-later`;
    const errors: unknown[] = [];
    const { seen, subscription } = await the.read({ onError: (error) => errors.push(error) });
    await eventually(() => errors.some((error) => error instanceof UnknownTopicError));
    await the.bus.ensureTopics([the.spec()]);
    await the.say('a', 'news');
    await eventually(() => seen.length > 0);
    expect(seen.map(({ value }) => value)).toEqual(['news']);
    await subscription.close();
  });

  it('goes on from the beginning when a new, empty bus took its place', async () => {
    await the.say('a', '1', '2', '3');
    const { seen, subscription } = await the.read();
    await eventually(() => seen.length === 3);
    await the.under.empty();
    await the.bus.ensureTopics([the.spec()]);
    await the.say('a', 'anew');
    await eventually(() => seen.length === 4, 60_000);
    expect(seen[3]?.value).toBe('anew');
    await subscription.close();
  }, 180_000);
}
