import { execFileSync, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const script = resolve(import.meta.dirname, '../single-file.mjs');

/** Makes the program that is given out, in a folder. @returns its file, and what was said of it */
export function singleFile(folder: string): { readonly file: string; readonly said: string } {
  const file = join(folder, 'vouchsafe-verify.mjs');
  const said = execFileSync(process.execPath, [script, file], { encoding: 'utf8' });
  return { file, said };
}

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs the program as somebody who has nothing but it would; `shell`: a command line of sh, in which `"$@"` runs it. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: {
    readonly input?: Buffer;
    readonly preload?: string;
    readonly shell?: string;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Ran {
  const preload =
    options.preload === undefined ? [] : ['--import', `data:text/javascript,${options.preload}`];
  const command = [process.execPath, ...preload, file, ...args];
  const [program = '', ...rest] =
    options.shell === undefined ? command : ['sh', '-c', options.shell, 'sh', ...command];
  const env = { ...process.env, ...options.env };
  const { status, stdout, stderr } = spawnSync(program, rest, {
    encoding: 'utf8',
    input: options.input,
    env,
  });
  return { code: status, out: stdout, err: stderr };
}
