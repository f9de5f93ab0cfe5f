import { afterEach, expect, it } from '@jest/globals';
import { link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from './workspace.ts';

/** In the place of nx: makes what `build` looks for, and notes each run. */
const nx = `
  const fs = require('node:fs');
  fs.mkdirSync('libs/lib/dist', { recursive: true });
  fs.appendFileSync('runs', 'built ');
`;

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function workingCopy(): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'vouchsafe-build-'));
  folders.push(root);
  await mkdir(path.join(root, 'libs/lib/src'), { recursive: true });
  await mkdir(path.join(root, 'node_modules/nx/dist/bin'), { recursive: true });
  await writeFile(path.join(root, 'libs/lib/package.json'), '{}');
  await writeFile(path.join(root, 'libs/lib/src/index.ts'), '');
  await writeFile(path.join(root, 'node_modules/nx/dist/bin/nx.js'), nx);
  return root;
}

const runsIn = (root: string) => readFile(path.join(root, 'runs'), 'utf8');
const change = (root: string, text: string) => writeFile(path.join(root, 'libs/lib/src/index.ts'), text);

it('touches nothing where nothing changed, and builds what did', async () => {
  const root = await workingCopy();
  await build(root);
  await build(root);
  expect(await runsIn(root)).toBe('built ');
  await change(root, 'export {};');
  await build(root);
  expect(await runsIn(root)).toBe('built built ');
});

it('is not told by the build of another working copy whose node_modules are hard links to these', async () => {
  const [root, other] = [await workingCopy(), await workingCopy()];
  await build(root);
  const stamp = 'node_modules/.cache/vouchsafe/built';
  await mkdir(path.dirname(path.join(other, stamp)), { recursive: true });
  await link(path.join(root, stamp), path.join(other, stamp));
  await change(other, 'export const other = true;');
  await build(other);
  await build(root);
  expect([await runsIn(root), await runsIn(other)]).toEqual(['built ', 'built ']);
});
