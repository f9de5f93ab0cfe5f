import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ServiceName } from '@vouchsafe/contracts';
import type { Publishing } from '@vouchsafe/event-store';

/** Every catalog of a built service. */
export async function publishingOf(root: string, service: ServiceName): Promise<readonly Publishing[]> {
  const file = path.join(root, 'services', service, 'dist', `${service}.publishing.js`);
  const module = (await import(pathToFileURL(file).href)) as Record<string, readonly Publishing[]>;
  const publishing = module[`${service}Publishing`];
  if (!publishing) throw new Error(`services/${service} exports no ${service}Publishing`);
  return publishing;
}
