import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from '../start/build.ts';
import { openDataFolder } from '../start/data-folder.ts';
import { Refusal } from '../start/refusal.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Services that consume facts: their built `parked.js` does the work, with the service's own handlers and keys. */
const consumers = ['audit', 'identity', 'gateway'] as const;

const usage = `npm run parked -- list|replay|discard [--service audit|identity|gateway] [--data data] ...

Facts that a service could not handle wait, parked, with all that came after them of the same organization.

  --service  whose they are
  --data     data folder of a system on this machine, running or stopped   (or VOUCHSAFE_DATA)
Where VOUCHSAFE_DATABASE_URL is set, the environment says where the service's database is, as it does to the service itself.
`;

async function main(): Promise<number> {
  const { service, data, rest } = split(process.argv.slice(2));
  if (rest.length === 0 || rest.includes('--help')) {
    console.log(usage);
    return run(service, [], process.env);
  }
  await build(root);
  if (process.env.VOUCHSAFE_DATABASE_URL) return run(service, rest, process.env);
  const folder = path.resolve(root, data);
  if (!existsSync(path.join(folder, 'secrets')))
    throw new Refusal(`${folder} holds no data of Vouchsafe: say where it is with --data.`);
  return withDatabase(folder, service, async (env) => run(service, rest, env));
}

/** What is ours; everything else goes on to the service's program. */
function split(args: readonly string[]) {
  const rest = [...args];
  const taken = (name: string): string | undefined => {
    const at = rest.indexOf(name);
    return at < 0 ? undefined : rest.splice(at, 2)[1];
  };
  const asked = taken('--service') ?? 'audit';
  const service = consumers.find((name) => name === asked);
  if (!service) throw new Refusal(`--service takes ${consumers.join(', ')}.`);
  return { service, data: taken('--data') ?? process.env.VOUCHSAFE_DATA ?? 'data', rest };
}

/** Uses the database of a running system, or starts that of a stopped one for as long as the work takes. */
async function withDatabase(
  folder: string,
  service: (typeof consumers)[number],
  work: (env: NodeJS.ProcessEnv) => Promise<number>,
): Promise<number> {
  // The rooms can be imported once they are built.
  const { openSecrets } = await import('../start/secrets.ts');
  const { environmentOf } = await import('../start/services.ts');
  const { inherited } = await import('../start/service-process.ts');
  const secrets = await openSecrets(path.join(folder, 'secrets'));
  const environment = (postgresPort: number): NodeJS.ProcessEnv => ({
    ...environmentOf(service, {
      ...{ secrets, postgresPort, mailFolder: path.join(folder, 'mail') },
      // Nobody is asked for anything: the numbers only have to be ports.
      ...{ ports: { gateway: 8080, identity: 1, audit: 1 }, internalPort: 1 },
      filesFolder: path.join(folder, 'files'),
      tombstonesFolder: path.join(folder, 'tombstones'),
    }),
    ...inherited(process.env),
  });
  const running = await runningPort(folder);
  if (running !== undefined) return work(environment(running));
  const { startPostgres } = await import('../start/postgres.ts');
  const { freePort } = await import('@vouchsafe/testing');
  const opened = await openDataFolder(folder, () => undefined);
  const port = await freePort();
  const postgres = await startPostgres(opened, secrets.postgres, port, () => undefined);
  opened.record('postgres', postgres.pid);
  try {
    return await work(environment(port));
  } finally {
    await postgres.stop();
    opened.release();
  }
}

/** Where the database of the folder's running system listens: line 4 of postmaster.pid (Postgres manual, 66.1). */
async function runningPort(folder: string): Promise<number | undefined> {
  const { placeOf } = await import('../start/postgres.ts');
  const lines = await readFile(path.join(placeOf(folder), 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid, , , port] = lines.split('\n').map(Number);
  return pid && port && isAlive(pid) ? port : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function run(service: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const program = path.join(root, 'services', service, 'dist/parked.js');
  const child = spawn(process.execPath, [program, ...args], { env, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Refusal ? `\n${error.message}\n` : error);
  process.exitCode = 1;
}
