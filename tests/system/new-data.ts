import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rename } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from '@vouchsafe/testing';
import { openDataFolder } from '../../tools/start/data-folder.ts';
import { startPostgres } from '../../tools/start/postgres.ts';
import { openSecrets } from '../../tools/start/secrets.ts';
import { makeDatabases } from '../../tools/start/system.ts';

/**
 * Fills the folder of a system with secrets and empty databases, as a first start makes them. Within a run of Jest they are made once and
 * copied: that takes a fraction of the time.
 * @param run the folder of the run, which goes with it; without one, the system's first start makes them
 */
export async function fillWithNewData(
  folder: string,
  run = process.env.VOUCHSAFE_TEST_RUN_FOLDER,
): Promise<void> {
  if (run === undefined) return;
  const made = path.join(run, 'new-data');
  if (!existsSync(made)) await makeNewData(run, made);
  // `cp` shares blocks where the file system can, and keeps owners; Node's own copy does neither.
  execFileSync('cp', ['-a', '--reflink=auto', `${made}/.`, folder]);
}

async function makeNewData(run: string, made: string): Promise<void> {
  const half = await mkdtemp(path.join(run, 'half-'));
  await chmod(half, 0o711);
  const data = await openDataFolder(half, () => undefined);
  const secrets = await openSecrets(data.secrets);
  const port = await freePort();
  const postgres = await startPostgres(data, secrets.postgres, port, () => undefined);
  await makeDatabases(secrets, postgres.adminUrl, port);
  await postgres.stop();
  data.release();
  // Suites start side by side: the first one to rename wins, and the others' folders go with the run.
  await rename(half, made).catch(() => undefined);
}
