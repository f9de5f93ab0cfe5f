// Makes the verifier that is given out: one file, which needs Node.js and nothing else.
//
// The same sources give the same bytes on every machine: the bundler is pinned, names no path outside the repository, and
// is asked for plain JavaScript that people can read. So whoever has the file can make it again and compare.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = import.meta.dirname;
const root = path.resolve(here, '../..');
const name = 'vouchsafe-verify.mjs';
const usage = `Usage: npm run verifier [-- [OUT] [--record]]

Writes the verifier as one file: OUT, or libs/verify/dist/${name}.

  --record  also writes its SHA-256 into libs/verify/SHA256SUMS`;
const { help, record, out } = read();
if (help) {
  console.log(usage);
  process.exit(0);
}
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
if (record) writeFileSync(path.join(here, 'SHA256SUMS'), sum);
process.stdout.write(`${out}\nSHA-256 ${sum}`);

/** The same rules as libs/service-host/src/command-line.ts has; this program runs on any Node that the verifier runs on. */
function read() {
  try {
    const { values, positionals } = parseArgs({
      options: { record: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (positionals.length > 1) throw new Error('Give one file to write.');
    return { ...values, out: path.resolve(positionals[0] ?? path.join(here, 'dist', name)) };
  } catch (error) {
    console.error(`\n${printable(error.message)}\n\n${usage}\n`);
    process.exit(64);
  }
}

/** As libs/service-host/src/command-line.ts has it: what a terminal obeys is written out. */
function printable(text) {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
