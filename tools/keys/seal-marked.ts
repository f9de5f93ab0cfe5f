import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { EventStore, type Publishing, sealMarkedLater } from '@vouchsafe/event-store';
import { tellSealed } from '@vouchsafe/service-host';
import type { ServiceKeys } from '../data/service-keys.ts';

/**
 * Seals in place what a service's events hold in clear from before their fields were marked personal, and tells the audit log of each
 * organization. Killed, it is run again: it passes over what is sealed.
 */
export async function sealMarked(
  root: string,
  { name, database, vault }: ServiceKeys,
  say: (line: string) => void,
): Promise<void> {
  const catalogs = (await publishingOf(root, name)).map(({ catalog }) => catalog);
  const runId = randomUUID();
  const sealed = await sealMarkedLater({ database, vault }, catalogs, runId);
  const told = await tellSealed({ database, store: new EventStore({ database, vault }) }, new Date());
  say(`${name}: run ${runId} has sealed values in ${sealed} events; ${told} organizations are told`);
}

async function publishingOf(root: string, name: string): Promise<readonly Publishing[]> {
  const file = path.join(root, 'services', name, 'dist', `${name}.publishing.js`);
  const module = (await import(pathToFileURL(file).href)) as Record<string, readonly Publishing[]>;
  return module[`${name}Publishing`] ?? missing(file);
}

function missing(file: string): never {
  throw new Error(`${file} exports no publishing`);
}
