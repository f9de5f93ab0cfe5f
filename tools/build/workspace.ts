import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Refusal } from '../../libs/service-host/src/command-line.ts';
import { makeServiceFiles } from './service-file.ts';

/**
 * Builds every package that changed; what it says is shown only when it fails. Nothing is touched where nothing changed: a cached build
 * writes its output anew, which a service that starts at that moment would miss.
 */
export async function build(root: string): Promise<void> {
  const stamp = path.join(root, 'node_modules/.cache/vouchsafe/built');
  const packages = globSync('{libs,services}/*/package.json', { cwd: root });
  const sources = await stateOf(root);
  const isBuilt = packages.every((file) => existsSync(path.join(root, path.dirname(file), 'dist')));
  if (isBuilt && (await readFile(stamp, 'utf8').catch(() => '')) === sources) return;
  await runNx(root);
  await makeServiceFiles(root);
  await mkdir(path.dirname(stamp), { recursive: true });
  // A new file in the old one's place: node_modules may be hard links to another working copy's, whose stamp this is not.
  await writeFile(`${stamp}.${process.pid}`, sources);
  await rename(`${stamp}.${process.pid}`, stamp);
}

/** Path, size and time of everything that a build reads. */
async function stateOf(root: string): Promise<string> {
  const inputs = [
    ...['.swcrc', 'package-lock.json', '{libs,services}/*/package.json', '{libs,services}/*/src/**'],
    ...['libs/*/*.mjs', 'tools/build/*.ts'],
  ];
  const files = globSync(inputs, { cwd: root }).sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = await stat(path.join(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

async function runNx(root: string): Promise<void> {
  const child = spawn(
    process.execPath,
    [path.join(root, 'node_modules/nx/dist/bin/nx.js'), 'run-many', '-t', 'build'],
    {
      cwd: root,
      env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0)
    throw new Refusal(`${output.trim()}\n\nThe build failed (its output is above). Nothing was started.`);
}
