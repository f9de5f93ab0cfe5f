import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

const CACHE = path.join(import.meta.dirname, '../../../node_modules/.cache/vouchsafe');

let found: string | null | undefined;

/** The Python that other people's readers, schemas and generators run on; undefined where there is none. */
export function python(): string | undefined {
  if (found === undefined) found = ['python3', 'python'].find(isEnough) ?? null;
  return found ?? undefined;
}

/** Behind the title of a suite that is skipped, with the reason; empty where there is a Python. */
export function withoutPython(): string {
  return python() === undefined
    ? ' (skipped: there is no Python 3.11 with venv and pip on this machine)'
    : '';
}

function isEnough(name: string): boolean {
  try {
    const hasAll = 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11)';
    execFileSync(name, ['-c', hasAll], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * A virtual environment with just what a requirements file names, each package by its hashes. Installed once, into a cache, under the
 * hash of the file.
 * @returns its Python; run programs as modules (`-m`), for a script's first line names the folder in which it was installed
 */
export function pythonEnvironment(name: string, requirements: string): string {
  const base = python();
  if (base === undefined) throw new Error('There is no Python here');
  const key = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);
  const folder = path.join(CACHE, `${name}-${key}`);
  const inside = path.join(process.platform === 'win32' ? 'Scripts' : 'bin', 'python');
  if (!existsSync(folder)) {
    const made = `${folder}.${process.pid}`;
    mkdirSync(CACHE, { recursive: true });
    execFileSync(base, ['-m', 'venv', made]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes'];
    execFileSync(path.join(made, inside), [...pip, '-r', requirements]);
    try {
      renameSync(made, folder);
    } catch (error) {
      // Another suite was quicker.
      rmSync(made, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  return path.join(folder, inside);
}
