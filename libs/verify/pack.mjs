// Makes the package that is published: `node pack.mjs OUT` writes OUT/vouchsafe-verify-<version>.tgz.
//
// The verifier shares its code with the service that writes bundles, but must not make its users fetch anything else:
// so the two libraries travel inside, as bundled dependencies. They are put together in a folder of their own, as npm
// does not bundle what a workspace only links to; the package.json here is private so that nobody publishes it as is.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const here = import.meta.dirname;
const root = resolve(here, '../..');
const inside = ['forensic-bundle', 'transparency-log'];
const out = resolve(process.argv[2] ?? 'dist');
const stage = mkdtempSync(join(tmpdir(), 'vouchsafe-verify-'));

try {
  const types = join(stage, 'types');
  run('tsc', ['-p', join(here, 'tsconfig.build.json'), '--outDir', types]);
  const target = join(stage, 'package');
  assemble('verify', target, types);
  for (const lib of inside) assemble(lib, join(target, 'node_modules/@vouchsafe', lib), types);
  const own = manifestOf('verify');
  const dependencies = Object.fromEntries(
    inside.map((lib) => [`@vouchsafe/${lib}`, manifestOf(lib).version]),
  );
  const bundleDependencies = Object.keys(dependencies);
  writeJson(join(target, 'package.json'), { ...published(own), dependencies, bundleDependencies });
  cpSync(join(here, 'bin'), join(target, 'bin'), { recursive: true });
  cpSync(join(here, 'README.md'), join(target, 'README.md'));
  const licence = join(root, 'LICENSE');
  if (existsSync(licence)) cpSync(licence, join(target, 'LICENSE'));
  mkdirSync(out, { recursive: true });
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', out], target));
  console.log(join(out, packed.filename));
} finally {
  rmSync(stage, { recursive: true });
}

/** A library as users get it: built JavaScript and its types; no sources, no tests. */
function assemble(lib, target, types) {
  const dist = join(target, 'dist');
  const sources = join(root, 'libs', lib, 'src');
  const ignore = '**/*.spec.ts,**/*.fixture.ts';
  const config = join(root, '.swcrc');
  const options = [
    '-d',
    dist,
    '--strip-leading-paths',
    '--config-file',
    config,
    '--quiet',
    '--ignore',
    ignore,
  ];
  run('swc', ['src', ...options, '--source-maps', 'false'], resolve(sources, '..'));
  cpSync(join(types, lib, 'src'), dist, { recursive: true });
  writeJson(join(target, 'package.json'), published(manifestOf(lib)));
}

/** Without what only the workspace needs. */
function published(manifest) {
  const users = { ...manifest, exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } } };
  delete users.private;
  delete users.scripts;
  return users;
}

function manifestOf(lib) {
  return JSON.parse(readFileSync(join(root, 'libs', lib, 'package.json'), 'utf8'));
}

function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

function run(command, args, cwd = root) {
  const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` };
  return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
