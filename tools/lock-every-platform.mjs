/**
 * Completes package-lock.json with the optional packages of every platform. `npm install` writes only those that its registry
 * could show; `npm ci` then refuses the lock on a registry that knows more or fewer. `npm run lock` after each install
 * of a new package keeps one lock that is good everywhere; without `--write` it only says what is missing.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Refusal, runCommand } from '../libs/service-host/src/command-line.ts';

const systems = {
  darwin: 'darwin',
  win32: 'win32',
  windows: 'win32',
  freebsd: 'freebsd',
  android: 'android',
  linux: 'linux',
  openharmony: 'openharmony',
  aix: 'aix',
  sunos: 'sunos',
  netbsd: 'netbsd',
  openbsd: 'openbsd',
};
const processors = [
  'arm64',
  'x64',
  'ia32',
  'arm',
  'ppc64',
  's390x',
  'riscv64',
  'loong64',
  'mips64el',
  'wasm32',
];

/** @returns the entries that the lock lacks, by their place in it */
export function missingEntries(lock) {
  const missing = {};
  for (const [place, entry] of Object.entries(lock.packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      if (found(lock.packages, place, name)) continue;
      missing[`node_modules/${name}`] = {
        version: range.replace(/^[\^~]/, ''),
        ...platform(name),
        ...(entry.dev && { dev: true }),
        optional: true,
      };
    }
  }
  return missing;
}

/** As Node resolves: in the package's own node_modules, then in each one above. */
function found(packages, place, name) {
  for (let from = place; ; from = from.slice(0, from.lastIndexOf('/node_modules/'))) {
    if (packages[`${from === '' ? '' : `${from}/`}node_modules/${name}`]) return true;
    if (!from.includes('/node_modules/')) return packages[`node_modules/${name}`] !== undefined;
  }
}

/** Read from names such as `@swc/core-linux-arm-gnueabihf`: what has no entry could not be asked. */
function platform(name) {
  const words = name.split(/[-/.]/);
  const os = words.map((word) => systems[word]).find(Boolean);
  const cpu = words
    .map((word) => (word === 'armv7' || word === 'armhf' ? 'arm' : word))
    .find((word) => processors.includes(word));
  if (!os && !cpu) return {};
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined;
  return {
    ...(cpu && { cpu: [cpu] }),
    ...(os && { os: [os] }),
    ...(libc && os === 'linux' && { libc: [libc] }),
  };
}

const usage = `Usage: npm run lock
       node tools/lock-every-platform.mjs [--write]

Adds the optional packages of every platform to package-lock.json.

  --write  writes the file (npm run lock does); without it, a missing package is an error`;

function main({ values: { write } }) {
  const file = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingEntries(lock);
  const names = Object.keys(missing);
  if (names.length === 0) {
    console.log('package-lock.json names the optional packages of every platform.');
  } else if (write) {
    const packages = Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) =>
      a.localeCompare(b, 'en'),
    );
    writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`);
    console.log(`Added to package-lock.json: ${names.join(', ')}`);
  } else {
    throw new Refusal(
      `package-lock.json lacks optional packages (npm run lock adds them): ${names.join(', ')}`,
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await runCommand({ usage, options: { write: { type: 'boolean' } } }, main);
