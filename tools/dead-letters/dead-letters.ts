import { spawn } from 'node:child_process';
import path from 'node:path';
import { isServiceName, type ServiceName, serviceNames } from '../../libs/contracts/src/services.ts';
import { requireData, withDatabase } from '../data/data-database.ts';
import { requireMigrated } from '../data/schema.ts';
import { build } from '../build/workspace.ts';
import { type Given, runCommand, UsageError } from '../../libs/service-host/src/command-line.ts';
import { options as settling, usageOf, verbOf } from '../../libs/service-host/src/dead-letters/arguments.ts';

const root = path.resolve(import.meta.dirname, '../..');

const usage = usageOf('npm run dead-letters --', {
  options: ' [--service NAME] [--data data]',
  explained: `
  --service       the service that has them: ${serviceNames.join(', ')}   (default: audit)
  --data          data folder of a system on this machine, running or stopped   (or VOUCHSAFE_DATA)

If VOUCHSAFE_DATABASE_URL is set, the service's variables are taken from the environment, and --data is not used.`,
});
const options = {
  ...settling,
  service: { type: 'string', default: 'audit' },
  data: { type: 'string' },
} as const;

async function main({ values, positionals }: Given<typeof options>): Promise<number> {
  const { service, data = process.env.VOUCHSAFE_DATA ?? 'data', ...rest } = values;
  if (!isServiceName(service)) throw new UsageError(`--service must be one of ${serviceNames.join(', ')}.`);
  const verb = verbOf(positionals);
  if (!verb) throw new UsageError('Give one of list, replay, discard.');
  const args = [verb, ...Object.entries(rest).map(([name, value]) => `--${name}=${value}`)];
  await build(root);
  if (process.env.VOUCHSAFE_DATABASE_URL) return run(service, args, process.env);
  const folder = path.resolve(root, data);
  requireData(folder);
  return inEnvironment(folder, service, (env) => run(service, args, env));
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
  return withDatabase(folder, async (database) => {
    await requireMigrated(root, database, [service]);
    const { port: postgresPort, secrets } = database;
    return work({
      ...environmentOf(service, {
        ...{ secrets, postgresPort, mailFolder: path.join(folder, 'mail') },
        // No service is called: the numbers only have to be valid ports.
        ...{ ports: await portsBy(() => 1), internalPort: 1 },
        filesFolder: path.join(folder, 'files'),
        tombstonesFolder: path.join(folder, 'tombstones'),
      }),
      ...inherited(process.env),
    });
  });
}

/** The service's built `dead-letters.js` does the work, with the service's own reactions and keys. */
async function run(service: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const program = path.join(root, 'services', service, 'dist/bundle/dead-letters.js');
  const child = spawn(process.execPath, [program, ...args], { env, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

await runCommand({ usage, options, takesPositionals: true }, main);
