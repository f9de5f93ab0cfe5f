import type { StripeObject } from '../observation/stripe-object.js';
import type { History } from './history.js';
import { randomOf } from './history.js';

/** A webhook that arrives: Stripe delivers at least once, in any order, for three days; and some never come. */
interface Delivery {
  readonly at: number;
  readonly eventId: string;
  readonly objectId: string;
  /** The moment at Stripe that is read: at times an older one, as if the answer had been held up. */
  readonly readAt: number;
}

/** What went through on the way: how much is late, doubled and lost, from 0 to 1. */
export interface Weather {
  readonly late: number;
  readonly doubled: number;
  readonly lost: number;
  readonly stale: number;
}

const THREE_DAYS = 3 * 86_400;

export function deliveriesOf(
  { steps }: History,
  { late, doubled, lost, stale }: Weather,
  seed: number,
): Delivery[] {
  const random = randomOf(seed);
  const sent = steps.flatMap(({ at, events }, step) =>
    events.flatMap(({ objectId }, event): Delivery[] => {
      if (random() < lost) return [];
      const copies = random() < doubled ? 2 + Math.floor(random() * 3) : 1;
      return Array.from({ length: copies }, () => {
        const arrives = at + (random() < late ? Math.floor(random() * THREE_DAYS) : 0);
        const readAt = random() < stale ? Math.max(at, arrives - Math.floor(random() * THREE_DAYS)) : arrives;
        return { at: arrives, eventId: `evt_${step}x${event}`, objectId, readAt };
      });
    }),
  );
  // Those of one second come in any order.
  return sent
    .map((one) => ({ one, tie: random() }))
    .sort((a, b) => a.one.at - b.one.at || a.tie - b.tie)
    .map(({ one }) => one);
}

/** Everything at Stripe as it is at a moment; steps of that second have happened. */
export function stripeAt({ steps }: History, at: number): ReadonlyMap<string, StripeObject> {
  const objects = new Map<string, StripeObject>();
  for (const step of steps) {
    if (step.at > at) break;
    for (const object of step.objects) objects.set(object.id, object);
  }
  return objects;
}
