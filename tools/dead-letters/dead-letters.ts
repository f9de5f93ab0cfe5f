import { spawn } from 'node:child_process';
import path from 'node:path';
import { isServiceName, type ServiceName, serviceNames } from '../../libs/contracts/src/services.ts';
import { requireData, withDatabase } from '../data/data-database.ts';
import { build } from '../start/build.ts';
import { Refusal } from '../start/refusal.ts';

const root = path.resolve(import.meta.dirname, '../..');

const usage = `npm run dead-letters -- list|replay|discard [--service ${serviceNames.join('|')}] [--data data] ...

Facts that a service could not handle wait as dead letters, with all that came after them of the same organization.

  --service  whose they are   (audit's where it is not said)
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
  requireData(folder);
  return inEnvironment(folder, service, (env) => run(service, rest, env));
}

/** What is ours; everything else goes on to the service's program. */
function split(args: readonly string[]) {
  const rest = [...args];
  const taken = (name: string): string | undefined => {
    const at = rest.indexOf(name);
    return at < 0 ? undefined : rest.splice(at, 2)[1];
  };
  const asked = taken('--service') ?? 'audit';
  if (!isServiceName(asked)) throw new Refusal(`--service takes ${serviceNames.join(', ')}.`);
  return { service: asked, data: taken('--data') ?? process.env.VOUCHSAFE_DATA ?? 'data', rest };
}

/** The service's own environment, on the database of a running system or of a stopped one. */
async function inEnvironment(
  folder: string,
  service: ServiceName,
  work: (env: NodeJS.ProcessEnv) => Promise<number>,
): Promise<number> {
  // The packages can be imported once they are built.
  const { environmentOf, portsBy } = await import('../start/services.ts');
  const { inherited } = await import('../start/service-process.ts');
  return withDatabase(folder, async ({ port: postgresPort, secrets }) =>
    work({
      ...environmentOf(service, {
        ...{ secrets, postgresPort, mailFolder: path.join(folder, 'mail') },
        // Nobody is asked for anything: the numbers only have to be ports.
        ...{ ports: await portsBy(() => 1), internalPort: 1 },
        filesFolder: path.join(folder, 'files'),
        tombstonesFolder: path.join(folder, 'tombstones'),
      }),
      ...inherited(process.env),
    }),
  );
}

/** The service's built `dead-letters.js` does the work, with its own handlers and keys. */
async function run(service: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const program = path.join(root, 'services', service, 'dist/dead-letters.js');
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
