import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { requireData, withDatabase } from '../data/data-database.ts';
import { build } from '../build/workspace.ts';
import { type Given, Refusal, runCommand, UsageError } from '../../libs/service-host/src/command-line.ts';
import type { BackupLine } from '../../services/lifecycle/src/backup/backup-records.ts';
import { baseBackup, copyTree, syncTree } from './base-backup.ts';

const root = path.resolve(import.meta.dirname, '../..');

const usage = `Usage: npm run backup -- --to FOLDER [--data data]
       npm run backup -- expire [--data data]

Copies the database and the files of a system, running or stopped, into a new folder.
It does not contain data/secrets (without it nothing in the backup can be opened) and data/tombstones (without it people who were
erased would reappear): keep copies of both elsewhere.

Each backup is recorded beside the tombstones (data/tombstones/backups.jsonl): the deletion of an organization is certified when every
backup that may hold its data is gone. "expire" deletes the backups that are no longer needed: those before the newest one that is older
than VOUCHSAFE_BACKUPS_KEPT_DAYS (30). Copies that you make by hand you delete by hand.

  --to    the new folder
  --data  the system's data folder   (or VOUCHSAFE_DATA)`;
const options = { to: { type: 'string' }, data: { type: 'string' } } as const;

async function main({ values: { to, data }, positionals }: Given<typeof options>): Promise<void> {
  const [verb] = positionals;
  if (verb === 'expire') return expire(dataFolder(data));
  if (verb !== undefined) throw new UsageError(`${verb} is not a command of backup.`);
  if (to === undefined) throw new UsageError('--to is needed: the folder of the backup.');
  const folder = dataFolder(data);
  await emptyFolder(path.resolve(to));
  await build(root);
  // Recorded before the first byte is copied: a backup that was cut off holds data, too.
  await record(folder, {
    backupId: randomUUID(),
    startedAt: new Date().toISOString(),
    place: path.resolve(to),
  });
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

function dataFolder(data: string | undefined): string {
  const folder = path.resolve(root, data ?? process.env.VOUCHSAFE_DATA ?? 'data');
  requireData(folder);
  return folder;
}

async function record(folder: string, line: BackupLine): Promise<void> {
  const { recordBackup } = await import('../../services/lifecycle/src/backup/backup-records.ts');
  await recordBackup(await recordsOf(folder), line);
}

async function recordsOf(folder: string): Promise<string> {
  const { backupRecordsOf } = await import('../start/services.ts');
  const tombstones = path.join(folder, 'tombstones');
  // Made anew, it would look as if nobody had been erased.
  if (!existsSync(tombstones)) throw new Refusal(`${tombstones} is missing: put it back first.`);
  const { beginBackupRecords } = await import('../../services/lifecycle/src/backup/backup-records.ts');
  await beginBackupRecords(backupRecordsOf(tombstones), new Date());
  return backupRecordsOf(tombstones);
}

/** Deletes what the policy does not keep (P31), and records it. */
async function expire(folder: string): Promise<void> {
  await build(root);
  const { backupsIn, backupsKeptDays, dueForRemoval } =
    await import('../../services/lifecycle/src/backup/backup-records.ts');
  const given = backupsKeptDays.safeParse(process.env.VOUCHSAFE_BACKUPS_KEPT_DAYS);
  if (!given.success)
    throw new Refusal('VOUCHSAFE_BACKUPS_KEPT_DAYS must be a whole number of days from 1 on.');
  const keptDays = given.data;
  const { backups } = await backupsIn(await recordsOf(folder));
  const due = dueForRemoval(backups, keptDays, new Date());
  for (const { backupId, place } of due) {
    await rm(place, { recursive: true, force: true });
    await record(folder, { backupId, removedAt: new Date().toISOString() });
    console.log(`Deleted the backup in ${place}.`);
  }
  if (due.length === 0) console.log('No backup is due for deletion.');
}

async function emptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0)
    throw new Refusal(`${folder} is not empty: choose another folder with --to.`);
}

await runCommand({ usage, options, takesPositionals: true }, main);
