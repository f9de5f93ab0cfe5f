import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import {
  createPostgresFolder,
  type LocalPostgres,
  othersMayPass,
  startLocalPostgres,
} from '@vouchsafe/testing';
import type { DataFolder } from './data-folder.ts';
import { identityOf } from './process-identity.ts';
import { Refusal } from '../../libs/service-host/src/command-line.ts';

const postgresMajor = '18';

/** Starts the database server of the data folder; makes its cluster at the first start. */
export async function startPostgres(
  data: DataFolder,
  password: string,
  port: number,
  say: (line: string) => void,
): Promise<LocalPostgres> {
  const folder = await place(data.path, say);
  await knownVersion(folder);
  await refuseLivingOwner(folder);
  if (!existsSync(path.join(folder, 'PG_VERSION'))) {
    await createPostgresFolder(folder, password, 'scram-sha-256');
  }
  return startServer(folder, data.logs, password, port);
}

/** Starts the database server on a cluster's folder, wherever it lies. */
export function startServer(
  folder: string,
  logs: string,
  password: string,
  port: number,
): Promise<LocalPostgres> {
  return startLocalPostgres({
    folder,
    port,
    password,
    logFile: path.join(logs, 'postgres.log'),
    // What has passed the write-ahead log's horizon is deleted, not kept to be written over some day (P10).
    settings: ['max_connections=200', 'wal_recycle=off'],
    ownProcessGroup: true,
  });
}

/** Where the cluster of a data folder lies: with the data, or where the server's own user can reach it. */
export function placeOf(folder: string): string {
  const own = path.join(folder, 'postgres');
  return existsSync(own) ? own : path.join(elsewhere(folder), 'postgres');
}

function elsewhere(folder: string): string {
  return `/var/tmp/vouchsafe-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;
}

/** As `placeOf`, for a cluster that may not be there yet. */
export async function place(folder: string, say: (line: string) => void): Promise<string> {
  const own = path.join(folder, 'postgres');
  if (existsSync(own) || (await othersMayPass(folder))) return own;
  await mkdir(elsewhere(folder), { recursive: true, mode: 0o711 });
  say(
    `Postgres does not run as root, and its user may not enter ${folder}: the database lies in ${placeOf(folder)}. ` +
      `(use --data with a folder that other users may enter to keep everything together.)`,
  );
  return placeOf(folder);
}

async function knownVersion(folder: string): Promise<void> {
  const found = await readFile(path.join(folder, 'PG_VERSION'), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
  if (found !== undefined && found !== postgresMajor) {
    throw new Refusal(
      `The database in ${folder} was written by Postgres ${found}; this version of Vouchsafe brings Postgres ${postgresMajor}. Nothing was changed.\n` +
        `Start the version that wrote it, or begin with an empty folder: npm start -- --data another-folder`,
    );
  }
}

/**
 * postmaster.pid of a server that was killed. Postgres removes it by itself unless the number belongs to somebody else by
 * now; of a living Postgres it must not be touched.
 */
async function refuseLivingOwner(folder: string): Promise<void> {
  const file = path.join(folder, 'postmaster.pid');
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
  if (!pid || !identityOf(pid)) return;
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'postgres');
  if (name.trim() === 'postgres') {
    throw new Refusal(
      `A database server still runs on ${folder}, as process ${pid}, and was not started by the last run.\n` +
        `Stop it (kill -INT ${pid}), then start again; or use --data with another folder.`,
    );
  }
  await rm(file);
}
