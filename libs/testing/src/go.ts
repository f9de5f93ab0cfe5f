import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

const CACHE = path.join(import.meta.dirname, '../../../node_modules/.cache/vouchsafe');

let found: boolean | undefined;

/** Whether other people's Go programs can be built here. */
export function hasGo(): boolean {
  found ??= answers();
  return found;
}

/** Behind the title of a suite that is skipped, with the reason; empty where there is Go. */
export function withoutGo(): string {
  return hasGo() ? '' : ' (skipped: there is no `go` on this machine)';
}

/**
 * A program of the Go module proxy, built once, into a cache.
 * @param program its package with the version: `github.com/stripe/stripe-mock@v0.203.0`
 * @returns the file to run
 */
export function goProgram(program: string): string {
  const [name = '', version = ''] = program.split('@');
  const folder = path.join(CACHE, `go-${path.basename(name)}-${version}`);
  if (!existsSync(folder)) {
    mkdirSync(CACHE, { recursive: true });
    const made = mkdtempSync(`${folder}.`);
    execFileSync('go', ['install', program], { env: { ...process.env, GOBIN: made }, stdio: 'pipe' });
    try {
      renameSync(made, folder);
    } catch (error) {
      // Another suite was quicker.
      rmSync(made, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  return path.join(folder, path.basename(name));
}

/** The files of a Go module, as its version has them. @returns their folder */
export function goModule(module: string): string {
  const said = execFileSync('go', ['mod', 'download', '-json', module], {
    // Not as part of a module that a folder above may have.
    cwd: path.parse(CACHE).root,
    encoding: 'utf8',
  });
  return (JSON.parse(said) as { readonly Dir: string }).Dir;
}

function answers(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
