/**
 * The way in from a fresh clone: `npm start`, `npm test`, and the commands below. Runs on whatever Node the machine has (20 and
 * later), so plain built-ins only. It installs the packages where they are missing or stale, and hands over
 * to the Node 24 that came with them.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const oldestNode = 20;
const handedOverTo = 24;
const commands = {
  start: ['tools/start/start.ts'],
  test: ['tools/test/test.ts'],
  'test:containers': ['tools/test/containers.ts'],
  'test:service': ['tools/test/service.ts'],
  tour: ['tools/tour/tour.ts'],
  bench: ['benchmarks/bench.ts'],
  'dead-letters': ['tools/dead-letters/dead-letters.ts'],
  'test:long': ['tests/faults/long.ts'],
  'test:stripe': ['tests/stripe/given.ts'],
  keys: ['tools/keys/keys.ts'],
  backup: ['tools/backup/backup.ts'],
  restore: ['tools/backup/restore.ts'],
  fixture: ['tools/fixture/fixture.ts'],
  verifier: ['libs/verify/single-file.mjs'],
};

/** What a person can put right; printed without a stack. */
class Refusal extends Error {}

/** EX_USAGE of sysexits.h, as in libs/service-host/src/command-line.ts, which an older Node cannot load. */
const wrongUsage = 64;
const usage = `Usage: node tools/bootstrap.mjs ${Object.keys(commands).join('|')} [OPTIONS]

Installs missing packages, and runs one of the commands of package.json. Each has a --help of its own.`;

async function main(root, [command, ...rest]) {
  if (command === '--help' || command === '-h') {
    console.log(usage);
    return;
  }
  const script = Object.hasOwn(commands, command ?? '') ? commands[command] : undefined;
  if (!script) {
    const complaint =
      command === undefined ? 'Give a command.' : `There is no command "${printable(command)}".`;
    console.error(`\n${complaint}\n\n${usage}\n`);
    process.exitCode = wrongUsage;
    return;
  }
  const complaint = nodeComplaint(process.versions.node);
  if (complaint) throw new Refusal(complaint);
  if (!existsSync(path.join(root, script[0]))) {
    throw new Refusal(
      `${script[0]} is missing from this clone: fetch it again (git status shows what changed).`,
    );
  }
  const why = staleness(root);
  if (why) await install(root, why);
  const node = path.join(root, 'node_modules', '.bin', 'node');
  checkNode(node);
  await handOver(root, node, [...script, ...rest]);
}

