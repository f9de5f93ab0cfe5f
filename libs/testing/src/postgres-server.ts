import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { freePort } from './free-port.js';
import {
  copyPostgresFolder,
  createPostgresFolder,
  type LocalPostgres,
  startLocalPostgres,
} from './local-postgres.js';

/** The server under a test's databases. */
export interface PostgresServer {
  readonly port: number;
  readonly adminUrl: string;
  /** Kills the server without warning and starts it on the same data and port; crash recovery is Postgres's own. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export const password = 'only-for-tests';

/** A test's data need not outlive the machine; a killed process loses nothing by it. Benchmarks pay the full price. */
export const testSettings = (durable: boolean) => [
  'max_connections=200',
  ...(durable ? [] : ['fsync=off', 'full_page_writes=off']),
];

/** A process of this machine, with its data in a folder under `parent`. */
export async function processServer(durable: boolean, parent: string): Promise<PostgresServer> {
  const folder = await mkdtemp(path.join(parent, 'vouchsafe-postgres-'));
  // Started by root, the server runs as a user of its own, who must be able to reach its folder.
  await chmod(folder, 0o711);
  const data = path.join(folder, 'data');
  await copyPostgresFolder(await template(), data);
  const port = await freePort();
  const start = (): Promise<LocalPostgres> =>
    startLocalPostgres({
      folder: data,
      port,
      password,
      logFile: path.join(folder, 'log'),
      settings: testSettings(durable),
    });
  let server = await start();
  // A suite that dies must not leave its server behind.
  const stopWithUs = () => void server.stop();
  process.once('exit', stopWithUs);
  return {
    port,
    adminUrl: server.adminUrl,
    restart: async () => {
      process.kill(server.pid, 'SIGQUIT');
      await server.exited;
      server = await start();
    },
    stop: async () => {
      process.removeListener('exit', stopWithUs);
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** An empty cluster, made once on this machine and copied for each suite: `initdb` costs a second, a copy a tenth. */
async function template(): Promise<string> {
  const home = path.join(tmpdir(), `vouchsafe-postgres-template-18-1-${userInfo().uid}`);
  if (existsSync(home)) return home;
  const half = await mkdtemp(path.join(tmpdir(), 'vouchsafe-postgres-template-'));
  await chmod(half, 0o711);
  await createPostgresFolder(path.join(half, 'data'), password, 'password');
  // Suites start side by side: the first one to rename wins, the others' folders are alike and go.
  await rename(path.join(half, 'data'), home).catch(() => undefined);
  await rm(half, { recursive: true, force: true });
  return home;
}
