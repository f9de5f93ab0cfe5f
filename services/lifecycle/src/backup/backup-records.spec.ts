/** @promise P31 which backups may hold what was deleted, and which are due for removal */
import { randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Backup,
  backupsIn,
  beginBackupRecords,
  dueForRemoval,
  holding,
  recordBackup,
} from './backup-records.js';

const start = Date.parse('2027-01-01T00:00:00Z');
const at = (days: number) => new Date(start + days * 86_400_000);
const backup = (day: number, removedOn: number | null = null): Backup => ({
  ...{ backupId: randomUUID(), startedAt: at(day), place: `/backups/${day}` },
  removedAt: removedOn === null ? null : at(removedOn),
});
const days = (backups: readonly Backup[]) =>
  backups.map(({ startedAt }) => (startedAt.getTime() - start) / 86_400_000);

describe('the backups that are due for removal', () => {
  it('are those before the newest that is older than the window', () => {
    const weekly = [0, 7, 14, 21, 28, 35, 42].map((day) => backup(day));
    expect(days(dueForRemoval(weekly, 30, at(43)))).toEqual([0]);
    expect(days(dueForRemoval(weekly, 30, at(52)))).toEqual([0, 7, 14]);
    expect(days(dueForRemoval(weekly, 30, at(30)))).toEqual([]);
  });

  it('never leave a day of the window without a backup before it, and leave none for longer than the window and an interval', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20 }), (kept, interval) => {
        const all = Array.from({ length: 30 }, (_, nth) => backup(nth * interval));
        const now = 29 * interval + interval / 2;
        const due = new Set(dueForRemoval(all, kept, at(now)));
        const left = all.filter((one) => !due.has(one));
        const windowStart = now - kept;
        if (windowStart > 0) expect(Math.min(...days(left))).toBeLessThan(windowStart);
        expect(Math.min(...days(left))).toBeGreaterThanOrEqual(Math.min(windowStart, now) - interval - 1e-6);
      }),
    );
  });
});

it('holds what was deleted where a backup began before, or within an interval after: dead rows are copied, too', () => {
  const all = [backup(0), backup(10), backup(16), backup(18)];
  expect(days(holding(all, at(10.5), 7))).toEqual([0, 10, 16]);
});

describe('the file of records', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-backups-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const lines = (file: string, ...all: readonly object[]) =>
    appendFile(file, all.map((line) => `${JSON.stringify(line)}\n`).join(''));

  it('says from when backups are recorded, which there are, and which were removed', async () => {
    const file = path.join(folder, 'backups.jsonl');
    await beginBackupRecords(file, at(0));
    expect(await backupsIn(file)).toEqual({ recordsFrom: at(0), backups: [] });
    const [first, second] = [randomUUID(), randomUUID()];
    await recordBackup(file, { backupId: first, startedAt: at(1).toISOString(), place: '/a' });
    await recordBackup(file, { backupId: second, startedAt: at(2).toISOString(), place: '/b' });
    await recordBackup(file, { backupId: first, removedAt: at(40).toISOString() });
    await beginBackupRecords(file, at(50));
    expect(await backupsIn(file)).toEqual({
      recordsFrom: at(0),
      backups: [
        { backupId: first, startedAt: at(1), place: '/a', removedAt: at(40) },
        { backupId: second, startedAt: at(2), place: '/b', removedAt: null },
      ],
    });
  });

  it('of a former version begins with its first backup', async () => {
    const file = path.join(folder, 'former.jsonl');
    await lines(file, { backupId: randomUUID(), startedAt: at(3).toISOString(), place: '/a' });
    await expect(backupsIn(file)).rejects.toThrow('does not say from when it is kept');
    await beginBackupRecords(file, at(50));
    expect(await backupsIn(file)).toMatchObject({ recordsFrom: at(3), backups: [{ place: '/a' }] });
  });

  it('is refused where it is missing or cannot be read: that there are no backups must not be guessed', async () => {
    await expect(backupsIn(path.join(folder, 'none.jsonl'))).rejects.toThrow('is missing');
    const file = path.join(folder, 'broken.jsonl');
    await lines(file, { recordsFrom: at(0).toISOString() }, { backupId: 'x' });
    await expect(backupsIn(file)).rejects.toThrow();
  });
});
