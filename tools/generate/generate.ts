import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { isServiceName } from '../../libs/contracts/src/services.ts';
import { type Given, Refusal, runCommand, UsageError } from '../../libs/service-host/src/command-line.ts';
import type { NewFile } from './names.ts';
import { nextOfService, serviceFiles } from './service.ts';
import { changesFor } from './service-changes.ts';
import { nextSteps, sliceFiles } from './slice.ts';

const root = path.resolve(import.meta.dirname, '../..');
const usage = `Usage: npm run generate -- slice <service> <noun>      for example: npm run generate -- slice identity badge
       npm run generate -- service <name>              for example: npm run generate -- service ledger

Writes the files of a new slice, or of a whole service. It refuses where the slice or the service exists.`;
const options = {} as const;

async function main({ positionals: args }: Given<typeof options>): Promise<void> {
  const [what, first, second] = args;
  if (what === 'slice' && first !== undefined && second !== undefined && args.length === 3)
    return slice(first, second);
  if (what === 'service' && first !== undefined && args.length === 2) return service(first);
  throw new UsageError('Give a slice with its service, or a service.');
}

/** Writes the files of a new slice; changes no existing file. */
async function slice(service: string, noun: string): Promise<void> {
  if (!isServiceName(service)) throw new UsageError(`There is no service ${JSON.stringify(service)}.`);
  if (!/^[a-z]+(-[a-z]+)*$/.test(noun))
    throw new UsageError(`A noun must be written like api-key, not ${JSON.stringify(noun)}.`);
  const source = `services/${service}/src`;
  requireNew(`${source}/${noun}`);
  await write(sliceFiles(noun).map((file) => ({ ...file, path: `${source}/${file.path}` })));
  console.log(`\n${nextSteps(service, noun)}`);
}

/** Names of what a system has besides its services: databases, processes, the first words of our own names. */
const taken = ['bus', 'postgres', 'kafka', 'vouchsafe', 'api'];

/** Writes a new service and adds it to the list of services, from which everything else follows; makes its golden files. */
async function service(name: string): Promise<void> {
  if (!/^[a-z]{2,20}$/.test(name) || taken.includes(name))
    throw new UsageError(
      `The name of a service must be one word of lower-case letters, not ${JSON.stringify(name)}.`,
    );
  if (isServiceName(name)) throw new Refusal(`The service ${name} already exists; nothing was written.`);
  for (const folder of [`services/${name}`, `libs/contracts/src/${name}`]) requireNew(folder);
  await write(serviceFiles(name));
  for (const { path: file, change } of changesFor(name)) {
    const text = change(await readFile(path.join(root, file), 'utf8'));
    await write([{ path: file, text }]);
  }
  await symlink(`../../services/${name}`, path.join(root, 'node_modules/@vouchsafe', name));
  for (const script of ['golden/golden.ts', 'docs/docs.ts']) {
    const { status } = spawnSync(process.execPath, [path.join(root, 'tools', script)], {
      cwd: root,
      stdio: 'inherit',
    });
    if (status !== 0)
      throw new Refusal(`tools/${script} failed (its output is above); all files are written.`);
  }
  console.log(`\n${nextOfService(name)}`);
}

function requireNew(folder: string): void {
  if (existsSync(path.join(root, folder)))
    throw new Refusal(`${folder} already exists; nothing was written.`);
}

async function write(files: readonly NewFile[]): Promise<void> {
  for (const file of files) {
    const target = path.join(root, file.path);
    await mkdir(path.dirname(target), { recursive: true });
    const options = { ...(await resolveConfig(target)), filepath: target };
    const text = file.path.endsWith('package-lock.json') ? file.text : await format(file.text, options);
    // In its place at once: the old one may have another name, in a working copy whose node_modules are hard links to these.
    await writeFile(`${target}.new`, text);
    await rename(`${target}.new`, target);
    // What npm keeps for itself is not committed.
    if (!file.path.startsWith('node_modules/')) console.log(`wrote ${file.path}`);
  }
}

await runCommand({ usage, options, takesPositionals: true }, main);
