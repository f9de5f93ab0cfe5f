import { globSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pythonEnvironment } from '@vouchsafe/testing';
import { run } from './run.ts';

/** A client that a generator made. */
export interface Generated {
  /** What the generator said: nothing, where it took all of the document. */
  readonly said: string;
  readonly operations: readonly { readonly name: string; readonly method: string; readonly path: string }[];
  /** Runs the program that uses the client against a running system. */
  run(env: Readonly<Record<string, string>>): Promise<string>;
}

/** Both programs and all that they need. @returns the Python that has them as modules */
export function pythonTools(): string {
  return pythonEnvironment('clients', path.join(import.meta.dirname, 'requirements.txt'));
}

/** Its generator knows no ZIP: told, as its own manual says, that it is bytes. */
const config = 'content_type_overrides:\n  application/zip: application/octet-stream\n';

/** Generates a client by openapi-python-client. */
export async function pythonClient(document: string, folder: string): Promise<Generated> {
  const python = pythonTools();
  // The generator has its code formatted by ruff, which it looks for there.
  const env = { PATH: `${path.dirname(python)}${path.delimiter}${process.env.PATH ?? ''}` };
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'config.yml'), config);
  const options = ['--meta', 'none', '--config', 'config.yml', '--output-path', 'vouchsafe_client'];
  const said = await run(
    python,
    ['-m', 'openapi_python_client', 'generate', '--path', document, ...options],
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
    run: (more) => run(python, ['program.py'], { cwd: folder, env: more }),
  };
}

async function operationIn(file: string) {
  const source = await readFile(file, 'utf8');
  const method = /"method": "(\w+)"/.exec(source)?.[1] ?? '';
  const url = /"url": "([^"]+)"/.exec(source)?.[1] ?? '';
  return { name: path.basename(file, '.py'), method: method.toUpperCase(), path: url };
}
