import { copyFile, mkdir, open, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';

/** Made anew when the server starts (Postgres manual, 25.3.4); the log follows at the end, by itself. */
const leftOut = new Set([
  'postmaster.pid',
  'postmaster.opts',
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);
const madeAnew = [...leftOut].filter((name) => name.startsWith('pg_'));

/**
 * Copies a running cluster's folder by Postgres's own protocol for that (manual, 25.3.3): what changes meanwhile is made consistent
 * by the write-ahead log that goes with it. A slot keeps that log until the copy is whole.
 */
export async function baseBackup(adminUrl: string, from: string, to: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(
      `select pg_create_physical_replication_slot('vouchsafe_backup_' || pg_backend_pid(), true, true)`,
    );
    await client.query(`select pg_backup_start('vouchsafe', true)`);
    await copyTree(from, to, (name) => !leftOut.has(name) && name !== 'global/pg_control');
    // Last: it says where the log is read from.
    await copyFile(path.join(from, 'global/pg_control'), path.join(to, 'global/pg_control'));
    const { rows } = await client.query<{ label: string }>(
      'select labelfile as label from pg_backup_stop(false)',
    );
    await writeFile(path.join(to, 'backup_label'), rows[0]?.label ?? '', { mode: 0o600 });
    for (const name of madeAnew) await mkdir(path.join(to, name), { recursive: true, mode: 0o700 });
    await copyTree(path.join(from, 'pg_wal'), path.join(to, 'pg_wal'), () => true);
  } finally {
    await client.end();
  }
}

/** Files may go while they are copied: whatever the log says of them is done again at the restore. */
export async function copyTree(
  from: string,
  to: string,
  wanted: (name: string) => boolean,
  below = '',
): Promise<void> {
  await mkdir(path.join(to, below), { recursive: true, mode: 0o700 });
  const entries = await readdir(path.join(from, below), { withFileTypes: true }).catch(ignoreGone);
  for (const entry of entries ?? []) {
    const name = path.join(below, entry.name);
    if (!wanted(name) || entry.name.startsWith('pgsql_tmp')) continue;
    if (entry.isDirectory()) await copyTree(from, to, wanted, name);
    else if (entry.isFile()) await copyFile(path.join(from, name), path.join(to, name)).catch(ignoreGone);
  }
}

/** Makes a copied tree durable: files first, then the folders that name them. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(place);
    else await sync(place);
  }
  await sync(folder);
}

async function sync(place: string): Promise<void> {
  const handle = await open(place, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  return undefined;
}
