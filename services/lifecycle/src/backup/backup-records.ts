/** @promise P31 which backups there are, as `npm run backup` records them */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** Days for which the operator can restore a backup, as the service and `npm run backup -- expire` read them. */
export const backupsKeptDays = z.coerce.number().int().min(1).default(30);

const time = z.iso.datetime();

/** A line of the file: a backup began, or was removed. It is recorded before the first byte is copied, so none is ever missing. */
export const backupLine = z.union([
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

/** @throws where a line cannot be read: which backups there are must not be guessed at */
export async function backupsIn(file: string): Promise<readonly Backup[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => backupLine.parse(JSON.parse(line)));
  const removed = new Map(
    lines.flatMap((line) => ('removedAt' in line ? [[line.backupId, new Date(line.removedAt)]] : [])),
  );
  return lines.flatMap((line) =>
    'startedAt' in line
      ? [
          {
            ...{ backupId: line.backupId, startedAt: new Date(line.startedAt), place: line.place },
            removedAt: removed.get(line.backupId) ?? null,
          },
        ]
      : [],
  );
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
