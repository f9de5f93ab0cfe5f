import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from '../system/root.ts';
import type { Generated } from './python.ts';
import { run } from './run.ts';

const require = createRequire(import.meta.url);
const program = path.join(import.meta.dirname, 'programs/program.ts');

/** What a careful user of the client would compile with; nothing of the client's own is let off. */
const compilerOptions = {
  target: 'es2024',
  lib: ['es2024', 'dom', 'dom.iterable'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  skipLibCheck: true,
  outDir: 'dist',
};

/** Generates a client by @hey-api/openapi-ts, and compiles it with the program that uses it. */
export async function typescriptClient(document: string, folder: string): Promise<Generated> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  const node = process.execPath;
  const generator = path.join(
    path.dirname(require.resolve('@hey-api/openapi-ts/package.json')),
    'bin/run.js',
  );
  const plugins = ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'];
  const said = await run(
    node,
    [generator, '-i', document, '-o', 'client', '--no-log-file', '-p', ...plugins],
    {
      cwd: folder,
    },
  );
  await copyFile(program, path.join(folder, 'program.ts'));
  await run(node, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: folder });
  const source = await readFile(path.join(folder, 'client/sdk.gen.ts'), 'utf8');
  return {
    said,
    operations: source
      .split(/^export const /m)
      .slice(1)
      .map(operationIn),
    run: (env) => run(node, ['dist/program.js'], { cwd: folder, env }),
  };
}

function operationIn(source: string): Generated['operations'][number] {
  const [, name = '', method = '', url = ''] =
    /^(\w+) = .*? client\)\.(\w+)<.*?\burl: '([^']+)'/s.exec(source) ?? [];
  return { name, method: method.toUpperCase(), path: url };
}
