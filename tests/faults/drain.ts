import { consumedBy } from '@vouchsafe/contracts';
import type { SystemUnderTest } from '../system/running-system.ts';

/**
 * Waits until everything that was accepted has arrived everywhere: no open entry, every event numbered, every lane acknowledged and
 * consumed, every log signed.
 * @returns what still waits when the time is over; null when nothing does
 */
export async function drained(system: SystemUnderTest, withinMs = 90_000): Promise<string | null> {
  const end = performance.now() + withinMs;
  for (;;) {
    const waiting = await waitingIn(system);
    if (waiting === null) return null;
    if (performance.now() > end) return waiting;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** In the order of the data flow: what has left one stage when it was checked is seen, or still missing, at the next. */
async function waitingIn(system: SystemUnderTest): Promise<string | null> {
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
