/** @promise P31 which backups there are, as `npm run backup` records them */
import { open, readFile } from 'node:fs/promises';
import { z } from 'zod';

/** Days for which the operator can restore a backup, as the service and `npm run backup -- expire` read them. */
export const backupsKeptDays = z.coerce.number().int().min(1).default(30);

const time = z.iso.datetime();

/**
 * A line of the file: since when backups are recorded, which is the first; a backup began, or was removed. A backup is recorded before its
 * first byte is copied, so none is ever missing.
 */
export const backupLine = z.union([
  z.strictObject({ recordsFrom: time }),
  z.strictObject({ backupId: z.uuid(), startedAt: time, place: z.string().min(1) }),
  z.strictObject({ backupId: z.uuid(), removedAt: time }),
]);
export type BackupLine = z.infer<typeof backupLine>;

export interface Backup {
  readonly backupId: string;
  readonly startedAt: Date;
  /** The folder. */
  readonly place: string;
  readonly removedAt: Date | null;
}

export interface BackupRecords {
  /** Of backups that were made before, nothing is known. */
  readonly recordsFrom: Date;
  readonly backups: readonly Backup[];
}

/** @throws where the file is missing, or a line cannot be read: which backups there are must not be guessed at */
export async function backupsIn(file: string): Promise<BackupRecords> {
  const lines = await linesOf(file);
  const recordsFrom = lines.find((line) => 'recordsFrom' in line)?.recordsFrom;
  if (recordsFrom === undefined)
    throw new Error(
      `The record of backups ${file} is missing, or does not say from when it is kept: put it back. In a new installation, write ` +
        '{"recordsFrom":"<the present time, as 2026-11-30T12:00:00.000Z>"} into it, before the first backup',
    );
  const removed = new Map(
    lines.flatMap((line) => ('removedAt' in line ? [[line.backupId, new Date(line.removedAt)]] : [])),
  );
  const backups = lines.flatMap((line) =>
    'startedAt' in line
      ? [
          {
            ...{ backupId: line.backupId, startedAt: new Date(line.startedAt), place: line.place },
            removedAt: removed.get(line.backupId) ?? null,
          },
        ]
      : [],
  );
  return { recordsFrom: new Date(recordsFrom), backups };
}

/**
 * Begins the record where there is none. One of a former version, which does not say from when it is kept, is kept from its first backup on,
 * or from now on.
 */
export async function beginBackupRecords(file: string, now: Date): Promise<void> {
  const lines = await linesOf(file);
  if (lines.some((line) => 'recordsFrom' in line)) return;
  const first = lines.flatMap((line) => ('startedAt' in line ? [line.startedAt] : [])).sort()[0];
  await recordBackup(file, { recordsFrom: first ?? now.toISOString() });
}

/** Durable when it is done. */
export async function recordBackup(file: string, line: BackupLine): Promise<void> {
  const handle = await open(file, 'a', 0o600);
  try {
    await handle.appendFile(`${JSON.stringify(line)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function linesOf(file: string): Promise<BackupLine[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => backupLine.parse(JSON.parse(line)));
}

const DAY_MS = 86_400_000;

/**
 * Those that may hold what left production at `erasedAt`: a base backup copies the pages of rows that are dead, and these are written over
 * within an interval.
 */
export function holding(backups: readonly Backup[], erasedAt: Date, intervalDays: number): readonly Backup[] {
  const until = erasedAt.getTime() + intervalDays * DAY_MS;
  return backups.filter(({ startedAt }) => startedAt.getTime() < until);
}

/** Those that the policy does not keep: a window of so many days needs the newest backup that is older than it, and none before that one. */
export function dueForRemoval(backups: readonly Backup[], keptDays: number, now: Date): readonly Backup[] {
  const windowStart = now.getTime() - keptDays * DAY_MS;
  const older = backups
    .filter(({ removedAt, startedAt }) => removedAt === null && startedAt.getTime() < windowStart)
    .sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  return older.slice(0, -1);
}
