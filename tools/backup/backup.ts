import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { requireData, withDatabase } from '../data/data-database.ts';
import { build } from '../start/build.ts';
import { type Given, Refusal, runCommand, UsageError } from '../../libs/service-host/src/command-line.ts';
import { baseBackup, copyTree, syncTree } from './base-backup.ts';

const root = path.resolve(import.meta.dirname, '../..');

const usage = `Usage: npm run backup -- --to FOLDER [--data data]

Copies the database and the files of a system, running or stopped, into a new folder.
It does not contain data/secrets (without it nothing in the backup can be opened) and data/tombstones (without it people who were
erased would reappear): keep copies of both elsewhere.

  --to    the new folder
  --data  the system's data folder   (or VOUCHSAFE_DATA)`;
const options = { to: { type: 'string' }, data: { type: 'string' } } as const;

async function main({ values: { to, data } }: Given<typeof options>): Promise<void> {
  if (to === undefined) throw new UsageError('--to is needed: the folder of the backup.');
  const folder = path.resolve(root, data ?? process.env.VOUCHSAFE_DATA ?? 'data');
  requireData(folder);
  await emptyFolder(path.resolve(to));
  await build(root);
  const { placeOf } = await import('../start/postgres.ts');
  await withDatabase(folder, ({ port, secrets }) =>
    baseBackup(
      `postgres://postgres:${encodeURIComponent(secrets.postgres)}@127.0.0.1:${port}/postgres`,
      placeOf(folder),
      path.join(path.resolve(to), 'postgres'),
    ),
  );
  await copyTree(path.join(folder, 'files'), path.join(path.resolve(to), 'files'), () => true);
  // The mark is durable after all that it vouches for.
  await syncTree(path.resolve(to));
  await writeFile(path.join(path.resolve(to), 'WHOLE'), `${new Date().toISOString()}\n`, { mode: 0o600 });
  console.log(
    `The backup is in ${path.resolve(to)}.\n` +
      `Not in it: ${path.join(folder, 'secrets')} (without it nothing in the backup can be opened) and ${path.join(folder, 'tombstones')}\n` +
      '(without it the backup cannot be restored, because people who were erased since would reappear). Keep copies of both apart from the backup.',
  );
}

async function emptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0)
    throw new Refusal(`${folder} is not empty: choose another folder with --to.`);
}

await runCommand({ usage, options }, main);
