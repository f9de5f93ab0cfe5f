/** @promise P32 cards that fail again and again are one fact for each window, in whatever order their failures come */
import { describe, expect, it } from '@jest/globals';
import { fold, organizationId as organizationIdOf } from '@vouchsafe/event-sourcing';
import fc from 'fast-check';
import { cardFailure, FAILURES, WINDOW_SECONDS } from './card-failure.decider.js';
import type { CardFailureEvent } from './card-failure.events.js';

const organizationId = organizationIdOf.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01');
const noon = Date.parse('2026-11-29T12:00:00.000Z');
const failure = (eventId: string, second: number, card: string | null = null) => ({
  eventId,
  failedAt: new Date(noon + second * 1000).toISOString(),
  card,
});
type Failure = ReturnType<typeof failure>;

function after(looks: readonly (readonly Failure[])[]): CardFailureEvent[] {
  const events: CardFailureEvent[] = [];
  for (const failures of looks) {
    const command = { type: 'observe', organizationId, source: 'webhook', failures } as const;
    const decision = cardFailure.decide(fold(cardFailure, events), command);
    if ('rejected' in decision) throw new Error('Nothing is rejected');
    events.push(...decision);
  }
  return events;
}

const told = (events: readonly CardFailureEvent[]) =>
  events.flatMap(({ type, data }) => (type === 'card-failures-repeated' ? [data] : []));
const every = (seconds: number, count: number) =>
  Array.from({ length: count }, (_, nth) => failure(`evt_${nth}`, nth * seconds, `card ${nth % 3}`));

describe('cards that fail', () => {
  it('are a fact from the fifth failure within ten minutes on', () => {
    expect(told(after([every(60, FAILURES - 1)]))).toEqual([]);
    expect(told(after(every(60, FAILURES).map((one) => [one])))).toMatchObject([
      { failures: 5, cards: 3, windowSeconds: 600, lastFailedAt: '2026-11-29T12:04:00.000Z' },
    ]);
  });

  it('are none where they fail now and then', () => {
    expect(told(after([every(WINDOW_SECONDS / (FAILURES - 1), 40)]))).toEqual([]);
  });

  it('are told of once for each window, however many follow', () => {
    expect(told(after(every(10, 60).map((one) => [one])))).toHaveLength(1);
    expect(told(after(every(10, 180).map((one) => [one])))).toHaveLength(3);
  });

  it('count once, however often and in whatever order they are seen', () => {
    const all = every(30, 12);
    const looks = fc.shuffledSubarray([...all, ...all], { minLength: 24 });
    fc.assert(
      fc.property(looks, (seen) => {
        const events = after(seen.map((one) => [one]));
        const noted = events.flatMap(({ type, data }) =>
          type === 'card-failure-observed' ? [data.eventId] : [],
        );
        expect(noted.toSorted()).toEqual(all.map(({ eventId }) => eventId).toSorted());
        expect(told(events).length).toBeGreaterThanOrEqual(1);
        expect(told(events).length).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('are forgotten an hour later', () => {
    const late = every(60, 4);
    expect(after([[failure('evt_now', 4 * 3600)], late])).toHaveLength(1);
  });
});
