import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@vouchsafe/testing';

const root = path.resolve(import.meta.dirname, '../..');

interface Run {
  readonly child: ChildProcess;
  /** All that it has said so far. */
  readonly said: () => string;
  /** Resolves once it has said this; fails when it ends without. */
  readonly says: (text: string) => Promise<void>;
  readonly exit: Promise<number | null>;
}

interface Recorded {
  readonly supervisor: { readonly pid: number };
  readonly processes: Readonly<Record<string, { readonly pid: number }>>;
}

// Each start takes some seconds, on a machine that is doing much else at once.
jest.setTimeout(240_000);

describe('npm start', () => {
  const running: Run[] = [];
  const folders: string[] = [];
  afterEach(async () => {
    for (const { child, exit } of running.splice(0)) {
      child.kill('SIGTERM');
      await exit;
    }
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  async function folder(): Promise<string> {
    const made = await mkdtemp(path.join(tmpdir(), 'vouchsafe-start-'));
    folders.push(made);
    return path.join(made, 'data');
  }

  function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
    const child = spawn(process.execPath, ['tools/bootstrap.mjs', 'start', ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        child.emit('said');
      });
    }
    const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
    const says = (text: string) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (output.includes(text)) resolve();
        };
        child.on('said', look);
        void exit.then(() => reject(new Error(`It ended without saying "${text}", but: ${output}`)));
        look();
      });
    const run = { child, said: () => output, says, exit };
    running.push(run);
    return run;
  }

  async function refused(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
    code = 1,
  ): Promise<string> {
    const run = start(args, env);
    expect(await run.exit).toBe(code);
    expect(run.said()).not.toContain('    at ');
    return run.said();
  }

  it('serves, keeps its folder to itself, stops on SIGTERM with nothing left behind, and goes on with its data', async () => {
    const data = await folder();
    const port = String(await freePort());
    const first = start(['--port', port, '--data', data]);
    await first.says('Vouchsafe is ready');
    expect(first.said()).toContain(`http://127.0.0.1:${port}/docs`);
    expect(first.said()).toContain(`npm run tour -- --url http://127.0.0.1:${port} --data ${data}\n`);
    // The very address that it prints is an origin of its own; a stranger's is not.
    const asked = (origin: string) =>
      fetch(`http://127.0.0.1:${port}/v1/sessions`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    for (const origin of [`http://127.0.0.1:${port}`, `http://localhost:${port}`])
      expect((await asked(origin)).headers.get('access-control-allow-origin')).toBe(origin);
    expect((await asked('http://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    expect((await fetch(`http://127.0.0.1:${port}/openapi.json`)).status).toBe(200);
    const { supervisor, processes: parts } = await recorded(data);
    const processes = Object.values(parts).map(({ pid }) => pid);
    // Postgres and the services.
    expect(processes).toHaveLength(1 + serviceNames.length);
    expect(await refused(['--port', String(await freePort()), '--data', data])).toContain(
      `already runs on ${data}, as process ${supervisor.pid}`,
    );
    expect([supervisor.pid, ...processes].every(lives)).toBe(true);
    first.child.kill('SIGTERM');
    expect(await first.exit).toBe(0);
    expect(processes.filter(lives)).toEqual([]);

    const organization = await readFile(path.join(data, 'secrets/operator-organization-id'), 'utf8');
    const second = start(['--port', port, '--data', data]);
    await second.says('Vouchsafe is ready');
    expect(second.said()).not.toContain('killed');
    expect(await readFile(path.join(data, 'secrets/operator-organization-id'), 'utf8')).toBe(organization);
  });

  it('ends what a killed run left behind, and goes on; says which service died, and stops the others', async () => {
    const data = await folder();
    const args = ['--port', String(await freePort()), '--data', data];
    const first = start(args);
    await first.says('Vouchsafe is ready');
    const { supervisor, processes } = await recorded(data);
    process.kill(supervisor.pid, 'SIGKILL');
    await first.exit;
    expect(Object.values(processes).every(({ pid }) => lives(pid))).toBe(true);
    const second = start(args);
    await second.says('Vouchsafe is ready');
    expect(second.said()).toContain(
      'The last run was killed; stopping the processes that it left behind: postgres',
    );
    expect(Object.values(processes).filter(({ pid }) => lives(pid))).toEqual([]);

    const now = (await recorded(data)).processes;
    process.kill(now.audit?.pid ?? 0, 'SIGKILL');
    expect(await second.exit).toBe(1);
    expect(second.said()).toContain('The audit service ended (killed by SIGKILL). The end of its log');
    expect(Object.values(now).filter(({ pid }) => lives(pid))).toEqual([]);
  });

  it('names a wrong setting before anything serves', async () => {
    const said = await refused(['--port', String(await freePort()), '--data', await folder()], {
      VOUCHSAFE_LOG_LEVEL: 'loud',
    });
    expect(said).toContain('VOUCHSAFE_LOG_LEVEL');
  });

  it('refuses a port that is taken, and says how to choose another', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const said = await refused(['--port', String(port), '--data', await folder()]);
    server.close();
    expect(said).toContain(`Port ${port} is taken by another program`);
    expect(said).toContain('npm start -- --port');
  });

  it('refuses a folder that cannot be written', async () => {
    const data = await folder();
    await writeFile(data, 'a file, where a folder was meant');
    expect(await refused(['--data', data])).toContain(`The data folder ${data} cannot be written`);
  });

  it('refuses the data of another version, and changes nothing', async () => {
    const data = await folder();
    await mkdir(data);
    await writeFile(path.join(data, 'VERSION'), '7\n');
    expect(await refused(['--port', String(await freePort()), '--data', data])).toContain('of layout 7');
    expect(await readFile(path.join(data, 'VERSION'), 'utf8')).toBe('7\n');
  });

  it('refuses the database of another Postgres', async () => {
    const data = await folder();
    await mkdir(path.join(data, 'postgres'), { recursive: true });
    await writeFile(path.join(data, 'postgres/PG_VERSION'), '15\n');
    expect(await refused(['--port', String(await freePort()), '--data', data])).toContain(
      'written by Postgres 15',
    );
  });

  it.each([
    [['--port', 'eighty'], '--port takes a whole number from 1 to 65535'],
    [['--port', '70000'], '--port takes a whole number from 1 to 65535'],
    [['--prot', '80'], "Unknown option '--prot'"],
  ])('refuses %j', async (args, words) => {
    const said = await refused(args, {}, 64);
    expect(said).toContain(words);
    expect(said).toContain('Usage: npm start');
  });
});

async function recorded(data: string): Promise<Recorded> {
  return JSON.parse(await readFile(path.join(data, 'run.json'), 'utf8')) as Recorded;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
