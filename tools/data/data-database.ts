import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { openDataFolder } from '../start/data-folder.ts';
import { Refusal } from '../../libs/service-host/src/command-line.ts';
import type { Secrets } from '../start/secrets.ts';

/** The database of a data folder, running. */
export interface DataDatabase {
  readonly port: number;
  readonly secrets: Secrets;
}

/** @throws Refusal where the folder holds nothing of Vouchsafe */
export function requireData(folder: string): void {
  if (!existsSync(path.join(folder, 'secrets')))
    throw new Refusal(`${folder} holds no data of Vouchsafe: say where it is with --data.`);
}

/** Uses the database of a running system, or starts that of a stopped one for as long as the work takes. */
export async function withDatabase<T>(folder: string, work: (database: DataDatabase) => Promise<T>): Promise<T> {
  // The packages can be imported once they are built.
  const { openSecrets } = await import('../start/secrets.ts');
  const secrets = await openSecrets(path.join(folder, 'secrets'));
  const running = await runningPort(folder);
  if (running !== undefined) return work({ port: running, secrets });
  const { startPostgres } = await import('../start/postgres.ts');
  const { freePort } = await import('@vouchsafe/testing');
  const opened = await openDataFolder(folder, () => undefined);
  const port = await freePort();
  const postgres = await startPostgres(opened, secrets.postgres, port, () => undefined);
  opened.record('postgres', postgres);
  try {
    return await work({ port, secrets });
  } finally {
    await postgres.stop();
    opened.release();
  }
}

/** Where the database of the folder's running system listens: line 4 of postmaster.pid (Postgres manual, 66.1). */
export async function runningPort(folder: string): Promise<number | undefined> {
  const { placeOf } = await import('../start/postgres.ts');
  const { isAlive } = await import('@vouchsafe/testing');
  const lines = await readFile(path.join(placeOf(folder), 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid, , , port] = lines.split('\n').map(Number);
  return pid && port && isAlive(pid) ? port : undefined;
}
