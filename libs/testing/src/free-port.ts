import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';

/**
 * Below every usual range of ephemeral ports (Linux 32768, IANA 49152): a server that is killed and started again finds its
 * port free, where an ephemeral one may by then be some client's end of a connection.
 */
const RANGE = { first: 20_000, end: 32_000 } as const;
const ATTEMPTS = 100;

/**
 * A TCP port of the loopback address that nobody listens on. It is this process's for as long as it lives, whether or not anything
 * listens on it: suites run side by side, and kill and restart what they started.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(RANGE.first, RANGE.end);
    if (reserve(port) && (await isFree(port))) return port;
  }
  throw new Error(`No free port between ${RANGE.first} and ${RANGE.end} in ${ATTEMPTS} attempts`);
}

/** A file for each port that is given out, with its holder's process id; whose process is gone, another one may take. */
function reserve(port: number): boolean {
  const file = path.join(reservations(), String(port));
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch {
    if (!isAlive(holderOf(file))) rmSync(file, { force: true });
    return false;
  }
  given.push(file);
  return true;
}

const given: string[] = [];
process.once('exit', () => {
  for (const file of given) rmSync(file, { force: true });
});

/** 0 for a file that is being written or removed just now: this process's group, which is alive. */
function holderOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

function reservations(): string {
  const folder = path.join(tmpdir(), `vouchsafe-ports-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Another user's process may not be signalled; it is alive all the same. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Whether somebody takes connections on a port of this machine. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
