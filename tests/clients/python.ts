import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { access, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../system/root.ts';
import { run } from './run.ts';

/** A client that a generator made. */
export interface Generated {
  /** What the generator said: nothing, where it took all of the document. */
  readonly said: string;
  readonly operations: readonly { readonly name: string; readonly method: string; readonly path: string }[];
  /** Runs the program that uses the client against a running system. */
  run(env: Readonly<Record<string, string>>): Promise<string>;
}

const packages = ['openapi-python-client==0.29.1', 'openapi-spec-validator==0.9.0'];

/** Why there can be no Python client here; undefined where there can. */
export function pythonMissing(): string | undefined {
  const asked = spawnSync('python3', [
    '-c',
    'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))',
  ]);
  return asked.status === 0 ? undefined : 'there is no Python 3.10 with venv on this machine';
}

/** Both packages in a folder of their own, installed once. @returns the folder of its programs */
export async function pythonTools(): Promise<string> {
  const folder = path.join(
    root,
    'node_modules/.cache/vouchsafe',
    `python-${packages.join('-').replaceAll('=', '')}`,
  );
  const there = await access(path.join(folder, 'complete')).then(
    () => true,
    () => false,
  );
  if (!there) {
    // A folder that was left half made is no venv.
    await rm(folder, { recursive: true, force: true });
    await mkdir(path.dirname(folder), { recursive: true });
    await run('python3', ['-m', 'venv', folder], { cwd: root });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
    await run(path.join(folder, 'bin/python'), pip, { cwd: root });
    await writeFile(path.join(folder, 'complete'), '');
  }
  return path.join(folder, 'bin');
}

/** Its generator knows no ZIP: told, as its own manual says, that it is bytes. */
const config = 'content_type_overrides:\n  application/zip: application/octet-stream\n';

/** Generates a client by openapi-python-client. */
export async function pythonClient(document: string, folder: string): Promise<Generated> {
  const bin = await pythonTools();
  const env = { PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}` };
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'config.yml'), config);
  const options = ['--meta', 'none', '--config', 'config.yml', '--output-path', 'vouchsafe_client'];
  const said = await run(
    path.join(bin, 'openapi-python-client'),
    ['generate', '--path', document, ...options],
    {
      cwd: folder,
      env,
    },
  );
  await copyFile(path.join(import.meta.dirname, 'programs/program.py'), path.join(folder, 'program.py'));
  const files = globSync('vouchsafe_client/api/*/*.py', { cwd: folder }).filter(
    (file) => !file.endsWith('__init__.py'),
  );
  return {
    said: said.replace(/^Generating .*$/m, '').trim(),
    operations: await Promise.all(files.map((file) => operationIn(path.join(folder, file)))),
    run: (more) => run(path.join(bin, 'python'), ['program.py'], { cwd: folder, env: more }),
  };
}

async function operationIn(file: string) {
  const source = await readFile(file, 'utf8');
  const method = /"method": "(\w+)"/.exec(source)?.[1] ?? '';
  const url = /"url": "([^"]+)"/.exec(source)?.[1] ?? '';
  return { name: path.basename(file, '.py'), method: method.toUpperCase(), path: url };
}
