import { randomUUID } from 'node:crypto';
import { EventStore, sealMarkedLater } from '@vouchsafe/event-store';
import { tellSealed } from '@vouchsafe/service-host';
import { publishingOf } from '../data/publishing.ts';
import type { ServiceKeys } from '../data/service-keys.ts';

/**
 * Seals in place the clear values of events that were stored before their fields were marked personal, and has it recorded in each
 * organization's audit log. If it is killed, run it again: it skips what is sealed.
 */
export async function sealMarked(
  root: string,
  { name, database, vault }: ServiceKeys,
  say: (line: string) => void,
): Promise<void> {
  const catalogs = (await publishingOf(root, name)).map(({ catalog }) => catalog);
  const runId = randomUUID();
  const sealed = await sealMarkedLater({ database, vault }, catalogs, runId);
  const informed = await tellSealed({ database, store: new EventStore({ database, vault }) }, new Date());
  say(`${name}: run ${runId} sealed values in ${sealed} events and informed ${informed} organizations`);
}
