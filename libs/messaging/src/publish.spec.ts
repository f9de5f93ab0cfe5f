import { describe, expect, it } from '@jest/globals';
import type { Bus, OutgoingMessage } from './bus.js';
import { openFact } from './sealed-message.js';
import { readMessage } from './cloud-events.js';
import { sourceOf } from './consumer/source.fixture.js';
import { publishTo } from './publish.js';

function recordingBus() {
  const sent: OutgoingMessage[] = [];
  const bus: Bus = {
    ensureTopics: () => Promise.resolve([]),
    partitions: () => Promise.resolve(4),
    send: (_, messages) => {
      sent.push(...messages);
      return Promise.resolve();
    },
    subscribe: () => Promise.reject(new Error('Nobody reads here')),
    close: () => Promise.resolve(),
  };
  return { bus, sent };
}

describe('what a relay publishes', () => {
  it('goes to the partition of its lane, facts and positions alike', async () => {
    const { bus, sent } = recordingBus();
    const publisher = publishTo(bus, 't');
    const fact = sourceOf('identity').take(6, 'x');
    await publisher.send([fact]);
    await publisher.sendPositions('identity', [
      { lane: 6, number: 1n },
      { lane: 2, number: 3n },
      { lane: 5, number: 2n },
    ]);
    expect(sent.map(({ slot = -1, value }) => [slot % 4, value])).toEqual([
      [2, expect.not.stringContaining('Ada')],
      [2, '[[6,"1"],[2,"3"]]'],
      [1, '[[5,"2"]]'],
    ]);
    const arrived = sent[0] && readMessage(sent[0]);
    expect(arrived?.kind === 'sealed' && openFact(arrived, fact.transitKey)?.value).toBe(
      JSON.stringify(fact.publication.data),
    );
  });

  it('repeats positions that stand ever more rarely, and tells changed ones at once', async () => {
    const { bus, sent } = recordingBus();
    let now = 0;
    const publisher = publishTo(bus, 't', () => new Date(now));
    const tell = (number: bigint) => publisher.sendPositions('identity', [{ lane: 0, number }]);
    for (let second = 0; second < 600; second += 1) {
      now = second * 1_000;
      await tell(1n);
    }
    const quiet = sent.length;
    expect(quiet).toBeGreaterThan(10);
    expect(quiet).toBeLessThan(20);
    await tell(2n);
    expect(sent.length).toBe(quiet + 1);
  });
});
