import type { Price } from './objects.ts';

/** How often something is paid. */
export type Recurrence = Pick<NonNullable<Price['recurring']>, 'interval' | 'interval_count'>;

/** The first time after `moment` at which a cycle that is anchored at `anchor` begins anew. */
export function nextBoundary(anchor: number, recurrence: Recurrence, moment: number): number {
  let nth = 1;
  while (boundary(anchor, recurrence, nth) <= moment) nth += 1;
  return boundary(anchor, recurrence, nth);
}

/** The 31st is the last day of a shorter month, and the 31st again afterwards. */
function boundary(anchor: number, { interval, interval_count: count }: Recurrence, nth: number): number {
  const steps = nth * count;
  if (interval === 'day' || interval === 'week')
    return anchor + steps * (interval === 'day' ? 1 : 7) * 86_400;
  const from = new Date(anchor * 1000);
  const months = steps * (interval === 'year' ? 12 : 1);
  const first = new Date(from);
  first.setUTCDate(1);
  first.setUTCMonth(from.getUTCMonth() + months);
  const days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(from.getUTCDate(), days));
  return first.getTime() / 1000;
}

export function isSameRecurrence(one: Recurrence, other: Recurrence): boolean {
  return one.interval === other.interval && one.interval_count === other.interval_count;
}