/** As libs/service-host/src/command-line.ts has it: what a terminal obeys is written out. */
function printable(text) {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** @returns what is wrong with this version of Node, in words that say what to do; undefined when nothing is */
export function nodeComplaint(version) {
  if (Number.parseInt(version, 10) >= oldestNode) return undefined;
  return (
    `Vouchsafe's set-up needs Node ${oldestNode} or newer; this is Node ${version}.\n` +
    `Install a current Node (https://nodejs.org/en/download) and run the same command again.`
  );
}

/**
 * Why the packages must be installed; undefined when node_modules is what package-lock.json asks for. npm keeps its own record
 * of what it put there (node_modules/.package-lock.json, written last), so a half-done install and a `git pull` that moved
 * the lock are both seen, and a developer's own `npm install` is not undone. The record also names the packages in a workspace's own
 * node_modules, which can be deleted without it: each package's folder must be there, too.
 */
export function staleness(root) {
  const record = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return 'the packages are not installed yet';
  const wanted = readPackages(path.join(root, 'package-lock.json'));
  const present = readPackages(record);
  for (const [where, entry] of Object.entries(wanted)) {
    if (!where.startsWith('node_modules/') && !where.includes('/node_modules/')) continue;
    // A package of this workspace that the clone does not have cannot be linked, however often npm is asked.
    if (entry.link && !existsSync(path.join(root, entry.resolved))) continue;
    const found = present[where];
    // Packages for other machines' processors are in the lock and rightly absent here.
    if (!found && (entry.optional || entry.devOptional || entry.peer)) continue;
    if (!found || found.version !== entry.version || found.integrity !== entry.integrity) {
      return `${where.replace(/^.*node_modules\//, '')} is not the version that package-lock.json names`;
    }
    if (!existsSync(path.join(root, where)) && hasWorkspaceOf(root, where)) return `${where} is missing`;
  }
  return undefined;
}

/** Whether the clone has the workspace in which a package is nested (`benchmarks/node_modules/...`). */
function hasWorkspaceOf(root, where) {
  return existsSync(path.join(root, where.slice(0, where.indexOf('node_modules/'))));
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch (error) {
    if (file.includes('node_modules')) return {};
    throw new Refusal(
      `package-lock.json cannot be read (${error.message}): restore it with git checkout package-lock.json`,
    );
  }
}

async function install(root, why) {
  console.log(`Installing packages (npm ci), because ${why}. This takes a minute or two.`);
  const [program, ...before] = npm();
  // NODE_ENV=production would leave out Node 24 itself and the build.
  const args = [...before, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'pipe'] });
    let output = '';
    child.stderr.on('data', (chunk) => {
      output += chunk;
      process.stderr.write(chunk);
    });
    child.on('error', (error) => resolve({ code: 1, output: String(error.code ?? error.message) }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
  if (code !== 0) throw new Refusal(installComplaint(output));
}

/** npm run by npm names its own script; otherwise the one on the PATH. */
function npm() {
  const script = process.env.npm_execpath;
  if (script && /npm-cli\.c?js$/.test(script) && existsSync(script)) return [process.execPath, script];
  return ['npm'];
}

/** @returns what to do about a failed `npm ci`, from what it said */
export function installComplaint(output) {
  if (/\bnpm\b.*not found|^ENOENT$/.test(output)) {
    return 'npm was not found on the PATH. It comes with Node (https://nodejs.org/en/download): install it, then run the same command again.';
  }
  const network =
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/.exec(
      output,
    );
  if (network) {
    return (
      `The packages could not be downloaded: no package registry answered (${network[1]}).\n` +
      `Check the network, the proxy settings and \`npm config get registry\`, then run the same command again.`
    );
  }
  if (/\bENOSPC\b/.test(output))
    return 'The disk is full: node_modules needs 1 GB. Free some space, then run the same command again.';
  if (/\b(EACCES|EPERM|EROFS)\b/.test(output)) {
    return 'npm may not write node_modules here: check who owns this folder, then run the same command again.';
  }
  return 'npm ci failed (its output is above). Nothing was started.';
}

/** npm's `ignore-scripts` leaves Node 24 out: its package fetches the program in an install script. */
function checkNode(node) {
  const { stdout, error } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (!error && stdout.startsWith(`v${handedOverTo}.`)) return;
  throw new Refusal(
    `Node ${handedOverTo} did not arrive with the packages (node_modules/.bin/node ${error ? 'does not run' : `is ${stdout.trim()}`}).\n` +
      `Install scripts may be switched off: \`npm config get ignore-scripts\` must say false. Then: rm -rf node_modules, and run the same command again.`,
  );
}

async function handOver(root, node, args) {
  const bin = path.dirname(node);
  const child = spawn(node, args, {
    cwd: root,
    stdio: 'inherit',
    env: {
      // Compiled code is kept: each service loads a third faster from its second start on.
      NODE_COMPILE_CACHE: path.join(root, 'node_modules', '.cache', 'node-compile'),
      ...process.env,
      PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}`,
    },
  });
  // A terminal's Ctrl-C reaches the child by itself; what is sent to this process alone is passed on.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (...outcome) => resolve(outcome));
  });
  process.exitCode = signal ? 128 + constants.signals[signal] : code;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
  main(root, process.argv.slice(2)).catch((error) => {
    console.error(error instanceof Refusal ? `\n${error.message}\n` : error);
    process.exitCode = 1;
  });
}
