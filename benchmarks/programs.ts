import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** Programs of the machine that peers are made of, and where they come from. */
const programs = {
  psql: ['--version', 'Debian: apt install postgresql-client'],
  pgbench: ['--version', 'Debian: apt install postgresql-contrib'],
  gzip: ['--version', 'Debian: apt install gzip'],
  go: ['version', 'https://go.dev/dl/'],
} as const;
export type Program = keyof typeof programs;

/** Says which of the programs is not there, and where it comes from; undefined when all are. */
export function missingProgram(wanted: readonly Program[]): string | undefined {
  const missing = wanted.find(
    (name) => spawnSync(name, [programs[name][0]], { stdio: 'ignore' }).status !== 0,
  );
  return missing && `${missing} is missing on this machine (${programs[missing][1]})`;
}

/** Runs a program to its end. Rejects with its own words where it fails. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, said] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${program} failed (${code ?? 'killed'}): ${said.trim() || out.trim()}`);
  return out;
}

/** Starts a program of this folder that listens, and prints its URL first. */
export async function startPeer(
  program: string,
  argument: string,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const args = [path.join(import.meta.dirname, program), argument];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: String(url).trim(), stop: () => Promise.resolve(void child.kill()) };
}
