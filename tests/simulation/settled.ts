import { consumedBy, type ServiceName, serviceNames } from '@vouchsafe/contracts';
import { standIn } from '../system/stripe.ts';
import type { Stores } from './seen.ts';
import type { World } from './world.ts';

const LOOK_EVERY_MS = 120;
/** Between two stages nothing waits for a moment. */
const LOOKS = 2;

/** Work that is due, by service; `$1` is the time. */
const due: Readonly<Partial<Record<ServiceName, readonly string[]>>> = {
  lifecycle: [
    'select count(*)::int as found from termination where due_at <= $1',
    'select count(*)::int as found from purge where due_at <= $1',
    'select count(*)::int as found from data_request where follow_at <= $1',
    // Whoever puts an archive together has it by a lease until later.
    `select count(*)::int as found from data_return where due_at <= $1 or status in ('requested', 'assembling')`,
  ],
  audit: [
    'select count(*)::int as found from retention where due_at <= $1',
    'select (count(*) filter (where size > checkpoint_size))::int as found from log where $1::timestamptz is not null',
  ],
  billing: [
    'select count(*)::int as found from purge_check where due_at <= $1',
    'select count(*)::int as found from intent where due_at <= $1',
    // By the clock of the database, which nobody moves.
    'select count(*)::int as found from stripe_object where due_at <= clock_timestamp() and $1::timestamptz is not null',
  ],
};
/** Of every service. What a hold stops waits for its release. */
const everywhere = [
  'select count(*)::int as found from erasure where receipt_at is null and held_by is null and due_at <= $1',
  `select count(*)::int as found from hold
   where $1::timestamptz is not null and (confirmed_at is null or (release_requested_at is not null and released_at is null))`,
];

/**
 * Waits until nothing is due, and every fact has arrived: the shortest time for which it makes sense to wait before time goes on.
 * @returns what still waits when the time is over; null when nothing does
 */
export async function settled(world: World, withinMs: number): Promise<string | null> {
  const until = performance.now() + withinMs;
  for (let quiet = 0; ;) {
    const waiting = await waitingIn(world);
    quiet = waiting === null ? quiet + 1 : 0;
    if (quiet === LOOKS) return null;
    if (performance.now() > until) return waiting;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function waitingIn({ system, time, stores: { query } }: World): Promise<string | null> {
  const webhooks = await standIn<{ idle: boolean }>(system, 'GET', 'webhooks');
  if (!webhooks.idle) return 'webhooks';
  const now = time.now();
  const found = await Promise.all(
    serviceNames.map(async (name) => {
      for (const text of [...everywhere, ...(due[name] ?? [])]) {
        const [row] = await query<{ found: number }>(name, text, [now]);
        if (row && row.found > 0) return `${name}: ${row.found} (${text.slice(0, 80)})`;
      }
      return null;
    }),
  );
  return found.find((one) => one !== null) ?? (await lanesIn(query));
}

async function lanesIn(query: Stores['query']): Promise<string | null> {
  const last = new Map<string, string>();
  for (const source of serviceNames) {
    const lanes = await query<{ lane: number; last: string; acknowledged: string }>(
      source,
      'select lane, last_number as last, acknowledged from lane where last_number > 0',
    );
    for (const { lane, last: number, acknowledged } of lanes) {
      if (acknowledged !== number) return `${source}: lane ${lane} is not sent`;
      last.set(`${source}/${lane}`, number);
    }
  }
  for (const consumer of serviceNames) {
    const lanes = await query<{ name: string; number: string }>(
      consumer,
      `select source || '/' || lane as name, number from consumed_lane where consumer = $1`,
      [consumer],
    );
    const reached = new Map(lanes.map(({ name, number }) => [name, number]));
    const sources: readonly string[] = consumedBy(consumer);
    for (const [name, number] of last)
      if (sources.includes(name.split('/')[0] ?? '') && reached.get(name) !== number)
        return `${consumer}: lane ${name} at ${reached.get(name) ?? 0} of ${number}`;
  }
  return null;
}
