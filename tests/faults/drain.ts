import { consumedBy } from '@vouchsafe/contracts';
import type { SystemUnderTest } from '../system/running-system.ts';
import { standIn } from '../system/stripe.ts';

/** How often what waits for a later time is told that it has come. */
const HURRY_MS = 5_000;

/** A release from before billing has no Stripe. */
type MaybeWithoutStripe = Omit<SystemUnderTest, 'stripe'> & Partial<Pick<SystemUnderTest, 'stripe'>>;

/**
 * Waits until everything that was accepted has arrived everywhere: no order at Stripe open, everything told by Stripe recorded, no open
 * entry, every event numbered, every lane acknowledged and consumed, every log signed.
 * @returns what still waits when the time is over; null when nothing does
 */
export async function drained(system: MaybeWithoutStripe, withinMs = 90_000): Promise<string | null> {
  const end = performance.now() + withinMs;
  let hurried = -Infinity;
  for (;;) {
    const withStripe = hasStripe(system) ? system : undefined;
    if (withStripe && performance.now() - hurried > HURRY_MS) {
      await hurry(withStripe);
      hurried = performance.now();
    }
    const waiting = (withStripe && (await waitingAtBilling(withStripe))) ?? (await waitingIn(system));
    if (waiting === null) return null;
    if (performance.now() > end) return waiting;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function hasStripe(system: MaybeWithoutStripe): system is SystemUnderTest {
  return system.stripe !== undefined;
}

/** What time does: the leases of the killed have run out, the next tries are due, and Stripe sends again what was not taken. */
async function hurry(system: SystemUnderTest): Promise<void> {
  await system.rows('billing', 'update intent set due_at = now() where due_at is not null');
  await system.rows(
    'billing',
    'update stripe_object set due_at = now(), leased_until = null where due_at is not null',
  );
  await standIn(system, 'POST', 'deliveries', { order: 'as-is' });
}

/** In the order of the data flow, too: an order makes webhooks, and each asks for a look at an object. */
async function waitingAtBilling(system: SystemUnderTest): Promise<string | null> {
  const [open] = await system.rows<{ intents: number }>(
    'billing',
    'select count(*)::int as intents from intent where due_at is not null',
  );
  if (open && open.intents > 0) return `${open.intents} open intents`;
  const webhooks = await standIn<{ idle: boolean; waiting: unknown[] }>(system, 'GET', 'webhooks');
  if (!webhooks.idle) return `${webhooks.waiting.length} webhooks`;
  const [due] = await system.rows<{ objects: number; error: string | null }>(
    'billing',
    'select count(*)::int as objects, max(error) as error from stripe_object where due_at is not null or requested > observed',
  );
  return due && due.objects > 0 ? `${due.objects} objects of Stripe (${due.error ?? 'no error'})` : null;
}

/** In the order of the data flow: what has left one stage when it was checked is seen, or still missing, at the next. */
async function waitingIn(system: Pick<SystemUnderTest, 'rows'>): Promise<string | null> {
  const given: { name: string; last: string }[] = [];
  for (const source of consumedBy('audit')) {
    const [waiting] = await system.rows<{ unnumbered: number; open: number }>(
      source,
      `select ${source === 'gateway' ? '(select count(*)::int from open_entry)' : '0'} as open, count(*)::int as unnumbered
       from event where not exists (select from outgoing where event_position = event.position)
         and type in (select distinct type from event join outgoing on event_position = event.position)`,
    );
    if (waiting && waiting.open > 0) return `${waiting.open} open entries`;
    if (waiting && waiting.unnumbered > 0)
      return `${waiting.unnumbered} events of ${source} without a number`;
    const lanes = await system.rows<{ lane: number; last: string; acknowledged: string }>(
      source,
      'select lane, last_number as last, acknowledged from lane where last_number > 0',
    );
    for (const { lane, last, acknowledged } of lanes) {
      if (acknowledged !== last) return `lane ${lane} of ${source}: ${acknowledged} of ${last} acknowledged`;
      given.push({ name: `${source}/${lane}`, last });
    }
  }
  const lanes = await system.rows<{ name: string; number: string }>(
    'audit',
    `select source || '/' || lane as name, number from consumed_lane where consumer = 'audit'`,
  );
  const reached = new Map(lanes.map(({ name, number }) => [name, number]));
  for (const { name, last } of given)
    if (reached.get(name) !== last) return `lane ${name}: ${reached.get(name) ?? 0} of ${last} consumed`;
  const [audit] = await system.rows<{ waiting: number; unsigned: number }>(
    'audit',
    `select (select count(*)::int from dead_letter) as waiting,
       (select count(*)::int from log where size > checkpoint_size) as unsigned`,
  );
  if (audit && audit.waiting > 0) return `${audit.waiting} dead letters`;
  return audit && audit.unsigned > 0 ? `${audit.unsigned} logs without a checkpoint` : null;
}
