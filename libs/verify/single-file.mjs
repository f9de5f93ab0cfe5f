// Makes the verifier that is given out: one file, which needs Node.js and nothing else.
//
//     node libs/verify/single-file.mjs [OUT]      writes OUT, or libs/verify/dist/vouchsafe-verify.mjs
//     node libs/verify/single-file.mjs --record   also writes its SHA-256 into libs/verify/SHA256SUMS
//
// The same sources give the same bytes on every machine: the bundler is pinned, names no path outside the repository, and
// is asked for plain JavaScript that people can read. So whoever has the file can make it again and compare.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const root = path.resolve(here, '../..');
const name = 'vouchsafe-verify.mjs';
const isRecord = process.argv.includes('--record');
const out = path.resolve(
  process.argv.slice(2).find((word) => word !== '--record') ?? path.join(here, 'dist', name),
);
const { version } = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8'));

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['libs/verify/src/cli.ts'],
  bundle: true,
  write: false,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  charset: 'utf8',
  conditions: ['source'],
  // Not the sources' own: what they say is for the type checker.
  tsconfigRaw: {},
  banner: {
    js: `#!/usr/bin/env node
// vouchsafe-verify ${version}: checks a forensic bundle, offline. Apache-2.0.
// Made from libs/verify of the Vouchsafe repository by single-file.mjs.`,
  },
});
const bytes = outputFiles[0].contents;
mkdirSync(path.dirname(out), { recursive: true });
writeFileSync(out, bytes);
chmodSync(out, 0o755);
const sum = `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`;
if (isRecord) writeFileSync(path.join(here, 'SHA256SUMS'), sum);
process.stdout.write(`${out}\nSHA-256 ${sum}`);
