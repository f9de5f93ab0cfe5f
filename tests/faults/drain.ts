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

async function waitingIn(system: SystemUnderTest): Promise<string | null> {
  const [audit] = await system.rows<{ parked: number; unsigned: number }>(
    'audit',
    `select (select count(*)::int from parked_message) as parked,
       (select count(*)::int from log where size > checkpoint_size) as unsigned`,
  );
  const reached = new Map(
    (
      await system.rows<{ lane: string; number: string }>(
        'audit',
        `select source || '/' || lane as lane, number from consumed_lane where consumer = 'audit'`,
      )
    ).map(({ lane, number }) => [lane, number]),
  );
  if (!audit || audit.parked > 0) return `${audit?.parked} parked facts`;
  for (const source of ['gateway', 'identity'] as const) {
    const [waiting] = await system.rows<{ unnumbered: number; open: number }>(
      source,
      `select ${source === 'gateway' ? '(select count(*)::int from open_entry)' : '0'} as open, count(*)::int as unnumbered
       from event where not exists (select from outgoing where event_position = event.position)
         and type in (select distinct type from event join outgoing on event_position = event.position)`,
    );
    if (waiting && waiting.open > 0) return `${waiting.open} open entries`;
    if (waiting && waiting.unnumbered > 0)
      return `${waiting.unnumbered} events of ${source} without a number`;
    const lanes = await system.rows<{ lane: number; last_number: string; acknowledged: string }>(
      source,
      'select lane, last_number, acknowledged from lane where last_number > 0',
    );
    for (const { lane, last_number: last, acknowledged } of lanes) {
      const at = reached.get(`${source}/${lane}`) ?? '0';
      if (acknowledged !== last || at !== last)
        return `lane ${lane} of ${source}: ${last} given out, ${acknowledged} acknowledged, ${at} consumed`;
    }
  }
  return audit.unsigned > 0 ? `${audit.unsigned} logs without a checkpoint` : null;
}
